"""Small FHIR records for truth tables of the CQL libraries, and their evaluation.

    record = bundle(condition(SNOMED("69896004")), observation("tjc28", 4))
    evaluate(record, ["RAData.TJC28 Results"])["RAData.TJC28 Results"]

Values come back as plain JSON: dates as ISO strings, decimals as float, tuples as dict, resources
as "Type/id".
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from ra_cds_hooks import cql_engine_lite as engine
from tests.content import committed_content
from tests.cql.codings import (
    ATC,
    DRUGS,
    ICD10,
    INTERPRETATION,
    LOCAL,
    LOINC,
    OBSERVATIONS,
    RXNORM,
    SNOMED,
    Coding,
)

__all__ = [
    "AS_OF", "ATC", "DRUGS", "ICD10", "INTERPRETATION", "LOCAL", "LOINC", "OBSERVATIONS", "PATIENT",
    "ROOT", "RXNORM", "SNOMED", "Coding", "Json", "administration", "bundle", "component",
    "concept", "condition", "dispense", "evaluate", "medication", "observation", "patient",
    "plain", "program", "quantity", "request", "resource", "results", "statement", "terminology",
]  # fmt: skip

ROOT = Path(__file__).resolve().parents[2]
AS_OF = "2026-11-23"
PATIENT = "p"

Json = dict[str, Any]
_numbers = itertools.count(1)


def _id(given: str | None, kind: str) -> str:
    return given or f"{kind}-{next(_numbers)}"


def concept(*codings: Coding, text: str | None = None) -> Json:
    """A CodeableConcept of these codings and this text."""
    made: Json = {}
    if codings:
        made["coding"] = [{"system": system, "code": code} for system, code in codings]
    if text is not None:
        made["text"] = text
    return made


def quantity(value: float, unit: str | None = None, comparator: str | None = None) -> Json:
    """A Quantity; a unit is given as UCUM code and as text."""
    made: Json = {"value": value}
    if unit is not None:
        made |= {"unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    if comparator is not None:
        made["comparator"] = comparator
    return made


def _coded(what: str | Coding | Json | None, names: Mapping[str, Coding]) -> Json:
    """A name of the table, a local code, a coding, or a ready CodeableConcept."""
    if what is None:
        return {}
    if isinstance(what, dict):
        return what
    if isinstance(what, tuple):
        return concept(what)
    return concept(names.get(what, LOCAL(what)))


def _value(value: Any, unit: str | None, comparator: str | None, text: bool) -> Json:
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, tuple):
        return {"valueCodeableConcept": concept(value)}
    if isinstance(value, dict):
        return {"valueCodeableConcept": value}
    if isinstance(value, str):
        return {"valueCodeableConcept": {"text": value}} if text else {"valueString": value}
    return {"valueQuantity": quantity(value, unit, comparator)}


def observation(
    code: str | Coding | Json,
    value: Any = None,
    unit: str | None = None,
    date: str | None = "2026-11-20",
    *,
    id: str | None = None,
    status: str = "final",
    comparator: str | None = None,
    interpretation: str | Coding | None = None,
    components: Sequence[Json] = (),
    upper: float | None = None,
    text: bool = False,
    **elements: Any,
) -> Json:
    """An Observation. Numbers become valueQuantity, strings valueString (a CodeableConcept with
    text only when `text`), bool valueBoolean, codings and dicts valueCodeableConcept. `upper` is
    referenceRange.high in the unit of the value. Further FHIR elements by keyword."""
    made: Json = {
        "resourceType": "Observation",
        "id": _id(id, "obs"),
        "status": status,
        "code": _coded(code, OBSERVATIONS),
        "subject": {"reference": f"Patient/{PATIENT}"},
        **_value(value, unit, comparator, text),
    }
    if date is not None:
        made["effectiveDateTime"] = date
    if interpretation is not None:
        coding = (
            INTERPRETATION(interpretation) if isinstance(interpretation, str) else interpretation
        )
        made["interpretation"] = [concept(coding)]
    if components:
        made["component"] = list(components)
    if upper is not None:
        made["referenceRange"] = [{"high": quantity(upper, unit)}]
    return made | elements


def component(code: str | Coding, value: Any, unit: str | None = None) -> Json:
    """One item of a panel."""
    return {"code": _coded(code, OBSERVATIONS), **_value(value, unit, None, False)}


def condition(
    code: str | Coding | Json,
    onset: str | None = "2020-01-15",
    *,
    id: str | None = None,
    clinical: str | None = "active",
    verification: str | None = "confirmed",
    **elements: Any,
) -> Json:
    """A Condition; `code` as for observation(), a dict for text only."""
    made: Json = {
        "resourceType": "Condition",
        "id": _id(id, "cond"),
        "code": _coded(code, {}),
        "subject": {"reference": f"Patient/{PATIENT}"},
    }
    if onset is not None:
        made["onsetDateTime"] = onset
    if clinical is not None:
        system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
        made["clinicalStatus"] = concept((system, clinical))
    if verification is not None:
        system = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
        made["verificationStatus"] = concept((system, verification))
    return made | elements


def _medication(drug: str | Coding | Json) -> Json:
    """The name of a drug, a coding, a CodeableConcept, or a Reference."""
    if isinstance(drug, dict) and ("reference" in drug or "display" in drug):
        return {"medicationReference": drug}
    return {"medicationCodeableConcept": _coded(drug, DRUGS)}


def statement(
    drug: str | Coding | Json,
    start: str | None = None,
    end: str | None = None,
    *,
    id: str | None = None,
    status: str = "active",
    reason: str | Json | None = None,
    **elements: Any,
) -> Json:
    """A MedicationStatement over start..end; `reason` is a local code of why it was stopped."""
    made: Json = {
        "resourceType": "MedicationStatement",
        "id": _id(id, "stmt"),
        "status": status,
        "subject": {"reference": f"Patient/{PATIENT}"},
        **_medication(drug),
    }
    period = {k: v for k, v in (("start", start), ("end", end)) if v is not None}
    if period:
        made["effectivePeriod"] = period
    if reason is not None:
        made["statusReason"] = [_coded(reason, {})]
    return made | elements


def request(
    drug: str | Coding | Json,
    authored: str | None = None,
    *,
    id: str | None = None,
    status: str = "active",
    intent: str = "order",
    reason: str | Json | None = None,
    **elements: Any,
) -> Json:
    """A MedicationRequest."""
    made: Json = {
        "resourceType": "MedicationRequest",
        "id": _id(id, "req"),
        "status": status,
        "intent": intent,
        "subject": {"reference": f"Patient/{PATIENT}"},
        **_medication(drug),
    }
    if authored is not None:
        made["authoredOn"] = authored
    if reason is not None:
        made["statusReason"] = _coded(reason, {})
    return made | elements


def dispense(
    drug: str | Coding | Json,
    date: str | None,
    days: float | None = 28,
    *,
    id: str | None = None,
    status: str = "completed",
    unit: str | None = "d",
    **elements: Any,
) -> Json:
    """A MedicationDispense handed over on `date`, lasting `days`."""
    made: Json = {
        "resourceType": "MedicationDispense",
        "id": _id(id, "disp"),
        "status": status,
        "subject": {"reference": f"Patient/{PATIENT}"},
        **_medication(drug),
    }
    if date is not None:
        made["whenHandedOver"] = date
    if days is not None:
        made["daysSupply"] = quantity(days, unit)
    return made | elements


def administration(
    drug: str | Coding | Json,
    date: str | None,
    *,
    id: str | None = None,
    status: str = "completed",
    **elements: Any,
) -> Json:
    """A MedicationAdministration given on `date`."""
    made: Json = {
        "resourceType": "MedicationAdministration",
        "id": _id(id, "adm"),
        "status": status,
        "subject": {"reference": f"Patient/{PATIENT}"},
        **_medication(drug),
    }
    if date is not None:
        made["effectiveDateTime"] = date
    return made | elements


def medication(id: str, drug: str | Coding | Json | None, *ingredients: str | Coding) -> Json:
    """A Medication resource with its code and ingredients."""
    made: Json = {"resourceType": "Medication", "id": id}
    if drug is not None:
        made["code"] = _coded(drug, DRUGS)
    if ingredients:
        made["ingredient"] = [{"itemCodeableConcept": _coded(i, DRUGS)} for i in ingredients]
    return made


def patient(gender: str | None = "female", birth_date: str | None = "1968-09-03") -> Json:
    """The patient of every bundle here."""
    made: Json = {"resourceType": "Patient", "id": PATIENT}
    if gender is not None:
        made["gender"] = gender
    if birth_date is not None:
        made["birthDate"] = birth_date
    return made


def resource(type_: str, id: str | None = None, **elements: Any) -> Json:
    """Any other resource of the patient, elements as given."""
    return {"resourceType": type_, "id": _id(id, type_.lower()), **elements}


def bundle(*resources: Json) -> Json:
    """A collection; a default patient is added when none is among the resources."""
    listed = list(resources)
    if not any(r["resourceType"] == "Patient" for r in listed):
        listed.insert(0, patient())
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": f"https://ehr.example.org/fhir/{r['resourceType']}/{r['id']}",
                "resource": r,
            }
            for r in listed
        ],
    }


class _Record:
    """The bundle's resources by type: the engine's Retriever."""

    def __init__(self, record: Json) -> None:
        self._resources = [entry["resource"] for entry in record["entry"]]

    def retrieve(self, resource_type: str) -> Sequence[Json]:
        return [r for r in self._resources if r["resourceType"] == resource_type]


@cache
def program() -> engine.Program:
    """All committed libraries."""
    return committed_content().program


@cache
def terminology() -> engine.ValueSets:
    """The committed value sets."""
    return engine.ValueSets.from_directory(ROOT / "cql" / "valuesets")


def results(
    record: Json,
    defines: Sequence[str],
    as_of: str = AS_OF,
    parameters: Mapping[str, Any] | None = None,
) -> engine.Results:
    """The engine's own results, with evidence."""
    moment = datetime.fromisoformat(as_of)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return program().evaluate(
        _Record(record), terminology(), parameters or {}, moment, list(defines)
    )


def evaluate(
    record: Json,
    defines: Sequence[str],
    as_of: str = AS_OF,
    parameters: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Values by define name "Library.Define", as plain JSON."""
    found = results(record, defines, as_of, parameters)
    return {name: plain(found[name]) for name in defines}


def plain(value: Any) -> Any:
    """A CQL value as JSON: dates as ISO strings, decimals as float, resources as references."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, engine.Date | engine.DateTime | engine.Time):
        return value.isoformat()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        if "resourceType" in value:
            return f"{value['resourceType']}/{value.get('id')}"
        return {key: plain(item) for key, item in value.items()}
    return str(value)
