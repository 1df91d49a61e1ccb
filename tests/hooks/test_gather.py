"""Gathering: absent, null, failed and cut short are four different things."""

import json
import time

import pytest

from ra_cds_hooks.errors import InvalidRequest, NeededDataUnavailable
from ra_cds_hooks.fhir.client import Budget
from ra_cds_hooks.hooks.gather import _search_by_patient
from ra_cds_hooks.hooks.models import Context
from ra_cds_hooks.hooks.parse import parse_hook_request
from ra_cds_hooks.hooks.prefetch import fill

from .conftest import PATIENT, hook_body, observation, searchset
from .fhir_server import drip, drip_headers, faulty_server, hang, redirect, reset, truncated

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "x"}]}
TOKEN = {"access_token": "t0k", "token_type": "Bearer", "scope": "patient/*.rs"}


@pytest.fixture
def server():
    with faulty_server() as running:
        running.answers = {"Patient": PATIENT} | dict.fromkeys(
            [
                "Condition", "MedicationStatement", "MedicationRequest", "MedicationDispense",
                "MedicationAdministration", "AllergyIntolerance", "Immunization", "Procedure",
            ],
            searchset(),
        )  # fmt: skip
        running.answers["Observation"] = searchset(observation("o1"), observation("o2"))
        yield running


@pytest.fixture
def full(service):
    """A complete prefetch: every key answered."""
    return {key: PATIENT if key == "patient" else searchset(total=0) for key in service.prefetch}


def gather(gatherer, service, prefetch, seconds=3.0, **members):
    request = parse_hook_request(
        json.dumps(hook_body(prefetch, **members)).encode(), "patient-view"
    )
    return gatherer.gather(service, request, Budget(seconds))


def gaps(record):
    return {
        issue.detail.partition(":")[0]: issue.detail.partition(": ")[2]
        for issue in record.data_issues
        if issue.code == "DATA_INCOMPLETE"
    }


def test_a_full_prefetch_is_complete_except_what_no_key_covers(gatherer, service, full):
    record = gather(gatherer, service, full)
    assert record.incomplete == {"Procedure"}
    assert gaps(record) == {"Procedure": "not sent; no fhirServer to ask"}


def test_what_no_key_covers_may_be_sent_under_the_name_of_its_type(gatherer, service, full):
    treated = {
        "resourceType": "Procedure",
        "id": "x",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
    }
    record = gather(gatherer, service, full | {"Procedure": searchset(treated)})
    assert [p["id"] for p in record.retrieve("Procedure")] == ["x"]
    assert record.incomplete == frozenset()


@pytest.mark.parametrize(
    ("kind", "search"),
    [("Procedure", "patient=p1"), ("AdverseEvent", "subject=Patient%2Fp1")],
)
def test_a_type_that_no_key_covers_is_searched_as_r4_has_it(kind, search):
    filled = fill(_search_by_patient(kind), Context(userId="Practitioner/dr-1", patientId="p1"))
    assert filled.text.replace("/", "%2F") == f"{kind}?{search}&_count=500"


FOUR_WAYS = [
    ("absent", "absent", True),
    ("null", None, False),
    ("empty bundle", searchset(), False),
    ("operation outcome", OUTCOME, True),
    ("outcome inside", searchset(OUTCOME), True),
    ("cut short", searchset(link=[{"relation": "next", "url": "http://x/fhir?page=2"}]), True),
    ("fewer than found", searchset(observation("a"), total=2), True),
    ("all that was found", searchset(observation("a"), total=1), False),
    ("a page exactly full", searchset(*[observation(f"a{n}") for n in range(1000)]), True),
    ("more than asked for", searchset(*[observation(f"a{n}") for n in range(1001)]), False),
    ("one resource", observation("a"), True),
    ("something else", {"resourceType": "Patient", "id": "p1"}, True),
    ("no resource", {}, True),
    ("entries no list", {"resourceType": "Bundle", "entry": {}}, True),
]


@pytest.mark.parametrize(
    ("value", "incomplete"), [r[1:] for r in FOUR_WAYS], ids=[r[0] for r in FOUR_WAYS]
)
def test_what_a_key_holds_decides_whether_absence_counts(
    gatherer, service, full, value, incomplete
):
    if value == "absent":
        del full["laboratory"]
    else:
        full["laboratory"] = value
    record = gather(gatherer, service, full)
    assert ("Observation" in record.incomplete) is incomplete
    assert ("laboratory" in gaps(record)) is incomplete


def test_an_absent_key_is_fetched_and_nothing_else(gatherer, service, full, server):
    del full["laboratory"]
    record = gather(gatherer, service, full, fhirServer=server.base, fhirAuthorization=TOKEN)
    assert [o["id"] for o in record.retrieve("Observation")] == ["o1", "o2"]
    assert record.incomplete == frozenset()
    assert len(server.asked) == 2, "the laboratory search, and Procedure that no key covers"
    assert set(server.tokens) == {"Bearer t0k"}
    assert all(path.startswith("/fhir/") for path in server.asked)


