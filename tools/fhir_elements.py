"""Writes ra_cds_hooks/fhir/r4_elements.json from the fhir.resources R4B models.

R4B agrees with R4 on every resource listed here except where the list below says so. Run after
an update of fhir.resources, or when a rule reads a further resource type:
    python tools/fhir_elements.py
tests/fhir_edge/test_validate.py fails when the file is stale.
"""

from __future__ import annotations

import importlib
import json
import sys
import typing
from pathlib import Path

TARGET = Path(__file__).parents[1] / "ra_cds_hooks" / "fhir" / "r4_elements.json"
RESOURCES = (
    *("AdverseEvent", "AllergyIntolerance", "CarePlan", "Condition", "Device", "DiagnosticReport"),
    *("Encounter", "FamilyMemberHistory", "Immunization", "Medication", "MedicationAdministration"),
    *("MedicationDispense", "MedicationRequest", "MedicationStatement", "Observation", "Patient"),
    *("Procedure", "QuestionnaireResponse", "ServiceRequest", "Specimen"),
)
# Recursive or irrelevant to type checks of what rules read.
SKIPPED = {"Extension", "FHIRPrimitiveExtension", "Narrative", "Resource", "Meta"}


def element_type(annotation: object) -> tuple[str, bool]:
    """``(type name, repeats)`` of one model field's annotation."""
    repeats = False
    while True:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            kind = type(arguments[1]).__name__ if len(arguments) > 1 else arguments[0].__name__
            return kind, repeats
        if origin in (list, typing.List):  # noqa: UP006 - the models say typing.List
            repeats, annotation = True, arguments[0]
        elif arguments:
            annotation = next(a for a in arguments if a is not type(None))
        else:
            model = getattr(annotation, "_model_klass", None)
            name = model.rsplit(".", 1)[1] if isinstance(model, str) else None
            return name or getattr(annotation, "__name__", str(annotation)), repeats


def model_of(name: str) -> type | None:
    from fhir.resources.R4B import fhirtypes

    holder = getattr(fhirtypes, f"{name}Type", None)
    path = getattr(holder, "_model_klass", None)
    if not isinstance(path, str):
        return None
    module, _, attribute = path.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def table() -> dict[str, dict[str, list[object]]]:
    """Type name -> element name -> [type name, repeats], for all types reachable."""
    done: dict[str, dict[str, list[object]]] = {}
    queue = list(RESOURCES)
    while queue:
        name = queue.pop()
        if name in done or name in SKIPPED:
            continue
        model = model_of(name)
        if model is None:
            continue
        elements: dict[str, list[object]] = {}
        for field_name, field in model.model_fields.items():
            element = field.alias or field_name
            if element.startswith("_") or element in ("resourceType", "fhir_comments"):
                continue
            kind, repeats = element_type(field.annotation)
            if kind in SKIPPED:
                continue
            elements[element] = [kind, repeats]
            queue.append(kind)
        done[name] = elements
    return done


def text() -> str:
    return json.dumps(table(), indent=0, sort_keys=True) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET.name}\n")
