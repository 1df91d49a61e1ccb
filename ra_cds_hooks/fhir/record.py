"""One patient's record: resources, what could not be read, and what was not obtained.

The record is the engine's Retriever. It is built once per request from whatever arrived, in any
order; the same resources always give the same record.

Sources: clinical-spec.md 8.16 (incomplete data), cds-hooks.md [Prefetch] (another patient's
resource is refused), FHIR R4 Resource.meta (versionId, lastUpdated).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from ra_cds_hooks.errors import InvalidBundle
from ra_cds_hooks.fhir.drafts import NO_DRAFTS, Drafts
from ra_cds_hooks.fhir.duplicates import without_duplicates
from ra_cds_hooks.fhir.local_codes import LocalCodes
from ra_cds_hooks.fhir.medications import NO_DRUG, lacks_drug, with_medication
from ra_cds_hooks.fhir.references import ID, References, base_of, reference_of
from ra_cds_hooks.fhir.validate import ElementChecks, Resource, has_subject

# So many issues of one kind are told one by one; the rest as a count (a 10,000-resource record
# of another patient must not become a 10,000-line answer).
ISSUES_PER_CODE = 20


@dataclass(frozen=True, order=True)
class DataIssue:
    """Something that could not be used as sent. ``detail`` says where and what, never the value."""

    code: str
    reference: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Entry:
    """One resource as it arrived, with the fullUrl of its Bundle entry ("" when it has none).

    ``answer`` names the answer it came in, where several make the record.
    """

    resource: Any
    full_url: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Reading:
    """How to read records: what the rules read, and the site's codes. One per process."""

    checks: ElementChecks
    codes: LocalCodes = field(default_factory=LocalCodes)


class PatientRecord:
    """One patient's resources by type, in a fixed order; implements the engine's Retriever.

    ``incomplete`` names the resource types that were not obtained completely: absence there
    proves nothing. ``data_issues`` are sorted and carry no value from the record. ``drafts`` names
    the resources that are draft orders. ``sources`` are the resources as they arrived, with
    references made relative: what the audit names and hashes.
    """

    def __init__(
        self,
        patient_id: str,
        resources: Mapping[str, Sequence[Resource]],
        incomplete: frozenset[str],
        data_issues: tuple[DataIssue, ...],
        drafts: Drafts = NO_DRAFTS,
        sources: tuple[Resource, ...] = (),
    ) -> None:
        self.sources = sources
        self.patient_id = patient_id
        self.incomplete = incomplete
        self.data_issues = data_issues
        self.drafts = drafts
        self._resources = resources

    def retrieve(self, resource_type: str) -> Sequence[Mapping[str, Any]]:
        """All resources of the type, as raw FHIR JSON, ordered by id."""
        return self._resources.get(resource_type, ())

    def holds(self, reference: str) -> bool:
        """Whether the resource of that reference (``Type/id``) is in the record."""
        kind, _, id_ = reference.partition("/")
        return any(resource["id"] == id_ for resource in self.retrieve(kind))

    @property
    def patient(self) -> Mapping[str, Any]:
        """The Patient resource, {} when the record has none."""
        found = self.retrieve("Patient")
        return found[0] if found else {}

    @classmethod
    def read(
        cls,
        patient_id: str,
        entries: Iterable[Entry],
        reading: Reading,
        *,
        incomplete: Collection[str] = (),
        issues: Iterable[DataIssue] = (),
        bases: Iterable[str] = (),
        drafts: Drafts = NO_DRAFTS,
    ) -> PatientRecord:
        """The record of ``patient_id`` from ``entries``.

        ``bases`` are base URLs under which absolute references mean this record; ``incomplete``
        and ``issues`` are what is already known to be missing or wrong. Nothing in ``entries``
        raises: whatever cannot be used becomes a data issue.
        """
        found = list(issues)
        missing = set(incomplete)
        named = [
            (resource, entry.full_url, entry.answer)
            for entry in entries
            if (resource := _identified(entry, found)) is not None
        ]
        full_urls: dict[str, str] = {}
        for resource, url, _ in named:
            if url:  # two things under one fullUrl: whichever comes first by name, in any order
                full_urls[url] = min(_reference(resource), full_urls.get(url, "~"))
        own = [base_of(url) for resource, url, _ in named if _is_patient(resource, patient_id)]
        references = References(full_urls, [*bases, *own])
        several = len({r["id"] for r, _, _ in named if r["resourceType"] == "Patient"}) > 1
        mine: list[Resource] = []
        answers: dict[tuple[str, str], bool] = {}
        for resource, url, answer in named:
            belongs = _belongs(resource, url, patient_id, several, references, full_urls, found)
            if belongs:
                mine.append(references.normalised(resource))
            of_this = (resource["resourceType"], answer)
            answers[of_this] = answers.get(of_this, False) or belongs
        # An answer in which nothing is this patient's tells nothing of this patient.
        missing.update(kind for (kind, _), has in answers.items() if not has and kind != "Patient")
        kept, aliases = without_duplicates(mine)
        found.extend(DataIssue("CONFLICTING_VERSIONS", ref) for ref in aliases.conflicting)
        medications = {_reference(r): r for r in kept if r["resourceType"] == "Medication"}
        by_type: dict[str, list[Resource]] = {}
        for resource in kept:
            whole, problem = with_medication(resource, medications, aliases.kept)
            if problem is not None:
                found.append(DataIssue("MEDICATION_NOT_FOUND", _reference(resource), problem))
                if problem.startswith("no text"):
                    missing.add(resource["resourceType"])
            elif lacks_drug(resource) and _reference(resource) not in drafts.references:
                found.append(DataIssue("MEDICATION_NOT_FOUND", _reference(resource), NO_DRUG))
                missing.add(resource["resourceType"])
            checked = reading.checks.check(reading.codes.apply(whole))
            found.extend(
                DataIssue(
                    "INVALID_ELEMENT" if checked.resource is not None else "INVALID_RESOURCE",
                    _reference(resource),
                    f"{path} is not {wanted}",
                )
                for path, wanted in checked.faults
            )
            if checked.resource is None or checked.says_not_what_it_is:
                missing.add(resource["resourceType"])
            if checked.resource is not None:
                by_type.setdefault(resource["resourceType"], []).append(checked.resource)
        for resources in by_type.values():
            resources.sort(key=lambda r: r["id"])
        return cls(patient_id, by_type, frozenset(missing), _told(found), drafts, tuple(kept))

    @classmethod
    def read_bundle(
        cls,
        bundle: Any,
        reading: Reading,
        *,
        patient_id: str | None = None,
        incomplete: Collection[str] = (),
    ) -> PatientRecord:
        """The record in a plain Bundle, taken to be complete but for ``incomplete`` types.

        Raises InvalidBundle when it is no Bundle, holds no Patient, or holds several and
        ``patient_id`` does not choose one.
        """
        entries = entries_of(bundle)
        patients = sorted(
            {
                resource["id"]
                for entry in entries
                if (resource := _identified(entry, [])) is not None
                and resource["resourceType"] == "Patient"
            }
        )
        if patient_id is None:
            if len(patients) > 1:
                raise InvalidBundle(
                    f"the Bundle holds {len(patients)} patients: name one (--patient ID)"
                )
            if not patients:
                raise InvalidBundle("the Bundle holds no Patient resource: add it")
            patient_id = patients[0]
        elif patient_id not in patients:
            raise InvalidBundle("the Bundle does not hold the Patient that was named")
        return cls.read(patient_id, entries, reading, incomplete=incomplete)


