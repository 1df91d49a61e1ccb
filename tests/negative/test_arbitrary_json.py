"""Whatever JSON arrives: an answer that was planned, never a crash, never cards from a fault."""

import copy
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import URL, bundle_of, request_for

PLANNED = {200, 400, 404, 412, 413, 415}
CASE = "v04-secondary-loss"

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
    st.sampled_from(["final", "2026-02-30", "9999-12-31", "0001-01-01", "2026-11-23T24:00:00Z",
                     "Patient/other", "#x", "urn:uuid:x", "mg/L", "\u0000", "1e400", 10**30, -1,
                     1e308, 5e-324]),
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
RELAXED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def answered(response):
    assert response.status_code in PLANNED, response.get_data(as_text=True)
    body = response.get_json()
    if response.status_code == 200:
        assert isinstance(body["cards"], list)
    else:
        assert body["resourceType"] == "OperationOutcome"
        assert "cards" not in body


@settings(max_examples=60, deadline=None, derandomize=True)
@given(body=JSON)
def test_any_json_at_every_endpoint(app, body):
    client = app.test_client()
    for path in (URL, f"{URL}/feedback"):
        response = client.post(path, data=json.dumps(body), content_type="application/json")
        assert response.status_code == 400


@settings(max_examples=60, deadline=None, derandomize=True)
@given(raw=st.binary(max_size=60))
def test_any_bytes_at_every_endpoint(app, raw):
    for path in (URL, f"{URL}/feedback"):
        response = app.test_client().post(path, data=raw, content_type="application/json")
        assert response.status_code == 400


def places(value, path=()):
    """Every place in a JSON document, as a path of keys and positions."""
    yield path
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places(member, (*path, name))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from places(member, (*path, index))


def changed(document, path, new):
    document = copy.deepcopy(document)
    holder = document
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = new
    return document


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=RELAXED)
@given(data=st.data())
def test_a_real_request_with_one_thing_replaced(app, content, data):
    request = request_for(content, bundle_of(CASE))
    path = data.draw(st.sampled_from([p for p in places(request) if p]))
    body = changed(request, path, data.draw(JSON))
    answered(app.test_client().post(URL, json=body))


MEMBERS = st.sampled_from(
    [
        *("id", "status", "subject", "code", "valueQuantity", "effectiveDateTime", "component"),
        *("medicationCodeableConcept", "medicationReference", "meta", "identifier", "category"),
    ]
)
KEYS = {
    "Observation": "laboratory",
    "MedicationRequest": "medicationRequests",
    "Condition": "conditions",
}


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=RELAXED)
@given(
    resources=st.lists(
        st.tuples(st.sampled_from(sorted(KEYS)), st.dictionaries(MEMBERS, JSON)), max_size=4
    )
)
def test_a_real_request_with_any_resources_added(app, content, resources):
    request = request_for(content, bundle_of(CASE))
    mine = {"subject": {"reference": f"Patient/{request['context']['patientId']}"}}
    for kind, members in resources:
        entry = {"resource": mine | members | {"resourceType": kind}}
        request["prefetch"][KEYS[kind]]["entry"].append(entry)
    answered(app.test_client().post(URL, json=request))
