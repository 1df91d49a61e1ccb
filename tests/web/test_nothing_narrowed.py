"""An answer that cannot be read, or is about somebody else, never reads as "nothing there".

The patient of these tests has active tuberculosis, which blocks the drug that is signed; whatever
happens to that Condition on its way, the check must not become ok. Source: clinical-spec.md 8.16.
"""

from __future__ import annotations

from copy import deepcopy

import pytest

from tests.hooks.fhir_server import faulty_server

from .conftest import URL, bundle_of
from .orders import SELECT, SIGN, TOFACITINIB, call_of, dosage, medication_request, post, row_of

CASE = "order-jaki--block"
TUBERCULOSIS = f"{CASE}.tuberculosis"
DRAFT = medication_request(TOFACITINIB, dosageInstruction=dosage(10))


def altered(call, key, change):
    """The call with ``change`` made to the Bundle of one prefetch key."""
    change(call["prefetch"][key])
    return call


def to_each(**members):
    """The members set on each resource of a Bundle; a callable is given the resource."""

    def change(bundle):
        for entry in bundle["entry"]:
            for name, value in members.items():
                entry["resource"][name] = value(entry["resource"]) if callable(value) else value

    return change


def without_resource(bundle):
    del bundle["total"]  # which would tell on its own that one is missing
    for entry in bundle["entry"]:
        if entry["resource"]["id"] == TUBERCULOSIS:
            del entry["resource"]


LOST = {
    "another patient's answer": to_each(subject={"reference": "Patient/somebody-else"}),
    "DSTU2 status": to_each(clinicalStatus="active"),
    "modifierExtension": to_each(modifierExtension=[{"url": "urn:x", "valueBoolean": True}]),
    "code is a text": to_each(code="A15.0"),
    "entry without resource": without_resource,
}


def test_as_it_is_the_drug_is_blocked(client, content):
    [card] = post(client, call_of(content, CASE, DRAFT))["cards"]
    assert row_of(content, card)["verdict"] == "block"


@pytest.mark.parametrize("change", LOST.values(), ids=LOST.keys())
def test_conditions_that_are_lost_leave_the_check_unknown(client, content, change):
    call = altered(call_of(content, CASE, DRAFT), "conditions", change)
    [card] = post(client, call)["cards"]
    assert row_of(content, card)["verdict"] == "unknown"
    assert "the problem list could not be obtained completely" in card["detail"]


def test_somebody_elses_resource_beside_the_patients_own_loses_nothing(client, content):
    def stray(bundle):
        other = deepcopy(bundle["entry"][0])
        other["resource"] |= {"id": "other", "subject": {"reference": "Patient/somebody-else"}}
        bundle["entry"].append(other)

    call = altered(call_of(content, CASE, DRAFT), "conditions", stray)
    [card] = post(client, call)["cards"]
    assert row_of(content, card)["verdict"] == "block"


def decision_of(client, content, call):
    answer = client.post(URL, json=call)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()["extension"][content.extension_key]


def told(decision):
    return {issue["code"] for issue in decision.get("dataIssues", ())}


def as_r5(resource):
    return {"concept": resource.pop("medicationCodeableConcept")}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (to_each(medication=as_r5), "MEDICATION_NOT_FOUND"),
        (to_each(medicationCodeableConcept="adalimumab"), "MEDICATION_NOT_FOUND"),
        (to_each(medicationCodeableConcept={"coding": "L04AB04"}), "INVALID_ELEMENT"),
    ],
    ids=["R5", "text", "garbled coding"],
)
def test_drugs_that_cannot_be_read_leave_the_list_incomplete(
    client, content, hook_request, change, code
):
    call = altered(hook_request(bundle_of(CASE)), "medicationStatements", change)
    decision = decision_of(client, content, call)
    assert "MedicationStatement" in decision["incomplete"]
    assert code in told(decision)


def test_a_retracted_entry_without_a_drug_is_no_gap(client, content, hook_request):
    call = hook_request(bundle_of(CASE))
    bundle = call["prefetch"]["medicationStatements"]
    retracted = {**bundle["entry"][0]["resource"], "id": "gone", "status": "entered-in-error"}
    del retracted["medicationCodeableConcept"]
    bundle["entry"].append({"resource": retracted})
    bundle["total"] += 1
    assert "MedicationStatement" not in decision_of(client, content, call)["incomplete"]


def test_a_medication_that_the_server_fails_to_give_is_a_gap(make_app, content, hook_request):
    # Once is enough, and there is time for it also on a busy machine.
    client = make_app(fhir_tries=1, fhir_budget_with_prefetch_seconds=5.0).test_client()
    pointer = {"reference": "Medication/m1", "display": "Product 4711"}

    def refer(resource):
        del resource["medicationCodeableConcept"]
        return pointer

    call = altered(
        hook_request(bundle_of(CASE)), "medicationStatements", to_each(medicationReference=refer)
    )
    with faulty_server() as server:
        server.answers["Medication"] = (500, b"no")
        decision = decision_of(client, content, call | {"fhirServer": server.base})
    assert "Medication" in decision["incomplete"]
    details = [issue.get("detail", "") for issue in decision["dataIssues"]]
    assert "Medication: FHIR server: http error" in details


@pytest.mark.parametrize(
    "drug",
    [{"medication": {"concept": TOFACITINIB}}, {"medicationCodeableConcept": "tofacitinib"}],
    ids=["R5", "text"],
)
def test_a_draft_whose_drug_cannot_be_read_is_asked_about(client, content, drug):
    draft = {name: part for name, part in DRAFT.items() if not name.startswith("medication")}
    answer = post(client, call_of(content, CASE, draft | drug))
    [card] = answer["cards"]
    findings = row_of(content, card)["findings"]
    assert "DRUG_NOT_READABLE" in [finding["reason"] for finding in findings]
    assert "INVALID_ELEMENT" in told(answer["extension"][content.extension_key])


@pytest.mark.parametrize("service", [SIGN, SELECT])
@pytest.mark.parametrize(
    "whose", ["Patient/somebody-else", f"https://other.example/fhir/Patient/{CASE}"]
)
def test_an_order_for_somebody_else_is_refused_not_passed(client, content, service, whose):
    draft = DRAFT | {"subject": {"reference": whose}}
    call = call_of(content, CASE, draft, service=service, fhirServer="http://127.0.0.1:9/fhir")
    answer = client.post(f"/cds-services/{service}", json=call)
    assert answer.status_code == 412
    assert answer.get_json()["issue"][0]["expression"] == ["context.draftOrders"]
    beside = call_of(content, CASE, draft, DRAFT | {"id": "d2"}, service=service)
    beside["fhirServer"] = call["fhirServer"]
    assert len(post(client, beside, service)["cards"]) == 1
