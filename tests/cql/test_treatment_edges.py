"""RATreatment.cql at its edges (clinical-spec 0.9, 8.27, 8.28, 8.43): gaps, the day of the stop,
records without a date, and a status that nobody knows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import (
    ATC,
    LOCAL,
    RXNORM,
    Json,
    administration,
    bundle,
    concept,
    dispense,
    evaluate,
    medication,
    quantity,
    request,
    resource,
    statement,
)


def rows(define: str, *resources: Json) -> Any:
    name = f"RAData.{define}"
    return evaluate(bundle(*resources), [name])[name]


def episodes(*resources: Json) -> list[Any]:
    return list(rows("Treatment Episodes", *resources))


ADALIMUMAB = concept(RXNORM("327361"), text="adalimumab")
ADALIMUMAB_ATTO = concept(RXNORM("2103479"), text="adalimumab-atto")

HYDROCORTISONE, PREDNISOLONE = concept(ATC("H02AB09")), concept(text="prednisolone")
TPT = concept(LOCAL("tpt"))

# ----- gaps and starts -----


@pytest.mark.parametrize(("again", "courses"), [("2026-10-22", 1), ("2026-10-23", 2)])
def test_antibiotics_of_fourteen_days_apart_are_one_course(again: str, courses: int) -> None:
    first = statement("amoxicillin", "2026-10-01", "2026-10-08", status="completed")
    found = episodes(first, statement("amoxicillin", again, "2026-10-30", status="completed"))
    assert len(found) == courses


@pytest.mark.parametrize(
    ("resources", "start"),
    [
        ([statement("adalimumab"), statement("adalimumab", "2026-03-02")], "2026-03-02"),
        ([request("adalimumab"), request("adalimumab", "2026-03-02")], "2026-03-02"),
        ([dispense("adalimumab", None), dispense("adalimumab", "2026-03-02")], "2026-03-02"),
    ],
)
def test_an_undated_record_hides_no_start(resources: list[Json], start: str) -> None:
    assert [e["start"] for e in episodes(*resources)] == [start]


# ----- stop -----


@pytest.mark.parametrize(
    ("resources", "active", "stop", "reason"),
    [
        # a dose or an order of the day of the stop is no new use
        ([statement("adalimumab", "2026-05-04", "2026-10-20", status="stopped"),
          dispense("adalimumab", "2026-10-20")], False, "2026-10-20", None),
        ([statement("adalimumab", "2026-05-04", "2026-10-20", status="stopped"),
          dispense("adalimumab", "2026-10-21")], True, None, None),
        ([statement("adalimumab", "2026-05-04", "2026-10-20", status="stopped"),
          request("adalimumab", "2026-10-20")], False, "2026-10-20", None),
        ([statement("adalimumab", "2026-05-04", "2026-10-20", status="stopped"),
          request("adalimumab", "2026-10-21")], True, None, None),
        # in the month of the stop: it may have been before
        ([statement("adalimumab", "2026-05-04", "2026-10", status="stopped"),
          dispense("adalimumab", "2026-10-31")], False, "2026-10", None),
        # a new order that was stopped as well
        ([statement("adalimumab", "2026-05-04", "2026-09-10", status="stopped"),
          request("adalimumab", "2026-10-20", status="stopped")], False, "2026-09-10", None),
        # nobody knows the status: what was handed out says that it goes on
        ([statement("adalimumab", "2026-10-04", status="unknown"),
          dispense("adalimumab", "2026-11-10")], True, None, None),
        ([statement("adalimumab", "2026-05-04", status="unknown"),
          dispense("adalimumab", "2026-05-10")], None, None, None),
        # the reason stands on one of several records
        ([statement("adalimumab", "2026-05-04", "2026-11-10", status="stopped",
                    reason="stop-cost"), dispense("adalimumab", "2026-05-10")],
         False, "2026-11-10", "stop-cost"),
        ([request("adalimumab", "2026-05-04", status="completed"),
          dispense("adalimumab", "2026-05-10", 28)], False, "2026-06-06", None),
        # ... of which nobody knows whether it goes on, or which goes on: no reason for a stop
        ([statement("adalimumab", "2026-05-04", status="unknown", reason="stop-cost"),
          statement("adalimumab", "2026-05-05", "2026-11-10", status="stopped")],
         False, "2026-11-10", "stop-cost"),
        ([statement("adalimumab", "2026-05-04", reason="stop-cost"),
          statement("adalimumab", "2026-05-05", "2026-11-10", status="stopped")],
         False, "2026-11-10", None),
    ],
)  # fmt: skip
def test_stop(
    resources: list[Json], active: bool | None, stop: str | None, reason: str | None
) -> None:
    [found] = episodes(*resources)
    assert (found["active"], found["stop"], found["stopReason"]) == (active, stop, reason)


@pytest.mark.parametrize(
    ("first", "second", "switched"),
    [
        ((ADALIMUMAB, "2025-01-06"), (ADALIMUMAB_ATTO, "2025-01-07"), "2025-01-07"),
        ((ADALIMUMAB, "2025-01-06"), (ADALIMUMAB_ATTO, "2025-01-06"), None),
        ((ADALIMUMAB_ATTO, "2025-01-06"), (ADALIMUMAB_ATTO, "2025-02-06"), None),
        # a record without the suffix does not say which product it was
        ((ADALIMUMAB_ATTO, "2025-01-06"), (ADALIMUMAB, "2025-02-06"), None),
    ],
)
def test_switch_of_the_biosimilar(
    first: tuple[Json, str], second: tuple[Json, str], switched: str | None
) -> None:
    [found] = episodes(*(statement(drug, day) for drug, day in (first, second)))
    assert found["biosimilarSwitchDate"] == switched


# ----- the index drug -----


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([statement("rituximab", "2025-01-01", "2025-11-22", status="stopped"),
          statement("methotrexate", "2025-05-04")], "methotrexate"),
        # stopped last: by the date, or else by the last dose
        ([request("adalimumab", "2026-09-15", status="stopped"),
          dispense("adalimumab", "2026-10-20"),
          statement("etanercept", "2026-01-05", "2026-10-01", status="stopped")], "adalimumab"),
        ([request("adalimumab", "2026-09-15", status="stopped"),
          dispense("adalimumab", "2026-09-20"),
          statement("etanercept", "2026-01-05", "2026-10-01", status="stopped")], "etanercept"),
        # no start on record
        ([statement("methotrexate")], "methotrexate"),
        ([statement("methotrexate"), statement("leflunomide")], "methotrexate"),
        ([statement("methotrexate"), statement("sulfasalazine", "2026-01-06")], "sulfasalazine"),
        # stopped, nobody wrote when
        ([request("adalimumab", "2020-05-11", status="stopped")], "adalimumab"),
        ([statement("adalimumab", "2019-01-05", "2020-03-01", status="stopped")], None),
    ],
)  # fmt: skip
def test_index_drug(resources: list[Json], expected: str | None) -> None:
    for record in (resources, list(reversed(resources))):
        found = rows("Index Drug", *record)
        assert (found and found["ingredient"]) == expected


@pytest.mark.parametrize(("day", "taken"), [("2026-10-14", False), ("2026-10-15", True)])
def test_supply_must_reach_beyond_the_day_of_the_second_drug(day: str, taken: bool) -> None:
    # 28 days from the 14th of October end on the 10th of November
    record = [dispense("adalimumab", day), dispense("tofacitinib", "2026-11-10")]
    assert rows("Two b/tsDMARDs Taken", *record) is taken
    assert rows("Two b/tsDMARDs Ordered", *record) is not taken


# ----- intolerance -----


def event(suspect: Json, **when: str) -> Json:
    return resource(
        "AdverseEvent",
        subject={"reference": "Patient/p"},
        actuality="actual",
        suspectEntity=[{"instance": suspect}],
        **when,
    )


@pytest.mark.parametrize(
    ("when", "belongs"),
    [
        ({"date": "2026-05-03"}, False),
        ({"date": "2026-05-04"}, True),
        ({"detected": "2026-05-03"}, False),
        ({"recordedDate": "2026-05-03"}, False),
        ({"detected": "2026-05-05", "recordedDate": "2026-05-01"}, True),
        ({}, True),  # undated: not known to be of an earlier time
        ({"date": "2026-05"}, True),
    ],
)
def test_events_since_the_start_are_those_of_the_index_drug(
    when: dict[str, str], belongs: bool
) -> None:
    record = [statement("adalimumab", "2026-05-04"), event({"display": "adalimumab"}, **when)]
    assert bool(rows("Index Drug Adverse Events", *record)) is belongs


def test_an_event_of_another_drug_is_none_of_the_index_drug() -> None:
    record = [statement("adalimumab", "2026-05-04"), medication("m", "etanercept")]
    record.append(event({"reference": "Medication/m"}, date="2026-06-01"))
    assert rows("Index Drug Adverse Events", *record) == []
    [found] = rows("DMARD Adverse Events", *record)
    assert (found["ingredient"], found["confidence"]) == ("etanercept", "coded")
    # nobody wrote what happened
    assert (found["reaction"], found["severe"]) == (False, False)


# ----- glucocorticoids -----


def dosage(value: float) -> Json:
    return {
        "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
        "doseAndRate": [{"doseQuantity": quantity(value, "mg")}],
    }


@pytest.mark.parametrize(
    ("resources", "dose"),
    [
        ([statement(HYDROCORTISONE, "2026-05-04", dosage=[dosage(20)])], 5),
        ([statement(PREDNISOLONE, "2026-05-04", dosage=[dosage(7.5)])], 7.5),
        # of an unknown status: the dose is unknown, not none
        ([statement("prednisone", "2026-05-04", status="unknown", dosage=[dosage(5)])], None),
        # one known and one unknown dose
        ([statement("prednisone", "2026-05-04", dosage=[dosage(5)]),
          statement(HYDROCORTISONE, "2026-05-04")], None),
        ([statement("prednisone", "2026-05-04", dosage=[dosage(5)]),
          statement(HYDROCORTISONE, "2026-05-04", dosage=[dosage(10)])], 7.5),
        ([administration("methylprednisolone", "2026-11-10"),
          statement("methylprednisolone", "2026-05-04", dosage=[dosage(4)])], 5),
    ],
)  # fmt: skip
def test_prednisone_equivalent(resources: list[Json], dose: float | None) -> None:
    found = rows("Prednisone Equivalent Dose", *resources)
    assert found == (None if dose is None else pytest.approx(dose))


# ----- tuberculosis preventive therapy stated as such (8.32) -----


def about(kind: str, status: str, **elements: Any) -> Json:
    coded = {"category": [TPT]} if kind == "CarePlan" else {"code": TPT}
    return resource(kind, subject={"reference": "Patient/p"}, status=status, **coded, **elements)


PERIOD = {"start": "2025-01-13", "end": "2025-07-18"}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (statement("isoniazid", start=PERIOD["start"], end=PERIOD["end"],
                   status="completed", category=TPT), ("completed", *PERIOD.values())),
        (statement("isoniazid", "2025-01-13", status="active", category=TPT),
         ("active", "2025-01-13", None)),
        (statement("isoniazid", "2025-01-13", status="on-hold", category=TPT),
         ("stopped", "2025-01-13", None)),
        (statement("isoniazid", status="stopped", category=TPT, effectiveDateTime="2025-01-13"),
         ("stopped", "2025-01-13", None)),
        (about("Procedure", "completed", performedPeriod=PERIOD),
         ("completed", *PERIOD.values())),
        (about("Procedure", "in-progress", performedDateTime="2025-01-13"),
         ("active", "2025-01-13", None)),
        (about("Procedure", "stopped", performedPeriod=PERIOD), ("stopped", *PERIOD.values())),
        (about("CarePlan", "completed", period=PERIOD), ("completed", *PERIOD.values())),
        (about("CarePlan", "active", period={"start": "2025-01-13"}),
         ("active", "2025-01-13", None)),
        (about("CarePlan", "revoked", period=PERIOD), ("stopped", *PERIOD.values())),
    ],
)  # fmt: skip
def test_preventive_therapy(record: Json, expected: tuple[str, str, str | None]) -> None:
    [found] = rows("TB Preventive Therapy Records", record)
    assert (found["status"], found["start"], found["stop"]) == expected


@pytest.mark.parametrize(
    "record",
    [
        statement("isoniazid", "2025-01-13", status="intended", category=TPT),
        statement("isoniazid", "2025-01-13", status="active"),
        about("Procedure", "not-done", performedPeriod=PERIOD),
        about("CarePlan", "draft", period=PERIOD),
    ],
)
def test_what_is_no_preventive_therapy(record: Json) -> None:
    assert rows("TB Preventive Therapy Records", record) == []
