"""The drug itself in place of a reference to it.

Rules read ``medicationCodeableConcept``. A record may instead point to a Medication resource,
contained or separate; here its code takes the reference's place.

Source: FHIR R4 MedicationRequest.medication[x], Medication.code, Medication.ingredient.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ra_cds_hooks.fhir.references import reference_of

Resource = dict[str, Any]

NO_DRUG = "no medication[x] as R4 has it: which drug is unknown"
_KINDS = ("CodeableConcept", "Reference")
_NAME_A_DRUG = frozenset(
    {"MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement"}
)


def lacks_drug(resource: Resource) -> bool:
    """Whether a resource about a drug names none that R4 has a place for (R5 has another)."""
    named = any(isinstance(resource.get(f"medication{kind}"), dict) for kind in _KINDS)
    is_meant = resource.get("status") != "entered-in-error"
    return resource["resourceType"] in _NAME_A_DRUG and is_meant and not named


def with_medication(
    resource: Resource, medications: Mapping[str, Resource], aliases: Mapping[str, str]
) -> tuple[Resource, str | None]:
    """``resource`` with the drug in it, and what went wrong (None: nothing).

    ``medications`` maps ``Medication/id`` to the resource, ``aliases`` an exact copy's reference
    to the one kept. Where the drug is not found the reference's own text stands in for it; a
    problem that begins with "no text" leaves the drug unknown.
    """
    pointer = resource.get("medicationReference")
    if not isinstance(pointer, dict) or "medicationCodeableConcept" in resource:
        return resource, None
    concept = _concept(_target(resource, pointer, medications, aliases))
    problem = None
    if concept is None:
        display = pointer.get("display")
        if not isinstance(display, str) or not display.strip():
            return resource, "no text and no Medication resource: which drug is unknown"
        concept = {"text": display}
        problem = "the Medication resource is missing; its display text is used"
    inlined = {name: value for name, value in resource.items() if name != "medicationReference"}
    inlined["medicationCodeableConcept"] = concept
    return inlined, problem


def _target(
    resource: Resource,
    pointer: Mapping[str, Any],
    medications: Mapping[str, Resource],
    aliases: Mapping[str, str],
) -> Any:
    literal = reference_of(pointer)
    if literal is None:
        return None
    if not literal.startswith("#"):
        return medications.get(aliases.get(literal, literal))
    contained = resource.get("contained")
    for candidate in contained if isinstance(contained, list) else ():
        if isinstance(candidate, dict) and f"#{candidate.get('id')}" == literal:
            return candidate
    return None


def _concept(medication: Any) -> dict[str, Any] | None:
    """Medication.code; where it has none, the code of its only ingredient."""
    if not isinstance(medication, dict):
        return None
    code = medication.get("code")
    if isinstance(code, dict) and code:
        return code
    ingredients = medication.get("ingredient")
    if isinstance(ingredients, list) and len(ingredients) == 1 and isinstance(ingredients[0], dict):
        item = ingredients[0].get("itemCodeableConcept")
        if isinstance(item, dict) and item:
            return item
    return None
