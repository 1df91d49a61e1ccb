"""The endpoints: what CDS Hooks 2.0 owes its clients, and errors that are errors."""

import json
import logging
from decimal import Decimal

import pytest
from werkzeug.datastructures import LanguageAccept

from ra_cds_hooks.cql_engine_lite.errors import EvaluationError
from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.fhir.record import PatientRecord
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import create_app, evaluation
from ra_cds_hooks.web.cds_services import language_for

from .conftest import FIXTURES, URL, bundle_of

ORIGIN = "https://sandbox.cds-hooks.org"
NO_RA = "record--no-ra"
FEEDBACK = {
    "feedback": [
        {
            "card": "unknown-card",
            "outcome": "overridden",
            "outcomeTimestamp": "2026-11-23T10:00:00Z",
            "overrideReason": {
                "reason": {"code": "x", "system": "urn:y", "display": "Another CANARY"},
                "userComment": "CANARY",
            },
        }
    ]
}


def is_outcome(response):
    body = response.get_json()
    return body["resourceType"] == "OperationOutcome" and "cards" not in body


def without_nothing(value):
    """Whether no null, "", [] or {} is inside, but for an empty list of cards."""
    if isinstance(value, dict):
        return all(
            (name == "cards" or member not in (None, "", [], {})) and without_nothing(member)
            for name, member in value.items()
        )
    return all(map(without_nothing, value)) if isinstance(value, list) else True


def test_discovery(client):
    response = client.get("/cds-services")
    assert response.status_code == 200
    services = {service["id"]: service for service in response.get_json()["services"]}
    assert {id_: service["hook"] for id_, service in services.items()} == {
        "ra-escalation-safety-select": "order-select",
        "ra-escalation-safety-sign": "order-sign",
        "ra-refractory-review": "patient-view",
        "ra-refractory-review-encounter": "encounter-start",
    }
    service = services["ra-refractory-review"]
    assert service["hook"] == "patient-view"
    assert "not clinically validated" in service["description"]
    assert len(service["prefetch"]) <= 10
    assert service["prefetch"]["patient"] == "Patient/{{context.patientId}}"
    assert without_nothing(response.get_json())
    encounter = services["ra-refractory-review-encounter"]
    assert encounter["hook"] == "encounter-start"
    assert encounter["prefetch"] == service["prefetch"]
    assert encounter["title"] != service["title"]


def test_the_encounter_gets_the_same_cards(client, hook_request):
    request = hook_request(bundle_of("v02-primary-nonresponse-m3"))
    viewed = client.post("/cds-services/ra-refractory-review", json=request).get_json()["cards"]
    request["hook"] = "encounter-start"
    request["context"]["encounterId"] = "e1"
    answer = client.post("/cds-services/ra-refractory-review-encounter", json=request)
    assert answer.status_code == 200, answer.get_json()
    assert [c["summary"] for c in answer.get_json()["cards"]] == [c["summary"] for c in viewed]
    # the hook of the one is not the hook of the other
    assert client.post("/cds-services/ra-refractory-review", json=request).status_code == 400


def test_a_case_gets_cards(client, hook_request):
    case = sorted(FIXTURES.glob("v*"))[0].name
    response = client.post(URL, json=hook_request(bundle_of(case)))
    assert response.status_code == 200
    body = response.get_json()
    assert 1 <= len(body["cards"]) <= 4
    for card in body["cards"]:
        assert 0 < len(card["summary"]) < 140
        assert card["indicator"] in ("info", "warning", "critical")
        assert card["source"]["label"]
        assert "selectionBehavior" in card or "suggestions" not in card
    assert without_nothing(body)


def test_a_patient_without_ra_gets_no_cards(client, hook_request):
    response = client.post(URL, json=hook_request(bundle_of(NO_RA)))
    assert response.status_code == 200
    assert response.get_json()["cards"] == []


def test_the_extension_can_be_switched_off(make_app, hook_request, content):
    body = hook_request(bundle_of(NO_RA))
    shown = make_app().test_client().post(URL, json=body).get_json()
    assert shown["extension"][content.extension_key]["primary"] == "NOT_RA"
    hidden = make_app(decision_extension=False).test_client().post(URL, json=body).get_json()
    assert "extension" not in hidden