def entries_of(bundle: Any) -> list[Entry]:
    """The entries of a Bundle of any type. Raises InvalidBundle when it is not a Bundle."""
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise InvalidBundle('the document is not a FHIR Bundle ("resourceType": "Bundle")')
    listed = bundle.get("entry")
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise InvalidBundle("Bundle.entry is not a list", field="Bundle.entry")
    return [_entry(item) for item in listed]


def _entry(item: Any) -> Entry:
    if not isinstance(item, dict):
        return Entry(item)
    full_url = item.get("fullUrl")
    return Entry(item.get("resource"), full_url if isinstance(full_url, str) else "")


def _reference(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _is_patient(resource: Resource, patient_id: str) -> bool:
    return bool(resource["resourceType"] == "Patient" and resource["id"] == patient_id)


def _identified(entry: Entry, found: list[DataIssue]) -> Resource | None:
    """The resource with a usable type and id; what has no type is an issue and left out."""
    resource = entry.resource
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str) or not kind.isascii() or not kind.isalpha():
        found.append(DataIssue("NOT_A_RESOURCE", "", "an entry holds no FHIR resource"))
        return None
    if kind == "OperationOutcome":
        return None  # search.mode=outcome: about the search, not about the patient
    id_ = resource.get("id")
    if isinstance(id_, str) and ID.fullmatch(id_):
        return resource  # type: ignore[no-any-return]
    last = entry.full_url.replace(":", "/").rpartition("/")[2]
    return {**resource, "id": last if ID.fullmatch(last) else _fingerprint(resource)}


def _fingerprint(resource: Resource) -> str:
    """An id for a resource without one: the same content always gets the same."""
    text = orjson.dumps(resource, option=orjson.OPT_SORT_KEYS)
    return f"no-id-{hashlib.sha256(text).hexdigest()[:16]}"


def _belongs(
    resource: Resource,
    full_url: str,
    patient_id: str,
    several: bool,
    references: References,
    full_urls: Mapping[str, str],
    found: list[DataIssue],
) -> bool:
    """Whether the resource is about this patient; a refusal is a data issue."""
    kind = resource["resourceType"]
    if kind == "Patient":
        if resource["id"] == patient_id:
            return True
        found.append(DataIssue("OTHER_PATIENT", _reference(resource), "another patient, not used"))
        return False
    subject = reference_of(resource.get("subject")) or reference_of(resource.get("patient"))
    if subject is None:
        if not has_subject(kind):
            return True
        # Found by a search for this patient, so most likely theirs; never when two are present.
        detail = "does not say whose it is; not used" if several else "does not say whose it is"
        found.append(DataIssue("SUBJECT_MISSING", _reference(resource), detail))
        return not several
    wanted = f"Patient/{patient_id}"
    if references.normal(subject) == wanted:
        return True
    base = base_of(full_url)
    if base and References(full_urls, [base]).normal(subject) == wanted:
        return True
    found.append(DataIssue("OTHER_PATIENT", _reference(resource), "about somebody else, not used"))
    return False


def _told(found: Iterable[DataIssue]) -> tuple[DataIssue, ...]:
    """Issues once each, in a fixed order, each kind cut to ISSUES_PER_CODE with a count."""
    by_code: dict[str, list[DataIssue]] = {}
    for issue in sorted(set(found)):
        by_code.setdefault(issue.code, []).append(issue)
    told: list[DataIssue] = []
    for code, issues in by_code.items():
        told.extend(issues[:ISSUES_PER_CODE])
        if len(issues) > ISSUES_PER_CODE:
            told.append(DataIssue(code, "", f"and {len(issues) - ISSUES_PER_CODE} more"))
    return tuple(told)
