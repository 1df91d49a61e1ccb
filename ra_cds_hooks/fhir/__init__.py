"""FHIR R4 at the edge: one patient's record, type checks, local codes, and the read-only client."""

from ra_cds_hooks.fhir.local_codes import LocalCodes
from ra_cds_hooks.fhir.record import DataIssue, Entry, PatientRecord, Reading, entries_of
from ra_cds_hooks.fhir.validate import ElementChecks

__all__ = [
    "DataIssue",
    "ElementChecks",
    "Entry",
    "LocalCodes",
    "PatientRecord",
    "Reading",
    "entries_of",
]
