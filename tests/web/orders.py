"""Calls of the order services for a fixture patient, as an EHR sends them."""

import uuid

from ra_cds_hooks.hooks.prefetch import prefetch_from_bundle

from .conftest import bundle_of, patient_of

SELECT, SIGN = "ra-escalation-safety-select", "ra-escalation-safety-sign"
HOOKS = {SELECT: "order-select", SIGN: "order-sign"}
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ABATACEPT = {"coding": [{"system": RXNORM, "code": "614391"}]}
TOFACITINIB = {"coding": [{"system": RXNORM, "code": "1357536"}]}
ADALIMUMAB = {"coding": [{"system": RXNORM, "code": "327361"}]}
HYDROXYCHLOROQUINE = {"coding": [{"system": RXNORM, "code": "5521"}]}
PARACETAMOL = {"coding": [{"system": RXNORM, "code": "161"}], "text": "paracetamol"}


def medication_request(concept=ABATACEPT, id_="d1", **members):
    return {
        "resourceType": "MedicationRequest",
        "id": id_,
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": concept,
        **members,
    }


def dosage(milligrams, every="d"):
    """A dosageInstruction: milligrams once a day, or once in another period."""
    amount = {"value": milligrams, "unit": "mg", "code": "mg"}
    timing = {"repeat": {"frequency": 1, "period": 1, "periodUnit": every}}
    return [{"timing": timing, "doseAndRate": [{"doseQuantity": amount}]}]


def call_of(content, case, *resources, service=SIGN, selections=None, instance=None, **members):
    """The request body; ``resources`` are the draft orders of the session."""
    bundle = bundle_of(case)
    patient_id = patient_of(bundle)["id"]
    context = {
        "userId": "Practitioner/x",
        "patientId": patient_id,
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": r} for r in resources]},
    }
    if service == SELECT:
        asked = [f"{r['resourceType']}/{r['id']}" for r in resources]
        context["selections"] = asked if selections is None else selections
    return {
        "hook": HOOKS[service],
        "hookInstance": instance or str(uuid.uuid4()),
        "context": context,
        "prefetch": prefetch_from_bundle(content.services[service], bundle, patient_id),
        **members,
    }


def post(client, body, service=SIGN):
    answer = client.post(f"/cds-services/{service}", json=body)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def row_of(content, card):
    return card["extension"][content.extension_key]["row"]
