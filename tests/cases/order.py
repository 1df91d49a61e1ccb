"""The ``order`` of a case.md: a draft order for the case's patient, and the card it must meet.

[order]
drug = "tofacitinib"      # a name of tools/fixtures/codes.py DRUGS
verdict = "do_first"      # "ok": no card at all
indicator = "warning"     # "none": no card at all
suggestions = ["igra"]    # exactly these tests, by order key
removes = false           # whether the draft's removal is suggested
reasons = ["..."]         # findings that must be on the card
words_only, notes, alternatives_exclude: optional
daily_mg, weekly_mg       # optional: the dose, once a day or once a week; none: no dose is told
dose_text = "..."         # optional: the dose told in words alone
renewal = true            # optional: the record says that the drug is taken already
pending = ["igra"]        # optional: exactly these tests are on their way and not suggested
at_select = {...}         # optional: verdict, indicator, reasons where they differ at order-select
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ra_cds_hooks.decision import Content
from tools.fixtures import codes as c

from .ehr import request_for

KEYS = {
    *("drug", "verdict", "indicator", "suggestions", "removes", "reasons", "words_only"),
    *("daily_mg", "weekly_mg", "dose_text", "notes", "alternatives_exclude", "renewal", "pending"),
    "at_select",
}
AT_SELECT = {"verdict", "indicator", "reasons"}
REQUIRED = ("drug", "verdict", "indicator", "suggestions", "removes")
DRAFT_ID = "draft-of-the-case"


def order_problems(order: Mapping[str, Any]) -> list[str]:
    """What is wrong with an ``order`` table; an expectation that says nothing proves nothing."""
    problems = [f"unknown key {key}" for key in sorted(set(order) - KEYS)]
    problems += [f"{key} is missing" for key in REQUIRED if key not in order]
    if order.get("drug") not in c.DRUGS:
        problems.append("drug is no name in codes.DRUGS")
    other = order.get("at_select", {})
    problems += [f"unknown key at_select.{key}" for key in sorted(set(other) - AT_SELECT)]
    for said in (order, {**order, **other}):
        if (said.get("verdict") == "ok") != (said.get("indicator") == "none"):
            problems.append("verdict ok and indicator none belong together")
    return problems


def wanted_at(order: Mapping[str, Any], hook: str) -> dict[str, Any]:
    """The expectation of the card at this hook."""
    at_select = order.get("at_select", {}) if hook == "order-select" else {}
    return {**order, **at_select}


def draft(order: Mapping[str, Any], patient_id: str) -> dict[str, Any]:
    """The MedicationRequest that is about to be signed."""
    medication: dict[str, Any] = {"text": order["drug"]}
    if not order.get("words_only"):
        medication["coding"] = [{"system": s, "code": k} for s, k in c.DRUGS[order["drug"]]]
    resource: dict[str, Any] = {
        "resourceType": "MedicationRequest",
        "id": DRAFT_ID,
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": medication,
        "subject": {"reference": f"Patient/{patient_id}"},
    }
    for key, unit in (("daily_mg", "d"), ("weekly_mg", "wk")):
        if key in order:
            amount = {"value": order[key], "unit": "mg", "system": c.UCUM, "code": "mg"}
            timing = {"repeat": {"frequency": 1, "period": 1, "periodUnit": unit}}
            resource["dosageInstruction"] = [
                {"timing": timing, "doseAndRate": [{"doseQuantity": amount}]}
            ]
    if "dose_text" in order:
        resource["dosageInstruction"] = [{"text": order["dose_text"]}]
    return resource


def order_request(
    bundle: Mapping[str, Any],
    service: Mapping[str, Any],
    order: Mapping[str, Any],
    *,
    not_obtained: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The call of an order service (as discovery describes it) with the case's draft."""
    request = request_for(bundle, service["prefetch"], not_obtained=not_obtained)
    # What no key brings, a client may send under its type's name: there is nothing of it here.
    for kind in ("AdverseEvent", "CarePlan", "Procedure"):
        request["prefetch"][kind] = {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [e for e in bundle["entry"] if e["resource"]["resourceType"] == kind],
        }
    request["hook"] = service["hook"]
    resource = draft(order, request["context"]["patientId"])
    request["context"]["draftOrders"] = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": resource}],
    }
    if service["hook"] == "order-select":
        request["context"]["selections"] = [f"MedicationRequest/{DRAFT_ID}"]
    return request


def order_differences(
    content: Content, response: Mapping[str, Any], order: Mapping[str, Any]
) -> list[str]:
    """Where the cards differ from the expectation; an empty list is agreement."""
    cards = response["cards"]
    if order["verdict"] == "ok":
        return [f"no card expected, got {card['summary']}" for card in cards]
    if len(cards) != 1:
        return [f"one card expected, got {[card['summary'] for card in cards]}"]
    [card] = cards
    row = card["extension"][content.extension_key]["row"]
    labels = {content.words["orders"][key]["en"]: key for key in content.words["orders"]}
    actions = [s["actions"][0] for s in card.get("suggestions", [])]
    tests = [labels[a["description"]] for a in actions if a["type"] == "create"]
    removed = [a["resourceId"] for a in actions if a["type"] == "delete"]
    reasons = [finding["reason"] for finding in row.get("findings", [])]
    found = {
        "verdict": row["verdict"],
        "indicator": card["indicator"],
        "suggestions": sorted(tests),
        "removes": removed == [[f"MedicationRequest/{DRAFT_ID}"]],
    }
    wanted = {**{k: order[k] for k in found}, "suggestions": sorted(order["suggestions"])}
    differences = [
        f"{name}: expected {wanted[name]}, got {found[name]}"
        for name in found
        if wanted[name] != found[name]
    ]
    differences += [
        f"{r} is not in {reasons}" for r in order.get("reasons", []) if r not in reasons
    ]
    for note in order.get("notes", []):
        if note not in row.get("notes", []):
            differences.append(f"note {note} is not in {row.get('notes', [])}")
    on_their_way = sorted(p["order"] for p in row.get("pending", []))
    for name, said in (("renewal", row.get("renewal")), ("pending", on_their_way)):
        if name in order and order[name] != said:
            differences.append(f"{name}: expected {order[name]}, got {said}")
    offered = [a["class"] for a in row.get("alternatives", [])]
    differences += [
        f"{a} is offered as an alternative"
        for a in order.get("alternatives_exclude", [])
        if a in offered
    ]
    if differences:
        differences.append(f"findings: {[(f['verdict'], f['reason']) for f in row['findings']]}")
    return differences
