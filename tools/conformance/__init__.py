"""Measures the engine against the public CQL conformance expressions (`make conformance`)."""