@pytest.mark.parametrize("value", [None, OUTCOME], ids=["null", "operation outcome"])
def test_null_and_failure_are_not_fetched_again(gatherer, service, full, server, value):
    full["laboratory"] = value
    gather(gatherer, service, full, fhirServer=server.base)
    assert [path.partition("?")[0] for path in server.asked] == ["/fhir/Procedure"]


def test_everything_comes_from_the_server_when_nothing_is_sent(gatherer, service, server):
    record = gather(gatherer, service, None, fhirServer=f"{server.base}/")
    assert record.patient == PATIENT
    assert record.incomplete == frozenset()
    assert server.tokens == [None] * 11


def test_further_pages_are_followed(gatherer, service, full, server):
    page2, page3 = f"{server.base}/Observation?page=2", "Observation?page=3"
    full["laboratory"] = searchset(observation("a"), link=[{"relation": "next", "url": page2}])
    server.answers["/fhir/Observation?page=2"] = searchset(
        observation("b"), link=[{"relation": "next", "url": page3}]
    )
    server.answers["/fhir/Observation?page=3"] = searchset(observation("c"))
    record = gather(gatherer, service, full, fhirServer=server.base, fhirAuthorization=TOKEN)
    assert [o["id"] for o in record.retrieve("Observation")] == ["a", "b", "c"]
    assert record.incomplete == frozenset()


def test_a_next_page_elsewhere_is_not_followed_and_gets_no_token(gatherer, service, full, server):
    with faulty_server() as canary:
        for url in (f"{canary.base}/Observation?page=2", f"{server.origin}/admin?page=2"):
            full["laboratory"] = searchset(
                observation("a"), link=[{"relation": "next", "url": url}]
            )
            record = gather(
                gatherer, service, full, fhirServer=server.base, fhirAuthorization=TOKEN
            )
            assert [o["id"] for o in record.retrieve("Observation")] == ["a"]
            assert "Observation" in record.incomplete
        assert canary.asked == []
        assert not any("admin" in path for path in server.asked)


def endless(handler):
    number = int(handler.path.rpartition("=")[2]) if "page=" in handler.path else 1
    url = f"/fhir/Observation?page={number + 1}"
    return searchset(observation(f"o{number}"), link=[{"relation": "next", "url": url}])


def circle(handler):
    url = "/fhir/Observation?page=1"
    return searchset(observation("o1"), link=[{"relation": "next", "url": url}])


def moving(handler):
    """Another page at every call, and each names the same address as the next."""
    handler.server.calls = getattr(handler.server, "calls", 0) + 1
    url = "/fhir/Observation?page=next"
    link = [{"relation": "next", "url": url}]
    return searchset(observation(f"o{handler.server.calls}"), link=link)


FAULTS = [
    ("refused", None, "not found"),
    ("500", (500, b"no"), "http error"),
    ("401", (401, {}), "unauthorized"),
    ("403", (403, {}), "forbidden"),
    ("429", (429, {}), "too many requests"),
    ("truncated", truncated, "unreachable"),
    ("truncated json", (200, b'{"resourceType": "Bund'), "not json"),
    ("html", (200, b"<html>CANARY</html>"), "not json"),
    ("json list", (200, []), "unexpected resource type"),
    ("operation outcome with 200", OUTCOME, "operation outcome"),
    ("wrong type", PATIENT, "unexpected resource type"),
    ("hang", hang(2), "timeout"),
    ("drip", drip, "time budget used up"),
    ("drip of headers", drip_headers, "timeout"),
    ("reset", reset, "unreachable"),
    ("endless pages", endless, "too many pages"),
    ("page repeated", circle, "page repeated"),
    ("address repeated", moving, "page repeated"),
    ("deep json", (200, b"[" * 5000 + b"]" * 5000), "not json"),
    ("duplicate keys", (200, b'{"resourceType":"Bundle","resourceType":"Bundle"}'), "not json"),
]


@pytest.mark.parametrize(("fault", "said"), [r[1:] for r in FAULTS], ids=[r[0] for r in FAULTS])
def test_each_fault_is_a_named_gap_within_the_budget(gatherer, service, full, server, fault, said):
    server.answers["Observation"] = fault
    del full["laboratory"]
    began = time.monotonic()
    record = gather(gatherer, service, full, seconds=1.0, fhirServer=server.base)
    assert time.monotonic() - began < 1.6
    assert "Observation" in record.incomplete
    assert said in gaps(record)["laboratory"]
    assert "CANARY" not in str(record.data_issues)


def test_a_closed_port_is_a_gap(gatherer, service, full):
    del full["laboratory"]
    record = gather(gatherer, service, full, fhirServer="http://127.0.0.1:1/fhir")
    assert "unreachable" in gaps(record)["laboratory"]


def test_a_redirect_is_not_followed_and_takes_no_token_along(gatherer, service, full, server):
    with faulty_server() as canary:
        server.answers["Observation"] = redirect(f"{canary.base}/Observation")
        del full["laboratory"]
        record = gather(gatherer, service, full, fhirServer=server.base, fhirAuthorization=TOKEN)
        assert canary.asked == []
    assert "redirect not followed" in gaps(record)["laboratory"]


