"""RAExposures.cql at its edges (clinical-spec 0.6, 0.9, C7): the stop, entries of one day."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import (
    LOCAL,
    Json,
    administration,
    bundle,
    concept,
    dispense,
    evaluate,
    request,
    statement,
)

DAY = "2026-05-04"
UNKNOWN_BIOLOGIC = concept(text="Denosumab 60 mg")


def rows(*resources: Json) -> list[Json]:
    name = "RAData.Exposure Rows"
    found: list[Json] = evaluate(bundle(*resources), [name])[name]
    return found


def issues(*resources: Json) -> list[tuple[str, str, str | None]]:
    name = "RAData.Data Issues"
    found = evaluate(bundle(*resources), [name])[name]
    return [(i["code"], i["ref"], i["detail"]) for i in found]


# ----- why it was stopped (C7) -----

COST, OTHER = concept(LOCAL("stop-cost")), concept(LOCAL("something-else"))


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ([COST], "stop-cost"),
        ([OTHER, COST], "stop-cost"),
        ([OTHER], None),
        # words where no code says it, the whole text and nothing less
        ([concept(text="Too expensive")], "stop-cost"),
        ([concept(text="see letter"), concept(text="Too expensive")], "stop-cost"),
        ([concept(text="not too expensive")], None),
        ([concept(text="Too expensive"), concept(LOCAL("stop-allergy"))], "stop-allergy"),
        ([{}], None),
        ([], None),
    ],
)
def test_why_a_drug_was_stopped(reasons: list[Json], expected: str | None) -> None:
    stopped = statement("adalimumab", DAY, "2026-10-01", status="stopped", statusReason=reasons)
    assert [r["stopReason"] for r in rows(stopped)] == [expected]


# ----- two entries of one day: the later word comes last -----


def stated(id: str, status: str = "active", day: str | None = DAY) -> Json:
    end = "2026-10-01" if status == "stopped" else None
    return statement("adalimumab", day, end, id=id, status=status)


ORDERS: list[Any] = [
    # a stop is the later word of a statement, whatever the entry before says or leaves open
    ([stated("a", "stopped"), stated("b")], ["b", "a"]),
    ([stated("a", "stopped"), stated("b", "unknown")], ["b", "a"]),
    # so it is where nobody wrote when it began
    ([stated("a", "stopped", None), stated("b", day=None)], ["b", "a"]),
    # an order that goes on replaces one that was stopped
    ([request("adalimumab", DAY, id="a"), request("adalimumab", DAY, id="b", status="stopped")],
     ["b", "a"]),
    # what was given stands before an order of the day
    ([request("adalimumab", DAY, id="a", status="stopped"),
      administration("adalimumab", DAY, id="b")], ["b", "a"]),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "expected"), ORDERS)
def test_order_of_the_entries_of_one_day(entries: list[Json], expected: list[str]) -> None:
    for record in (entries, entries[::-1]):
        assert [r["ref"].split("/")[1] for r in rows(*record)] == expected


# ----- a drug that nobody recognised -----


@pytest.mark.parametrize(
    "entry",
    [
        statement(UNKNOWN_BIOLOGIC, DAY, id="x"),
        statement(UNKNOWN_BIOLOGIC, DAY, id="x", status="unknown"),
        statement(UNKNOWN_BIOLOGIC, "2026-12-01", id="x"),
        administration(UNKNOWN_BIOLOGIC, None, id="x"),
    ],
)
def test_an_unknown_drug_is_asked_about_once_and_is_no_exposure(entry: Json) -> None:
    kind = entry["resourceType"]
    source = kind.removeprefix("Medication")
    assert issues(entry) == [("UNMAPPED_MEDICATION", f"{kind}/x", source)]
    assert rows(entry) == []


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (statement("adalimumab", "2026-12-01", id="x"), "FUTURE_DATED_DATA"),
        (administration("adalimumab", None, id="x"), "UNDATED_RESULT"),
        (statement("adalimumab", DAY, id="x", status="unknown"), "TREATMENT_STATUS_UNKNOWN"),
        (statement(concept(text="adalimumab"), DAY, id="x"), "TEXT_ONLY_MEDICATION"),
    ],
)
def test_what_is_open_about_a_known_drug(entry: Json, code: str) -> None:
    assert issues(entry) == [(code, f"{entry['resourceType']}/x", "adalimumab")]
    assert issues(statement("adalimumab", DAY, id="x"), administration("adalimumab", DAY)) == []


@pytest.mark.parametrize(
    ("source", "entry"),
    [
        ("Statement", statement(concept(text="paracetamol"), DAY)),
        ("Request", request(concept(text="paracetamol"), DAY)),
        ("Administration", administration(concept(text="paracetamol"), DAY)),
        ("Dispense", dispense(concept(text="paracetamol"), DAY)),
    ],
)
def test_a_drug_that_does_not_matter_makes_no_row(source: str, entry: Json) -> None:
    name = f"RAExposures.{source} Rows"
    assert evaluate(bundle(entry), [name])[name] == []
