"""/openapi.json: nothing is served that it does not describe, and it describes what is served."""

import json
import re

import jsonschema
import pytest

from tests.trust.conftest import Token, issuers, make_client  # noqa: F401  (fixtures)
from tests.web.conftest import SERVICE, URL, bundle_of
from tests.web.orders import ADALIMUMAB, SELECT, SIGN, call_of, medication_request

# Added by Flask to each route; described in words in the document.
UNLISTED = {"HEAD", "OPTIONS"}
REFUSED_AT_THE_DOOR = {"401", "403", "503"}


@pytest.fixture
def document(client):
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    return answer.get_json()


def operations(document):
    return {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def paths_of(rule, content):
    """The documented paths of a Flask rule: one for each service, and the one for any other."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
    return [
        path,
        *(path.replace("{service_id}", id_) for id_ in content.services if "{service_id}" in path),
    ]


def test_every_route_has_an_operation_and_every_operation_a_route(make_app, content):
    app = make_app(demo=True)
    described = operations(app.test_client().get("/openapi.json").get_json())
    served = {
        (method.lower(), path)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - UNLISTED
        for path in paths_of(rule.rule, content)
    }
    assert served - set(described) == set(), "routes without an operation"
    assert set(described) - served == set(), "operations without a route"


def test_a_route_that_nobody_described_is_found(make_app, content):
    app = make_app()
    app.add_url_rule("/forgotten", "forgotten", lambda: "")
    paths = {path for rule in app.url_map.iter_rules() for path in paths_of(rule.rule, content)}
    assert paths - set(app.test_client().get("/openapi.json").get_json()["paths"]) == {"/forgotten"}


def test_what_is_switched_off_is_not_described(make_app):
    without = make_app(metrics=False).test_client().get("/openapi.json").get_json()["paths"]
    assert "/metrics" not in without
    assert "/" not in without
    assert "/healthz" in without


def closed(schema, where):
    """Where an object lists members and takes others."""
    if isinstance(schema, dict):
        lists = schema.get("type") == "object" and "properties" in schema
        if lists and schema.get("additionalProperties") is not False:
            yield where
        for name, part in schema.items():
            yield from closed(part, f"{where}/{name}")
    elif isinstance(schema, list):
        for index, part in enumerate(schema):
            yield from closed(part, f"{where}/{index}")


def test_objects_are_closed_but_for_those_that_are_the_records(document):
    found = [
        place
        for name, schema in document["components"]["schemas"].items()
        for place in closed(schema, name)
    ]
    assert found == [
        # FHIR resources of the client, and rows whose members the clinical content names.
        "OrderSelectContext/properties/draftOrders",
        "OrderSignContext/properties/draftOrders",
        "CardOrigin/properties/evidence/items",
    ]


def test_its_references_lead_somewhere(document):
    text = json.dumps(document)
    references = set(re.findall(r'"\$ref": "#/([^"]+)"', text))
    assert len(references) > 20
    for reference in references:
        target = document
        for part in reference.split("/"):
            target = target[part]


def test_callers_are_verified_with_issuers_and_need_no_token_without(
    document,
    make_client,  # noqa: F811
    issuers,  # noqa: F811
):
    scheme = document["components"]["securitySchemes"]["cdsClientToken"]
    assert (scheme["scheme"], scheme["bearerFormat"]) == ("bearer", "JWT")
    open_, verified = document, make_client(issuers).get("/openapi.json").get_json()
    token = {"cdsClientToken": []}
    for path in (URL, f"{URL}/feedback", "/cds-services"):
        method = "get" if path == "/cds-services" else "post"
        assert open_["paths"][path][method]["security"] == [{}, token]
        assert verified["paths"][path][method]["security"] == [token]
        answers = verified["paths"][path][method]["responses"]
        assert answers.keys() >= {"401", "503"}
    assert "security" not in verified["paths"]["/healthz"]["get"]
    assert make_client(issuers).get("/cds-services", headers=Token("/cds-services").header())


def fits(document, name, instance):
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(instance)


def test_the_requests_of_an_ehr_fit(document, content, hook_request):
    fits(document, "patient-view.request", hook_request(bundle_of("v01-too-early")))
    for service, hook in ((SELECT, "order-select"), (SIGN, "order-sign")):
        call = call_of(content, "order-tnfi--caution", medication_request(), service=service)
        fits(document, f"{hook}.request", call)
    authorization = {"access_token": "t", "token_type": "Bearer", "expires_in": 300}
    authorization |= {"scope": "patient/*.rs", "subject": "cds", "patient": "p1"}
    server = {"fhirServer": "https://ehr.example.org/fhir", "fhirAuthorization": authorization}
    call = hook_request(bundle_of("v01-too-early"))
    fits(document, "patient-view.request", {**call, **server, "extension": {"x": 1}})
    with pytest.raises(jsonschema.ValidationError, match="fhirServer"):
        fits(document, "patient-view.request", {**call, "fhirAuthorization": authorization})
    with pytest.raises(jsonschema.ValidationError):
        fits(document, "order-sign.request", hook_request(bundle_of("v01-too-early")))


@pytest.mark.parametrize("last_day", ["2028-02-29", "2026-01-31"])
def test_a_moment_on_the_last_day_of_a_month_fits(document, last_day):
    item = {"card": "c", "outcome": "accepted", "outcomeTimestamp": f"{last_day}T23:59:59.5+05:30"}
    fits(document, "FeedbackRequest", {"feedback": [item]})


def test_the_answers_to_an_ehr_fit(client, document, content, hook_request):
    fits(document, "Discovery", client.get("/cds-services").get_json())
    for case in ("v01-too-early", "v04-secondary-loss", "record--no-ra"):
        fits(document, "Cards", client.post(URL, json=hook_request(bundle_of(case))).get_json())
    call = call_of(content, "order-tnfi--caution", medication_request(ADALIMUMAB))
    answer = client.post(f"/cds-services/{SIGN}", json=call).get_json()
    assert answer["cards"]
    fits(document, "Cards", answer)
    fits(document, "OperationOutcome", client.post(URL, json={}).get_json())
    with pytest.raises(jsonschema.ValidationError):
        fits(document, "Cards", {**answer, "unheard-of": 1})


def test_feedback_is_answered_without_a_body_and_its_media_type(client):
    item = {"card": "c", "outcome": "accepted", "outcomeTimestamp": "2026-11-23T10:00:00Z"}
    answer = client.post(f"{URL}/feedback", json={"feedback": [item]})
    assert (answer.status_code, answer.get_data(), answer.content_type) == (200, b"", None)
    described = client.get("/openapi.json").get_json()["paths"][f"/cds-services/{SERVICE}/feedback"]
    assert "content" not in described["post"]["responses"]["200"]


@pytest.mark.parametrize("member", ["card", "userComment"])
def test_a_nul_character_in_feedback_is_refused_before_a_database_refuses_it(client, member):
    item = {"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-11-23T10:00:00Z"}
    if member == "card":
        item["card"] = "c\x00"
    else:
        item["overrideReason"] = {"userComment": "c\x00"}
    answer = client.post(f"{URL}/feedback", json={"feedback": [item]})
    assert answer.status_code == 400
    assert "NUL" in answer.get_data(as_text=True)