def test_all_hanging_reads_together_stay_within_one_budget(gatherer, service, server):
    server.answers = dict.fromkeys(server.answers, hang(3)) | {"Observation": hang(3)}
    began = time.monotonic()
    with pytest.raises(NeededDataUnavailable) as caught:
        gather(gatherer, service, None, seconds=0.4, fhirServer=server.base)
    assert time.monotonic() - began < 1.2
    assert caught.value.field == "prefetch.patient"


def test_a_server_that_is_not_allowed_is_not_called(gatherer, service, full):
    del full["laboratory"]
    record = gather(gatherer, service, full, fhirServer="https://ehr.example.org/fhir")
    assert "not on the list of allowed servers" in gaps(record)["laboratory"]


def test_a_server_url_that_is_none_is_refused(gatherer, service, full):
    with pytest.raises(InvalidRequest):
        gather(gatherer, service, full, fhirServer="file:///etc/passwd")


def test_what_the_token_does_not_reach_is_not_asked_for(gatherer, service, full, server):
    del full["laboratory"]
    narrow = TOKEN | {"scope": "patient/Condition.read"}
    record = gather(gatherer, service, full, fhirServer=server.base, fhirAuthorization=narrow)
    assert "scope does not reach Observation" in gaps(record)["laboratory"]
    assert server.asked == []


def test_a_narrowed_scope_is_used_and_named(gatherer, service, full, server):
    del full["laboratory"]
    narrow = TOKEN | {"scope": "patient/Observation.rs?category=laboratory"}
    record = gather(gatherer, service, full, fhirServer=server.base, fhirAuthorization=narrow)
    assert len(record.retrieve("Observation")) == 2
    assert "only a part of Observation" in gaps(record)["laboratory"]


NEEDED = [
    ({"patient": None}, "patient"),
    ({"patient": OUTCOME}, "patient"),
    ({"patient": {"resourceType": "Patient", "id": "p2"}}, "patient"),
    ({"patient": searchset()}, "patient"),
    ({"laboratory": OUTCOME, "observations": OUTCOME}, "observation"),
    (
        {
            "medicationStatements": OUTCOME, "medicationRequests": OUTCOME,
            "medicationAdministrations": OUTCOME, "medicationDispenses": OUTCOME,
        },
        "therapy",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "group"), NEEDED)
def test_needed_data_that_cannot_be_had_is_a_412(gatherer, service, full, change, group):
    with pytest.raises(NeededDataUnavailable, match=f"without {group} data") as caught:
        gather(gatherer, service, full | change)
    assert caught.value.field == f"prefetch.{next(iter(change))}"


def test_nothing_sent_and_no_server_is_a_412(gatherer, service):
    with pytest.raises(NeededDataUnavailable):
        gather(gatherer, service, None)


def test_data_that_only_narrows_the_advice_is_no_412(gatherer, service, full):
    some = {"patient", "medicationRequests", "observations"}
    record = gather(gatherer, service, {key: full[key] for key in some})
    assert record.incomplete >= {"Condition", "MedicationStatement", "Observation"}
    assert "MedicationRequest" not in record.incomplete


def test_a_patient_in_a_bundle_counts(gatherer, service, full):
    record = gather(gatherer, service, full | {"patient": searchset(PATIENT)})
    assert record.patient == PATIENT


def test_another_patients_resources_are_refused(gatherer, service, full):
    theirs = observation("x", subject={"reference": "Patient/p2"})
    record = gather(gatherer, service, full | {"laboratory": searchset(theirs, observation("a"))})
    assert [o["id"] for o in record.retrieve("Observation")] == ["a"]
    assert "OTHER_PATIENT" in {issue.code for issue in record.data_issues}


def test_a_referenced_medication_is_read_from_the_server(gatherer, service, full, server):
    drug = {"coding": [{"system": "urn:x", "code": "mtx"}]}
    server.answers["/fhir/Medication/m1"] = {
        "resourceType": "Medication", "id": "m1", "code": drug,
    }  # fmt: skip
    request = {
        "resourceType": "MedicationRequest",
        "id": "r",
        "subject": {"reference": "Patient/p1"},
        "medicationReference": {"reference": "Medication/m1"},
    }
    foreign = {
        **request, "id": "f", "medicationReference": {"reference": "https://o.example/Medication/m1"},
    }  # fmt: skip
    full["medicationRequests"] = searchset(request, foreign)
    record = gather(gatherer, service, full, fhirServer=server.base)
    by_id = {r["id"]: r for r in record.retrieve("MedicationRequest")}
    assert by_id["r"]["medicationCodeableConcept"] == drug
    assert "medicationCodeableConcept" not in by_id["f"]
    assert "MedicationRequest" in record.incomplete, "which drug f is stays unknown"


def test_a_server_that_changes_the_patient_is_not_believed(gatherer, service, server):
    server.answers["Patient"] = {"resourceType": "Patient", "id": "p2"}
    with pytest.raises(NeededDataUnavailable, match="not the patient"):
        gather(gatherer, service, None, fhirServer=server.base)
