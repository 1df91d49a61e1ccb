"""The audit: one FHIR AuditEvent an evaluation, with hashes and ids, never with clinical values."""