def test_the_same_call_gives_the_same_answer(client, hook_request):
    body = hook_request(bundle_of("record--no-dmard"))
    assert client.post(URL, json=body).data == client.post(URL, json=body).data


STATUSES = [
    ("get", "/cds-services/nothing", None, 405),
    ("post", "/cds-services/nothing", {}, 404),
    ("post", "/cds-services/nothing/feedback", FEEDBACK, 404),
    ("get", "/nowhere", None, 404),
    ("post", f"/{URL}", {}, 404),
    ("post", URL.replace("/ra-", "//ra-"), {}, 404),
    ("get", URL, None, 405),
    ("delete", URL, None, 405),
    ("post", "/cds-services", {}, 405),
    ("post", URL, {}, 400),
    ("post", URL, [], 400),
    ("post", f"{URL}/feedback", {}, 400),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), STATUSES)
def test_errors_are_operation_outcomes(client, method, path, body, status):
    response = getattr(client, method)(path, json=body)
    assert response.status_code == status
    assert response.content_type == "application/json"
    assert is_outcome(response)
    if status == 405:
        assert response.headers["Allow"] in response.get_json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {}, 415),
        (b"{}", {"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        (b"", {"Content-Type": "application/json"}, 400),
        (b'{"hook": ', {"Content-Type": "application/json"}, 400),
        (b'{"hook":"a","hook":"b"}', {"Content-Type": "application/json"}, 400),
        (b"[" * 100_000, {"Content-Type": "application/json"}, 400),
        (b'{"a":' * 3000 + b"1" + b"}" * 3000, {"Content-Type": "application/json"}, 400),
        (b"\xff\xfe", {"Content-Type": "application/json; charset=utf-16"}, 400),
        (b"x" * 2_000_000, {"Content-Type": "application/json"}, 413),
    ],
)
def test_bodies_that_are_none(make_app, data, headers, status):
    client = make_app(max_body_bytes=1_000_000).test_client()
    response = client.post(URL, data=data, headers=headers)
    assert response.status_code == status
    assert is_outcome(response)


def test_the_field_is_in_the_outcome(client, hook_request):
    body = hook_request(bundle_of(NO_RA)) | {"hook": "order-sign"}
    response = client.post(URL, json=body)
    assert response.status_code == 400
    assert response.get_json()["issue"][0]["expression"] == ["hook"]


def test_needed_data_missing_is_412(client, hook_request):
    response = client.post(URL, json=hook_request(bundle_of(NO_RA)) | {"prefetch": None})
    assert response.status_code == 412
    assert is_outcome(response)


@pytest.mark.parametrize("error", [ValueError("CANARY"), EvaluationError.__new__(EvaluationError)])
def test_a_crash_is_a_500_and_never_an_empty_list(client, hook_request, monkeypatch, caplog, error):
    def crash(*_):
        raise error

    monkeypatch.setattr(evaluation, "decide", crash)
    with caplog.at_level(logging.DEBUG):
        response = client.post(URL, json=hook_request(bundle_of(NO_RA)))
    assert response.status_code == 500
    assert is_outcome(response)
    assert "CANARY" not in response.get_data(as_text=True) + caplog.text
    assert type(error).__name__ in caplog.text


@pytest.mark.parametrize("path", ["/cds-services", URL, f"{URL}/feedback"])
def test_preflight_passes_for_a_listed_origin_only(client, path):
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    response = client.options(path, headers=asked)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    foreign = client.options(path, headers=asked | {"Origin": "https://evil.test"})
    assert "Access-Control-Allow-Origin" not in foreign.headers


def test_answers_and_errors_carry_the_origin(make_app):
    client = make_app(cors_origins="*").test_client()
    for response in (
        client.get("/cds-services", headers={"Origin": ORIGIN}),
        client.post(URL, json={}, headers={"Origin": ORIGIN}),
    ):
        assert response.headers["Access-Control-Allow-Origin"] == "*"


