"""Requests: what is wrong is named by field, what is merely odd is tolerated."""

import json

import pytest

from ra_cds_hooks.errors import InvalidRequest
from ra_cds_hooks.hooks.parse import parse_feedback, parse_hook_request

from .conftest import hook_body

AUTH = {
    "access_token": "t0k",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "",
    "subject": "s",
}


def parse(body):
    return parse_hook_request(json.dumps(body).encode(), "patient-view")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"hook": None}, "hook"),
        ({"hook": "order-sign"}, "hook"),
        ({"hook": 5}, "hook"),
        ({"hookInstance": None}, "hookInstance"),
        ({"hookInstance": "not-a-uuid"}, "hookInstance"),
        ({"context": None}, "context"),
        ({"context": []}, "context"),
        ({"context": {"userId": "Practitioner/x"}}, "context.patientId"),
        ({"context": {"patientId": "p1"}}, "context.userId"),
        ({"context": {"userId": "x", "patientId": ""}}, "context.patientId"),
        ({"context": {"userId": "x", "patientId": "a/../b?c"}}, "context.patientId"),
        ({"context": {"userId": "x", "patientId": 7}}, "context.patientId"),
        ({"fhirAuthorization": AUTH}, "fhirServer"),
        ({"fhirServer": 5}, "fhirServer"),
        ({"fhirServer": "http://h", "fhirAuthorization": {}}, "fhirAuthorization.access_token"),
        (
            {"fhirServer": "http://h", "fhirAuthorization": {**AUTH, "access_token": "a\r\nb"}},
            "fhirAuthorization.access_token",
        ),
        (
            {"fhirServer": "http://h", "fhirAuthorization": {**AUTH, "token_type": "mac"}},
            "fhirAuthorization.token_type",
        ),
        (
            {"fhirServer": "http://h", "fhirAuthorization": {**AUTH, "patient": "p2"}},
            "fhirAuthorization.patient",
        ),
        ({"prefetch": 5}, "prefetch"),
        ({"prefetch": {"conditions": "x"}}, "prefetch.conditions"),
        ({"prefetch": {"conditions": []}}, "prefetch.conditions"),
    ],
)
def test_the_field_at_fault_is_named(change, field):
    with pytest.raises(InvalidRequest) as caught:
        parse(hook_body() | change)
    assert caught.value.field == field
    assert field in caught.value.message


@pytest.mark.parametrize(("length", "fits"), [(1025, True), (16384, True), (16385, False)])
def test_a_token_may_be_as_long_as_signed_tokens_are(length, fits):
    body = hook_body() | {
        "fhirServer": "http://h",
        "fhirAuthorization": {**AUTH, "access_token": "a" * length},
    }
    if fits:
        assert len(parse(body).fhirAuthorization.access_token) == length
    else:
        with pytest.raises(InvalidRequest, match="access_token"):
            parse(body)


@pytest.mark.parametrize("missing", ["hook", "hookInstance", "context"])
def test_a_missing_member_is_named(missing):
    body = hook_body()
    del body[missing]
    with pytest.raises(InvalidRequest, match=f"{missing}: is required"):
        parse(body)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"null", b"5", b'"x"', b"\xff", b'{"a":1,"a":2}', b"[" * 500]
)
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(InvalidRequest):
        parse_hook_request(text, "patient-view")


def test_nulls_and_unknown_members_are_tolerated():
    body = hook_body(
        extension={"com.example": {"x": [None]}},
        fhirServer=None,
        fhirAuthorization=None,
        surprise=[1, 2],
    )
    body["context"] |= {"encounterId": None, "com.example.more": {"a": 1}}
    body["prefetch"] = None
    request = parse(body)
    assert request.context.patientId == "p1"
    assert request.prefetch == {}


def test_a_reference_in_place_of_the_id_is_understood():
    body = hook_body(context={"userId": "Practitioner/x", "patientId": "Patient/p1"})
    assert parse(body).context.patientId == "p1"


def test_neither_token_nor_record_is_in_the_text_form_or_the_error():
    body = hook_body({"patient": {"name": "CANARY"}}, fhirServer="http://h", fhirAuthorization=AUTH)
    request = parse(body)
    assert "t0k" not in repr(request)
    assert "CANARY" not in repr(request)
    body["context"]["patientId"] = "CANARY CANARY"
    with pytest.raises(InvalidRequest) as caught:
        parse(body)
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None


ITEM = {"card": "c1", "outcome": "accepted", "outcomeTimestamp": "2026-11-23T10:00:00Z"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"card": None}, "feedback[0].card"),
        ({"card": ""}, "feedback[0].card"),
        ({"card": "x" * 300}, "feedback[0].card"),
        ({"outcome": "ignored"}, "feedback[0].outcome"),
        ({"outcomeTimestamp": None}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": 5}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "yesterday"}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "0001-01-01T00:00:00+14:00"}, "feedback[0].outcomeTimestamp"),
        ({"acceptedSuggestions": [{}]}, "feedback[0].acceptedSuggestions[0].id"),
        ({"acceptedSuggestions": 5}, "feedback[0].acceptedSuggestions"),
    ],
)
def test_the_feedback_field_at_fault_is_named(change, field):
    with pytest.raises(InvalidRequest) as caught:
        parse_feedback(json.dumps({"feedback": [ITEM | change]}).encode())
    assert caught.value.field == field


def test_feedback_tolerates_nulls():
    item = ITEM | {"acceptedSuggestions": None, "overrideReason": None, "extension": {}}
    assert parse_feedback(json.dumps({"feedback": [item]}).encode()).feedback[0].card == "c1"
