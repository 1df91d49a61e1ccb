"""order-select and order-sign over HTTP: which drafts are looked at, and what comes of them."""

import pytest

from ra_cds_hooks.cql_engine_lite import Program
from tests.hooks.fhir_server import faulty_server, hang

from .orders import (
    ABATACEPT,
    ADALIMUMAB,
    PARACETAMOL,
    RXNORM,
    SELECT,
    SIGN,
    TOFACITINIB,
    call_of,
    dosage,
    medication_request,
    post,
    row_of,
)

UNSCREENED, TUBERCULOSIS = "order-aba--do-first", "order-aba--block"
MEDICATION = {"resourceType": "Medication", "id": "m1", "code": ABATACEPT}


def without_concept(**members):
    draft = medication_request(**members)
    del draft["medicationCodeableConcept"]
    return draft


@pytest.fixture
def evaluated(monkeypatch):
    """The defines that were evaluated, one entry a call."""
    seen = []
    plain = Program.evaluate

    def evaluate(self, *args, defines=(), **kwargs):
        seen.append(tuple(defines))
        return plain(self, *args, defines=defines, **kwargs)

    monkeypatch.setattr(Program, "evaluate", evaluate)
    return seen


@pytest.mark.parametrize("service", [SELECT, SIGN])
def test_another_drug_is_answered_without_reading_the_record(client, content, evaluated, service):
    with faulty_server() as server:
        body = call_of(
            content, TUBERCULOSIS,
            medication_request(PARACETAMOL, subject={"reference": f"Patient/{TUBERCULOSIS}"}),
            service=service, prefetch={}, fhirServer=server.base,
        )  # fmt: skip
        evaluated.clear()
        assert post(client, body, service) == {"cards": []}
        assert server.asked == []
    assert evaluated == [("OrderSafety.Drafts In Question",)]


def test_only_what_the_card_needs_is_evaluated(client, content, evaluated):
    body = call_of(content, UNSCREENED, medication_request())
    evaluated.clear()
    post(client, body)
    [_screen, full] = evaluated
    assert set(full) == {
        "OrderSafety.Order Concerns", "RARecommendations.Has RA", "RARecommendations.Primary",
        "RARecommendations.Orders",
    }  # fmt: skip


@pytest.mark.parametrize(
    "draft",
    [
        medication_request({"text": "Orencia (abatacept) 125 mg"}),
        medication_request({"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AA24"}]}),
        medication_request({"coding": [{"code": "616015", "system": RXNORM}]}),
        without_concept(medicationReference={"reference": "#m1"}, contained=[MEDICATION]),
        without_concept(medicationReference={"reference": "Medication/m1"}),
        without_concept(medicationReference={"display": "abatacept"}),
    ],
    ids=["words", "atc", "product", "contained", "in-the-bundle", "display"],
)  # fmt: skip
def test_the_drug_is_recognised(client, content, draft):
    [card] = post(client, call_of(content, UNSCREENED, draft, MEDICATION))["cards"]
    assert row_of(content, card)["ingredient"] == "abatacept"
    assert card["indicator"] == "warning"


def test_a_medication_of_the_fhir_server_is_read(client, content):
    with faulty_server() as server:
        server.answers["Medication/m1"] = MEDICATION
        server.answers["Medication"] = MEDICATION
        draft = without_concept(medicationReference={"reference": "Medication/m1"})
        body = call_of(content, UNSCREENED, draft, fhirServer=server.base)
        [card] = post(client, body)["cards"]
    assert row_of(content, card)["ingredient"] == "abatacept"


def test_a_drug_that_cannot_be_read_is_unknown_not_ignored(client, content):
    draft = without_concept(medicationReference={"reference": "Medication/m9"})
    [card] = post(client, call_of(content, UNSCREENED, draft))["cards"]
    row = row_of(content, card)
    assert (row["verdict"], card["indicator"]) == ("unknown", "warning")
    assert [f["reason"] for f in row["findings"]] == ["DRUG_NOT_READABLE"]


def test_imperfect_drafts_are_used_and_told(client, content):
    garbled = medication_request(id_="d2", category={"text": "x"}, intent={"code": "order"})
    del garbled["status"]
    nameless = without_concept(id_="d3")
    answer = post(client, call_of(content, UNSCREENED, garbled, nameless))
    [card] = answer["cards"]
    assert row_of(content, card)["ref"] == "MedicationRequest/d2"
    issues = answer["extension"][content.extension_key]["dataIssues"]
    told = {(issue["code"], issue.get("reference")) for issue in issues}
    assert ("INVALID_ELEMENT", "MedicationRequest/d2") in told
    assert ("DRAFT_WITHOUT_MEDICATION", "MedicationRequest/d3") in told


