"""A record nobody here wrote goes through: third-party generators, a third-party FHIR server.

``python -m tools.interop`` prints the report; tests/interop runs a smaller one. Nothing here talks
to an address other than 127.0.0.1.
"""
