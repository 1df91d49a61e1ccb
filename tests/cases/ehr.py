"""A fixture as an EHR would send it: a CDS Hooks request with the service's own prefetch templates.

The templates are answered as a small FHIR server would answer them, so that a template which does
not reach a resource loses it here too.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

# Search parameter -> the element that holds the patient, per resource type.
PATIENT_PARAMETERS = {"patient", "subject"}
PAGING = {"_count", "_sort"}
# What no prefetch key brings, a client may send under its type's name.
BEYOND_PREFETCH = ("AdverseEvent", "CarePlan", "Procedure")


class UnansweredParameter(ValueError):
    """A prefetch template uses a search parameter that this small server does not know."""


def resources_of(bundle: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"]]


def read_bundle(path: Path) -> dict[str, Any]:
    bundle: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return bundle


def request_for(
    bundle: Mapping[str, Any],
    templates: Mapping[str, str],
    *,
    not_obtained: Collection[str] = (),
    first_page_only: Collection[str] = (),
) -> dict[str, Any]:
    """The patient-view request. ``templates`` are discovery's prefetch templates by key; the types
    beyond them are sent under their names where the bundle holds any.

    A type in ``not_obtained`` is answered with an OperationOutcome, a type in ``first_page_only``
    with a Bundle whose next page cannot be followed (there is no fhirServer).
    """
    patient_id = bundle["entry"][0]["resource"]["id"]
    prefetch: dict[str, Any] = {}
    for key, template in templates.items():
        query = template.replace("{{context.patientId}}", patient_id)
        resource_type = query.split("?")[0].split("/")[0]
        if resource_type in not_obtained:
            prefetch[key] = _failure()
        else:
            prefetch[key] = answer(query, bundle)
            if resource_type in first_page_only:
                prefetch[key]["link"] = [
                    {"relation": "next", "url": "https://ehr.example.org/fhir?page=2"}
                ]
    held = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
    for kind in BEYOND_PREFETCH:
        if kind in held and kind not in not_obtained:
            prefetch[kind] = answer(kind, bundle)
    return {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid5(uuid.NAMESPACE_URL, patient_id)),
        "context": {"userId": "Practitioner/example", "patientId": patient_id},
        "prefetch": prefetch,
    }


def answer(query: str, bundle: Mapping[str, Any]) -> dict[str, Any]:
    """What a FHIR server that holds only ``bundle`` answers to ``query``."""
    target, _, search = query.partition("?")
    resource_type, _, wanted_id = target.partition("/")
    found = [
        entry for entry in bundle["entry"] if entry["resource"]["resourceType"] == resource_type
    ]
    if wanted_id:
        [resource] = [entry["resource"] for entry in found if entry["resource"]["id"] == wanted_id]
        return dict(resource)
    for name, value in parse_qsl(search):
        found = [entry for entry in found if _matches(entry["resource"], name, value)]
    entries = [{**entry, "search": {"mode": "match"}} for entry in found]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entries}


def _matches(resource: Mapping[str, Any], name: str, value: str) -> bool:
    if name in PAGING:
        return True
    if name in PATIENT_PARAMETERS:
        holder = resource.get("subject") or resource.get("patient")
        return holder is not None and holder["reference"].split("/")[1] == value.split("/")[-1]
    if name == "status":
        return resource.get("status") in value.split(",")
    if name == "category":
        held = {
            coding["code"]
            for category in resource.get("category", [])
            for coding in category["coding"]
        }
        return bool(held.intersection(value.split(",")))
    raise UnansweredParameter(f"{resource['resourceType']}?{name}: teach tests/cases/ehr.py")


def _failure() -> dict[str, Any]:
    issue = {"severity": "error", "code": "forbidden", "diagnostics": "not allowed"}
    return {"resourceType": "OperationOutcome", "issue": [issue]}
