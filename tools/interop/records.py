"""Patients from third-party generators (PyPI: clinosim, carebundle, sekmet-fhir).

The same seed and day give the same clinical content; ids made by sekmet-fhir are random.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

Resource = dict[str, Any]

# What an EHR would show this service; notes, claims, specimens and the like are never asked for.
CLINICAL_TYPES = frozenset(
    {
        "AdverseEvent",
        "AllergyIntolerance",
        "CarePlan",
        "Condition",
        "DiagnosticReport",
        "Encounter",
        "Immunization",
        "Medication",
        "MedicationAdministration",
        "MedicationDispense",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "Patient",
        "Procedure",
    }
)
GENERATOR_SECONDS = 240
_DAY = re.compile(r"^(\d{4}-\d{2}-\d{2})(T.*)?$")
_SEX = ("F", "M")


@dataclass(frozen=True)
class SourceRecord:
    """One patient of one generator: every resource has an id, references read ``Type/id``."""

    source: str
    patient_id: str
    resources: tuple[Resource, ...] = field(repr=False)

    @property
    def patient(self) -> Resource:
        """The Patient resource."""
        return next(r for r in self.resources if r["resourceType"] == "Patient")

    def age(self, on: date) -> float:
        """Years of age on that day."""
        return (on - date.fromisoformat(self.patient["birthDate"])).days / 365.25


def clinosim(
    folder: Path, *, country: str, population: int, seed: int, end: date
) -> list[SourceRecord]:
    """Patients of clinosim's simulated hospital (``country`` US or JP) up to the day ``end``.

    The generator writes below ``folder``. Not every person of ``population`` becomes a patient.
    Raises subprocess.CalledProcessError or TimeoutExpired.
    """
    out = folder / f"clinosim-{country}"
    command = [sys.executable, "-m", "clinosim.simulator.cli", "simulate", "--country", country]
    command += ["--population", str(population), "--seed", str(seed), "--output", str(out)]
    command += ["--end", end.isoformat(), "--format", "fhir-r4"]
    # Japan without the separate JP-CLINS terminology package: the generator's older codes.
    command += ["--allow-legacy"] if country == "JP" else []
    _run(command, folder)
    by_patient: dict[str, list[Resource]] = {}
    for path in sorted((out / "fhir_r4").glob("*.ndjson")):
        if path.stem not in CLINICAL_TYPES:
            continue
        for line in path.read_text("utf-8").splitlines():
            resource = json.loads(line)
            owner = _patient_of(resource)
            if owner is not None:
                by_patient.setdefault(owner, []).append(resource)
    records = [
        SourceRecord(f"clinosim {country}", patient_id, tuple(resources))
        for patient_id, resources in sorted(by_patient.items())
        if any(r["resourceType"] == "Patient" for r in resources)
    ]
    # The same ids come back in every country, whatever the seed.
    return records if country == "US" else [_with_prefix(r, country.lower()) for r in records]


def carebundle(*, count: int, seed: int, reference: date) -> list[SourceRecord]:
    """``count`` patients of carebundle: three in four one visit, the others a course of visits."""
    import carebundle as generator  # development only, and numpy is slow to import

    histories = count // 4
    bundles = generator.generate_cohort(
        count=count - histories, seed=seed, reference_date=reference, age_range=(25, 85)
    )
    bundles += [
        generator.generate_history(
            seed=seed + 1 + n,
            index=n,
            sex=_SEX[n % 2],
            # The reference date is the first visit; the last one falls before ``reference``.
            reference_date=reference - timedelta(days=300),
        )
        for n in range(histories)
    ]
    return [_from_bundle("carebundle", json.loads(generator.to_json(b))) for b in bundles]


def sekmet(folder: Path, *, count: int, seed: int, as_of: date) -> list[SourceRecord]:
    """``count`` patients of sekmet-fhir's hospital workflows and its laboratory simulator.

    They run in a process of their own, on the machine's clock; the dates are then moved by whole
    days so that the day they were made is ``as_of``.
    """
    out = folder / "sekmet.json"
    script = [sys.executable, "-m", "tools.interop.sekmet_hospital"]
    _run([*script, str(out), str(count), str(seed)], folder)
    document = json.loads(out.read_text("utf-8"))
    shift = as_of - date.fromisoformat(document["made"])
    return [
        _from_bundle("sekmet-fhir", moved(bundle, shift) if shift else bundle)
        for bundle in document["patients"]
    ]


def moved(value: Any, shift: timedelta) -> Any:
    """``value`` with every date and time in it moved by ``shift``, birth dates excepted."""
    if isinstance(value, dict):
        return {k: v if k == "birthDate" else moved(v, shift) for k, v in value.items()}
    if isinstance(value, list):
        return [moved(item, shift) for item in value]
    if isinstance(value, str) and (found := _DAY.match(value)):
        return f"{date.fromisoformat(found[1]) + shift}{found[2] or ''}"
    return value


def _run(command: Sequence[str], folder: Path) -> None:
    log = folder / "generators.log"
    with log.open("ab") as out:
        subprocess.run(
            command,
            check=True,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=GENERATOR_SECONDS,
            cwd=Path(__file__).parents[2],
        )


def _from_bundle(source: str, bundle: Mapping[str, Any]) -> SourceRecord:
    """The clinical resources of a bundle; urn:uuid identities become ids of resources."""
    entries = [e for e in bundle["entry"] if e["resource"]["resourceType"] in CLINICAL_TYPES]
    names = {
        entry["fullUrl"]: f"{entry['resource']['resourceType']}/{_id_of(entry)}"
        for entry in bundle["entry"]
    }
    resources = tuple(
        {**_renamed(entry["resource"], names), "id": _id_of(entry)} for entry in entries
    )
    patient = next(r for r in resources if r["resourceType"] == "Patient")
    return SourceRecord(source, patient["id"], resources)


def _with_prefix(record: SourceRecord, prefix: str) -> SourceRecord:
    """The record with another id for the patient and for every resource of the patient."""
    ids = {f"{r['resourceType']}/{r['id']}" for r in record.resources}
    names = {name: name.replace("/", f"/{prefix}-", 1) for name in ids}
    resources = tuple(
        {**_renamed(resource, names), "id": f"{prefix}-{resource['id']}"}
        for resource in record.resources
    )
    return SourceRecord(record.source, f"{prefix}-{record.patient_id}", resources)


def _id_of(entry: Mapping[str, Any]) -> str:
    return str(entry["resource"].get("id") or entry["fullUrl"].removeprefix("urn:uuid:"))


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            k: names.get(v, v) if k == "reference" and isinstance(v, str) else _renamed(v, names)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return value


def _patient_of(resource: Mapping[str, Any]) -> str | None:
    if resource["resourceType"] == "Patient":
        return str(resource["id"])
    for member in ("subject", "patient"):
        reference = resource.get(member, {}).get("reference", "")
        if reference.startswith("Patient/"):
            return str(reference.removeprefix("Patient/"))
    return None


def batches(resources: Sequence[Resource], size: int = 200) -> Iterator[Resource]:
    """FHIR transaction Bundles that store ``resources`` under the ids they have."""
    for start in range(0, len(resources), size):
        yield {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {
                    "resource": resource,
                    "request": {
                        "method": "PUT",
                        "url": f"{resource['resourceType']}/{resource['id']}",
                    },
                }
                for resource in resources[start : start + size]
            ],
        }