PARAMETER = "RAParameters.Joint Count Maximum"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({PARAMETER: "many"}, "Joint Count Maximum: not a Decimal"),
        ({"RAParameters.No Such": 1}, "no parameter is called .RAParameters.No Such"),
    ],
)
def test_a_wrong_parameter_stops_the_start(tmp_path, parameters, message):
    settings = load_settings(
        parameters=parameters, database_url=f"sqlite:///{tmp_path / 'feedback.sqlite'}"
    )
    with pytest.raises(ConfigurationError, match=message):
        create_app(settings)


def test_a_parameter_with_a_fraction_is_a_decimal():
    assert load_settings(parameters={PARAMETER: 27.1}).parameters == {PARAMETER: Decimal("27.1")}


def test_health(client):
    assert client.get("/healthz").get_json() == {"status": "ok"}


def test_feedback_is_stored_once_without_its_comment(make_app):
    app = make_app()
    for _ in range(2):
        assert app.test_client().post(f"{URL}/feedback", json=FEEDBACK).status_code == 200
    rows = app.extensions["ra_cds_hooks"].store.all()
    assert [(r.card, r.reason_code, r.reason_display, r.comment) for r in rows] == [
        ("unknown-card", "x", None, None)
    ]


def test_comments_are_stored_when_asked_for(make_app):
    app = make_app(store_feedback_comments=True)
    app.test_client().post(f"{URL}/feedback", json=FEEDBACK)
    [row] = app.extensions["ra_cds_hooks"].store.all()
    assert (row.reason_display, row.comment) == ("Another CANARY", "CANARY")


def test_a_store_that_is_away_is_a_503_with_retry_after(make_app, hook_request, tmp_path):
    client = make_app(database_url=f"sqlite:///{tmp_path / 'no/such/f.sqlite'}").test_client()
    response = client.post(f"{URL}/feedback", json=FEEDBACK)
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert is_outcome(response)
    assert client.post(URL, json=hook_request(bundle_of(NO_RA))).status_code == 200


def record(*communication):
    patient = {"resourceType": "Patient", "id": "p1", "communication": list(communication)}
    return PatientRecord("p1", {"Patient": [patient]}, frozenset(), ())


def spoken(code, **members):
    return {"language": {"coding": [{"code": code}]}, **members}


@pytest.mark.parametrize(
    ("setting", "accepted", "communication", "language"),
    [
        (None, [], [], "en"),
        ("zh", [("en", 1)], [spoken("en")], "zh"),
        (None, [("zh-CN", 1)], [], "zh"),
        (None, [("fr", 1), ("zh", 0.5), ("en", 0.4)], [], "zh"),
        (None, [("fr", 1)], [spoken("zh-Hans")], "zh"),
        (None, [("zh", 0), ("*", 0.1)], [], "en"),
        (None, [], [spoken("en"), spoken("zh", preferred=True)], "zh"),
        (None, [], [5, {"language": 5}, {"language": {"coding": [5, {"code": 5}]}}], "en"),
    ],
)
def test_language(setting, accepted, communication, language):
    accept = LanguageAccept(accepted)
    assert language_for(setting, accept, record(*communication)) == language


def test_nothing_of_the_patient_is_logged_at_any_level(client, hook_request, caplog):
    bundle = json.loads(
        json.dumps(bundle_of("record--no-dmard")).replace('"birthDate"', '"x-birthDate"')
    )
    bundle["entry"][0]["resource"]["name"] = [{"text": "CANARY"}]
    body = hook_request(
        bundle,
        fhirServer="http://127.0.0.1:1/fhir",
        fhirAuthorization={"access_token": "CANARYTOKEN"},
    )
    del body["prefetch"]["laboratory"]
    patient_id = body["context"]["patientId"]
    with caplog.at_level(logging.DEBUG):
        assert client.post(URL, json=body).status_code == 200
        assert client.post(URL, json=body | {"prefetch": None}).status_code == 412
        assert (
            client.post(URL, json=body | {"context": {"patientId": "CANARY ?"}}).status_code == 400
        )
    assert "CANARY" not in caplog.text
    assert patient_id not in caplog.text


@pytest.mark.parametrize("path", ["/cds-services", URL, "/cds-services/none/feedback", "/healthz"])
def test_cards_are_kept_nowhere_and_types_are_what_they_say(client, path):
    answer = client.get(path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (answer.headers.get("Cache-Control") == "no-store") is (path != "/healthz")
