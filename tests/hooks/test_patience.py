"""Repeats inside the budget, the breaker, and the short budget once the prefetch is enough."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from ra_cds_hooks.errors import NeededDataUnavailable
from ra_cds_hooks.fhir.client import Budget, Failure, FhirClient, Limits, Server
from ra_cds_hooks.fhir.patience import Breakers, Patience, pause_before, retry_after
from ra_cds_hooks.hooks.gather import Gatherer

from .conftest import PATIENT, observation, searchset
from .fhir_server import HANDLED, drip, drip_compressed, drip_headers, faulty_server, hang, reset
from .test_gather import full, gaps, gather, server  # noqa: F401  (fixtures)

QUICK = Patience(first_pause=0.01)


def answers_in_turn(*answers: Any) -> Any:
    """One answer after the other; the last one stays."""
    left = list(answers)

    def answer(handler: Any) -> Any:
        now = left.pop(0) if len(left) > 1 else left[0]
        return now(handler) if callable(now) else now

    return answer


def with_retry_after(value: str) -> Any:
    def answer(handler: Any) -> Any:
        handler.send_response(429)
        handler.send_header("Retry-After", value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return HANDLED

    return answer


GOOD = searchset(observation("o1"))
PASSING = [
    ("500 once", (500, b"no")),
    ("503 once", (503, b"no")),
    ("429 once", with_retry_after("0")),
    ("reset once", reset),
]


@pytest.mark.parametrize("fault", [r[1] for r in PASSING], ids=[r[0] for r in PASSING])
def test_what_passes_is_tried_again_and_the_record_is_whole(
    gatherer, service, full, server, fault  # noqa: F811
):  # fmt: skip
    server.answers["Observation"] = answers_in_turn(fault, GOOD)
    del full["laboratory"]
    record = gather(gatherer, service, full, fhirServer=server.base)
    assert "laboratory" not in gaps(record)
    assert [o["id"] for o in record.retrieve("Observation")] == ["o1"]
    assert len([p for p in server.asked if p.startswith("/fhir/Observation")]) == 2


FINAL = [
    ("401", (401, {})),
    ("403", (403, {})),
    ("404", (404, {})),
    ("not json", (200, b"<html>")),
    ("operation outcome", {"resourceType": "OperationOutcome"}),
]


@pytest.mark.parametrize("fault", [r[1] for r in FINAL], ids=[r[0] for r in FINAL])
def test_what_a_moment_cannot_mend_is_asked_once(
    gatherer, service, full, server, fault  # noqa: F811
):  # fmt: skip
    server.answers["Observation"] = fault
    del full["laboratory"]
    record = gather(gatherer, service, full, fhirServer=server.base)
    assert "laboratory" in gaps(record)
    assert len([p for p in server.asked if p.startswith("/fhir/Observation")]) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_wait_longer_than_the_budget_is_not_waited(gatherer, service, full, server, form):  # noqa: F811
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    wait = with_retry_after("30" if form == "seconds" else date)
    server.answers["Observation"] = answers_in_turn(wait, GOOD)
    del full["laboratory"]
    began = time.monotonic()
    record = gather(gatherer, service, full, fhirServer=server.base)
    assert time.monotonic() - began < 1.5
    assert "too many requests" in gaps(record)["laboratory"]


@pytest.mark.parametrize(
    ("value", "seconds"), [("3", 3.0), ("soon", None), (None, None), ("-1", None)]
)
def test_retry_after_in_seconds(value, seconds):
    assert retry_after(value) == seconds


def test_retry_after_as_a_date():
    sent = "Mon, 23 Nov 2026 12:00:00 GMT"
    assert retry_after("Mon, 23 Nov 2026 12:00:07 GMT", sent) == 7.0
    assert retry_after("Mon, 23 Nov 2026 12:00:07 -0000", sent) == 7.0
    assert retry_after("Mon, 23 Nov 2026 11:00:00 GMT", sent) == 0.0
    assert retry_after("Mon, 23 Nov 2026 12:00:07 GMT", None) is None
    assert retry_after("Mon, 23 Nov 2026 12:00:07 GMT", "yesterday") is None


def test_pauses_grow_and_the_servers_wish_counts():
    first = [pause_before(1, Patience(), None) for _ in range(50)]
    third = [pause_before(3, Patience(), None) for _ in range(50)]
    assert all(0.025 <= pause <= 0.05 for pause in first)
    assert all(0.1 <= pause <= 0.2 for pause in third)
    assert pause_before(1, Patience(), 2.0) == 2.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_breaker_opens_rests_probes_and_closes():
    clock = Clock()
    breakers = Breakers(Patience(failures=3, rest_seconds=10), clock)
    for _ in range(2):
        breakers.failed("a")
    assert breakers.may_call("a")
    breakers.failed("a")
    assert not breakers.may_call("a")
    assert breakers.may_call("b")
    assert breakers.resting() == 1
    clock.now = 9.9
    assert not breakers.may_call("a")
    clock.now = 10.0
    assert breakers.may_call("a")  # one probe ...
    assert not breakers.may_call("a")  # ... and nobody else
    breakers.failed("a")
    assert not breakers.may_call("a")
    clock.now = 20.0
    assert breakers.may_call("a")
    breakers.worked("a")
    assert breakers.may_call("a") and breakers.may_call("a")
    assert breakers.resting() == 0


def test_a_failing_server_is_left_alone():
    client = FhirClient(Limits(), patience=Patience(tries=1, failures=2))
    with faulty_server() as failing:
        failing.answers["Patient"] = (500, b"no")
        target = Server(failing.base)
        said = [client.read(target, "Patient/p1", Budget(2.0)).failure for _ in range(4)]
        assert said == [Failure.HTTP_ERROR, Failure.HTTP_ERROR, Failure.RESTING, Failure.RESTING]
        assert len(failing.asked) == 2
    client.close()


@contextmanager
def rested():
    """A client and a server that failed, whose rest is over; it is well again."""
    clock = Clock()
    client = FhirClient(Limits(), patience=Patience(tries=1, failures=1, rest_seconds=10))
    client.breakers.clock = clock
    with faulty_server() as failing:
        failing.answers["Patient"] = answers_in_turn((500, b"no"), PATIENT)
        target = Server(failing.base)
        assert client.read(target, "Patient/p1", Budget(2.0)).failure is Failure.HTTP_ERROR
        clock.now = 10.0
        yield client, target
    client.close()


def test_a_probe_that_the_budget_ends_does_not_leave_the_server_alone_for_ever():
    with rested() as (client, target):
        assert client.read(target, "Patient/p1", Budget(0.0)).failure is Failure.BUDGET
        assert client.read(target, "Patient/p1", Budget(2.0)).failure is None


@pytest.mark.parametrize(
    ("slow", "said"),
    [
        (drip, Failure.BUDGET),
        (drip_compressed, Failure.BUDGET),
        (drip_headers, Failure.TIMEOUT),
    ],
)
def test_an_answer_that_drips_is_left_when_the_budget_is_used_up(slow, said):
    """The thread that reads it is free again, not only the request that waits for it."""
    client = FhirClient(Limits())
    with faulty_server() as running:
        running.answers["Patient"] = slow
        began = time.monotonic()
        assert client.read(Server(running.base), "Patient/p1", Budget(0.3)).failure is said
        assert time.monotonic() - began < 2
    client.close()


def test_an_answer_that_is_too_large_is_not_read_to_its_end():
    client = FhirClient(Limits(max_page_bytes=10_000))
    with faulty_server() as large:
        large.answers["Patient"] = PATIENT | {"text": {"div": "x" * 20_000}}
        answer = client.read(Server(large.base), "Patient/p1", Budget(2.0))
        assert answer.failure is Failure.TOO_LARGE
        assert answer.documents == ()
    client.close()


def test_a_refusal_to_us_is_no_fault_of_the_server():
    client = FhirClient(Limits(), patience=Patience(tries=1, failures=2))
    with faulty_server() as strict:
        strict.answers["Patient"] = (403, {})
        target = Server(strict.base)
        said = {client.read(target, "Patient/p1", Budget(2.0)).failure for _ in range(5)}
        assert said == {Failure.FORBIDDEN}
        assert len(strict.asked) == 5
    client.close()


@pytest.fixture
def short(gatherer):
    """A gatherer as it is out of the box: 0.4 s once the prefetch is enough."""
    built = Gatherer(gatherer._reading, FhirClient(Limits(), patience=QUICK))
    yield built
    built.close()


def test_once_the_prefetch_is_enough_a_hanging_server_costs_the_short_budget(
    short, service, full, server  # noqa: F811
):  # fmt: skip
    server.answers["Observation"] = hang(3)
    del full["laboratory"]
    began = time.monotonic()
    record = gather(short, service, full, fhirServer=server.base)
    assert time.monotonic() - began < 1.2
    assert "time budget used up" in gaps(record)["laboratory"]


def test_where_needed_data_is_missing_the_long_budget_counts(
    short, service, full, server  # noqa: F811
):  # fmt: skip
    server.answers["Patient"] = answers_in_turn(lambda h: hang(0.8)(h) and PATIENT)
    del full["patient"]
    record = gather(short, service, full, fhirServer=server.base)
    assert record.patient["id"] == "p1"


def test_without_the_patient_it_is_a_412(short, service, full, server):  # noqa: F811
    server.answers["Patient"] = (500, b"no")
    del full["patient"]
    with pytest.raises(NeededDataUnavailable, match="patient"):
        gather(short, service, full, fhirServer=server.base)


def test_another_patients_data_is_refused_and_named(short, service, full, server):  # noqa: F811
    foreign = {**observation("o9"), "subject": {"reference": "Patient/p2"}}
    server.answers["Observation"] = searchset(observation("o1"), foreign)
    del full["laboratory"]
    record = gather(short, service, full, fhirServer=server.base)
    assert [o["id"] for o in record.retrieve("Observation")] == ["o1"]
    assert [i.reference for i in record.data_issues if "o9" in i.reference] == ["Observation/o9"]


def test_data_of_another_fhir_version_is_a_data_issue_not_a_silence(
    short, service, full, server  # noqa: F811
):  # fmt: skip
    r5 = {**observation("o5"), "status": {"code": "final"}, "code": {"concept": {"text": "CRP"}}}
    server.answers["Observation"] = searchset(r5)
    del full["laboratory"]
    record = gather(short, service, full, fhirServer=server.base)
    assert any(issue.reference == "Observation/o5" for issue in record.data_issues)


REFUSALS = [400, 405, 406, 422, 501]


@pytest.mark.parametrize("status", REFUSALS)
def test_a_server_that_does_not_know_a_search_is_not_in_trouble(status):
    """Servers refuse searches of types they do not have; what they have is read all the same."""
    client = FhirClient(Limits(), patience=Patience(tries=3, failures=2))
    with faulty_server() as strict:
        strict.answers |= {"CarePlan": (status, {}), "Patient": PATIENT}
        target = Server(strict.base)
        said = {client.search(target, "CarePlan?patient=p1", Budget(2.0)).failure for _ in range(4)}
        assert said == {Failure.REFUSED}
        assert len(strict.asked) == 4
        assert client.read(target, "Patient/p1", Budget(2.0)).failure is None
    client.close()


def test_too_slow_for_the_short_budget_is_not_failing_for_those_who_can_wait():
    client = FhirClient(Limits(), patience=Patience(tries=1, failures=1))
    with faulty_server() as slow:
        slow.answers["Patient"] = lambda handler: hang(0.3)(handler) and PATIENT
        target = Server(slow.base)

        def read(short):
            budget = Budget(2.0)
            if short:
                budget.shorten(0.1)
            return client.read(target, "Patient/p1", budget).failure

        assert [read(True), read(True)] == [Failure.TIMEOUT, Failure.RESTING]
        assert read(False) is None
        assert read(True) is Failure.RESTING
    client.close()


@pytest.mark.parametrize(
    "value", ["Mon, 30 Nov 2026 00:00:00 +99999999999999999999", "9" * 400, "Mon, 99 Nov 99999"]
)
def test_a_retry_after_without_sense_is_a_gap_like_any_other(
    gatherer, service, full, server, value  # noqa: F811
):  # fmt: skip
    server.answers["Observation"] = with_retry_after(value)
    del full["laboratory"]
    record = gather(gatherer, service, full, fhirServer=server.base)
    assert "too many requests" in gaps(record)["laboratory"]


def test_a_probe_that_breaks_off_does_not_leave_the_server_alone_for_ever(monkeypatch):
    with rested() as (client, target):
        with monkeypatch.context() as broken:
            broken.setattr(client, "_get_once", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                client.read(target, "Patient/p1", Budget(2.0))
        assert client.read(target, "Patient/p1", Budget(2.0)).failure is None


@pytest.mark.parametrize(("status", "said"), [(200, None), (500, Failure.RESTING)])
def test_the_other_reads_of_the_request_that_probes_wait_for_it(status, said):
    """After an outage the first call is answered whole, not one read of it."""
    clock = Clock()
    client = FhirClient(Limits(), patience=Patience(tries=1, failures=1, rest_seconds=10))
    client.breakers.clock = clock
    with faulty_server() as server, ThreadPoolExecutor(4) as pool:  # noqa: F811
        target = Server(server.base)
        server.answers["Patient"] = (500, b"no")
        assert client.read(target, "Patient/p1", Budget(2.0)).failure is Failure.HTTP_ERROR
        clock.now = 10.0
        server.answers["Patient"] = lambda handler: hang(0.1)(handler) and (status, PATIENT)
        budget = Budget(2.0)
        reads = [pool.submit(client.read, target, "Patient/p1", budget) for _ in range(4)]
        probing = next(read for read in as_completed(reads))
        others = [read.result().failure for read in reads if read is not probing]
        assert others == [said] * 3
    client.close()


def test_a_probe_holds_up_no_other_request():
    clock = Clock()
    breakers = Breakers(Patience(failures=1, rest_seconds=10), clock)
    breakers.failed("a")
    clock.now = 10.0
    one, other = object(), object()
    assert breakers.may_call("a", one, lambda: 5.0)
    began = time.monotonic()
    assert not breakers.may_call("a", other, lambda: 5.0)
    assert not breakers.may_call("a", one, lambda: 0.01)  # its own budget is used up
    assert time.monotonic() - began < 1