def test_selections_are_advised_on_and_the_rest_is_background(client, content):
    drafts = [medication_request(), medication_request(TOFACITINIB, "d2")]
    body = call_of(
        content, UNSCREENED, *drafts, service=SELECT, selections=["MedicationRequest/d2"]
    )
    [card] = post(client, body, SELECT)["cards"]
    row = row_of(content, card)
    assert row["ref"] == "MedicationRequest/d2"
    assert row["findings"][0]["reason"] == "DUAL_DRAFTED"  # the background counts as a second drug
    both = call_of(
        content, UNSCREENED, *drafts, service=SELECT,
        selections=["MedicationRequest/d2", "MedicationRequest/d1"],
    )  # fmt: skip
    cards = post(client, both, SELECT)["cards"]
    refs = [row_of(content, card)["ref"] for card in cards]
    assert refs == ["MedicationRequest/d2", "MedicationRequest/d1"]


def test_a_draft_that_ends_a_drug_starts_nothing(client, content):
    taken = "order-tnfi--another-biologic-taken"
    start = medication_request(ADALIMUMAB, dosageInstruction=dosage(20, "wk"))
    [card] = post(client, call_of(content, taken, start))["cards"]
    assert card["indicator"] == "critical"
    [removal] = [s for s in card["suggestions"] if s["actions"][0]["type"] == "delete"]
    assert removal["actions"][0]["resourceId"] == ["MedicationRequest/d1"]
    stop = medication_request(ABATACEPT, "d2", status="stopped")
    assert post(client, call_of(content, taken, start, stop))["cards"] == []


def test_a_draft_never_counts_as_taken(client, content):
    """A draft in the words of an order that is active is a start, with the checks of a start."""
    signed = medication_request(status="active", authoredOn="2026-11-01")
    [card] = post(client, call_of(content, UNSCREENED, signed))["cards"]
    assert row_of(content, card)["renewal"] is False
    assert row_of(content, card)["verdict"] == "do_first"


def test_a_test_drafted_in_the_same_session_is_not_suggested(client, content):
    igra = {
        "resourceType": "ServiceRequest", "id": "s1", "status": "draft", "intent": "order",
        "code": {"coding": [{"system": "http://loinc.org", "code": "71775-1"}]},
    }  # fmt: skip
    [card] = post(client, call_of(content, UNSCREENED, medication_request(), igra))["cards"]
    assert "suggestions" not in card
    assert "Already ordered" in card["detail"]


@pytest.mark.parametrize("failure", [hang, (503, {})])
def test_a_server_that_fails_costs_checks_not_the_answer(make_app, content, failure):
    client = make_app(fhir_budget_seconds=0.3).test_client()
    with faulty_server() as server:
        for kind in ("Patient", "Condition", "Observation", "MedicationRequest"):
            server.answers[kind] = failure
        body = call_of(
            content, UNSCREENED, medication_request(), prefetch={}, fhirServer=server.base
        )
        [card] = post(client, body)["cards"]
    assert card["indicator"] == "warning"
    assert card["summary"].startswith("Abatacept: the check could not be completed")
    assert "nothing here may be read as" in card["detail"]
    assert "patient" in card["detail"]


def test_order_select_answers_412_when_the_patient_cannot_be_had(make_app, content):
    client = make_app(fhir_budget_seconds=0.3).test_client()
    with faulty_server() as server:
        body = call_of(
            content, UNSCREENED, medication_request(), service=SELECT, prefetch={},
            fhirServer=server.base,
        )  # fmt: skip
        assert client.post(f"/cds-services/{SELECT}", json=body).status_code == 412


def test_sign_is_412_without_patient_or_order_only(client, content):
    no_patient = call_of(content, UNSCREENED, medication_request(), prefetch={})
    assert client.post(f"/cds-services/{SIGN}", json=no_patient).status_code == 412
    no_order = call_of(content, UNSCREENED)
    answer = client.post(f"/cds-services/{SIGN}", json=no_order)
    assert answer.status_code == 412
    assert answer.get_json()["issue"][0]["expression"] == ["context.draftOrders"]


@pytest.mark.parametrize(
    ("member", "value"),
    [("draftOrders", None), ("draftOrders", []), ("selections", None), ("selections", "x")],
)
def test_a_missing_context_field_is_named(client, content, member, value):
    body = call_of(content, UNSCREENED, medication_request(), service=SELECT)
    body["context"][member] = value
    answer = client.post(f"/cds-services/{SELECT}", json=body)
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"] == [f"context.{member}"]


def test_a_patient_known_not_to_have_ra_gets_no_card(client, content):
    body = call_of(content, TUBERCULOSIS, medication_request())
    for key in list(body["prefetch"]):
        if key != "patient":
            body["prefetch"][key] = None
    body["prefetch"] |= dict.fromkeys(("MedicationDispense", "CarePlan", "AdverseEvent"))
    assert post(client, body)["cards"] == []


def test_both_languages(client, content):
    body = call_of(content, TUBERCULOSIS, medication_request())
    answer = client.post(f"/cds-services/{SIGN}", json=body, headers={"Accept-Language": "zh"})
    [card] = answer.get_json()["cards"]
    assert card["summary"].startswith("阿巴西普，禁用：")
    assert card["suggestions"][0]["label"] == "从本次医嘱中移除阿巴西普"
