"""G-VZV (clinical-spec 3.1, 8.16, 8.24, 8.33): verdicts and reasons, null rows included."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import LOINC, SNOMED, Json, condition, observation
from tests.cql.gate_records import BIOLOGIC, CONVENTIONAL, ago, check, gates, row
from tests.cql.vaccine_records import RZV, vaccine

TWO = [vaccine(RZV, "2024-05-19"), vaccine(RZV, "2024-08-18")]


def zoster(onset: str | None, **elements: Any) -> Json:
    return condition(SNOMED("4740000"), onset, **elements)


def igg(answer: str, day: str = "2019-06-10", **elements: Any) -> Json:
    return observation(LOINC("15410-4"), None, date=day, interpretation=answer, **elements)


ACTIVE = ("block", "ZOSTER_ACTIVE")
OPEN = ("unknown", "ZOSTER_UNCLEAR")
OVER = ("ok", "ZOSTER_OVER")
NONE = ("ok", "NO_RECORD_OF_ZOSTER")
NO_IMMUNITY = ("ok", "VARICELLA_NON_IMMUNE")
VACCINATED = ("ok", "ZOSTER_VACCINATED")
HISTORY = ("caution", "ZOSTER_HISTORY")

# records, what the others get, what JAK inhibitors get; both doses of the vaccine were given
ROWS = [
    pytest.param([], NONE, VACCINATED, id="none"),
    pytest.param([zoster(ago(90))], ACTIVE, ACTIVE, id="90-days"),
    pytest.param([zoster(ago(91))], OPEN, OPEN, id="91-days"),
    pytest.param([zoster(ago(400), recordedDate=ago(90))], ACTIVE, ACTIVE, id="recorded-90-days"),
    pytest.param([zoster(ago(400), recordedDate=ago(91))], OPEN, OPEN, id="recorded-91-days"),
    pytest.param([zoster("2026-08")], OPEN, OPEN, id="the-day-decides"),
    pytest.param([zoster("2026-09")], ACTIVE, ACTIVE, id="a-month-within"),
    pytest.param([zoster(None)], OPEN, OPEN, id="undated"),
    pytest.param([zoster(ago(5), verification="provisional")], OPEN, OPEN, id="suspected"),
    pytest.param([condition({"text": "带状疱疹"}, ago(5))], OPEN, OPEN, id="in-words"),
    pytest.param([zoster(ago(5), clinical=None)], OPEN, OPEN, id="status-missing"),
    pytest.param([zoster(ago(5), verification="refuted")], NONE, VACCINATED, id="refuted"),
    pytest.param([zoster(ago(5), clinical="resolved")], OVER, HISTORY, id="over"),
    pytest.param([zoster("2011", clinical="resolved")], OVER, HISTORY, id="over-long-ago"),
    pytest.param(
        [zoster("2011", clinical="resolved", verification="provisional")], OVER, HISTORY, id="maybe"
    ),
    pytest.param([zoster(ago(400)), zoster(ago(5))], ACTIVE, ACTIVE, id="open-and-active"),
    pytest.param(
        [zoster("2011", clinical="resolved"), zoster(None)], OPEN, OPEN, id="over-and-open"
    ),
    pytest.param([igg("NEG")], NO_IMMUNITY, NO_IMMUNITY, id="igg-negative"),
    pytest.param([igg("POS")], NONE, VACCINATED, id="igg-positive"),
    pytest.param([igg("NEG"), igg("POS", "2020-06-10")], NONE, VACCINATED, id="positive-since"),
    pytest.param([igg("POS"), igg("NEG", "2020-06-10")], NO_IMMUNITY, NO_IMMUNITY, id="lost"),
    pytest.param([igg("NEG", status="preliminary")], NONE, VACCINATED, id="igg-pending"),
    pytest.param([igg("NEG"), zoster(ago(5))], ACTIVE, ACTIVE, id="no-immunity-and-active"),
    pytest.param(
        [igg("NEG"), zoster("2011", clinical="resolved")], NO_IMMUNITY, HISTORY, id="igg-and-over"
    ),
]


@pytest.mark.parametrize(("records", "expected", "for_jak"), ROWS)
def test_zoster(records: list[Json], expected: tuple[str, str], for_jak: tuple[str, str]) -> None:
    found = gates(*TWO, *records)
    for drug_class in BIOLOGIC[:4]:
        assert check(found, drug_class, "G-VZV") == expected
    assert check(found, "JAKi", "G-VZV") == for_jak
    for drug_class in CONVENTIONAL:
        assert check(found, drug_class, "G-VZV") is None
    made = row(found, "TNFi", "G-VZV")
    assert made["dataMissing"] == (["zoster-status"] if expected == OPEN else [])
    assert row(found, "JAKi", "G-VZV")["dataMissing"] == made["dataMissing"]
    assert (made["applies"], made["orders"]) == ("both", [])
    assert bool(made["dataUsed"]) is (expected != NONE)
    assert len(row(found, "JAKi", "G-VZV")["dataUsed"]) == len(made["dataUsed"]) + 2


PAST = zoster("2011", clinical="resolved")
DUE = ("caution", "ZOSTER_VACCINE_DUE")
HISTORY_DUE = ("caution", "ZOSTER_HISTORY_VACCINE_DUE")
UNCLEAR = ("unknown", "ZOSTER_VACCINE_UNCLEAR")


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([], DUE, id="no-vaccine"),
        pytest.param(TWO[:1], DUE, id="one-dose"),
        pytest.param([PAST], HISTORY_DUE, id="history-and-no-vaccine"),
        pytest.param([igg("NEG")], DUE, id="no-immunity-and-no-vaccine"),
        pytest.param([*TWO[:1], vaccine("Shingrix", ago(90))], UNCLEAR, id="in-words"),
        pytest.param([*TWO[:1], vaccine(RZV, None)], UNCLEAR, id="undated"),
        pytest.param([*TWO[:1], vaccine(RZV, None), PAST], UNCLEAR, id="undated-and-history"),
        pytest.param([zoster(ago(5))], ACTIVE, id="active"),
    ],
)
def test_zoster_vaccine(records: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*records)
    assert check(found, "JAKi", "G-VZV") == expected
    assert row(found, "JAKi", "G-VZV")["dataMissing"] == (
        ["vaccine-zoster"] if expected in (DUE, HISTORY_DUE, UNCLEAR) else []
    )


def test_zoster_where_lists_are_incomplete() -> None:
    conditions = gates(*TWO, incomplete=("Condition",))
    for drug_class in BIOLOGIC:
        assert check(conditions, drug_class, "G-VZV") == ("unknown", "CONDITIONS_NOT_OBTAINED")
    assert row(conditions, "TNFi", "G-VZV")["dataMissing"] == ["zoster-status"]
    assert check(gates(zoster(ago(5)), incomplete=("Condition",)), "TNFi", "G-VZV") == ACTIVE
    vaccines = gates(incomplete=("Immunization",))
    assert check(vaccines, "JAKi", "G-VZV") == ("unknown", "IMMUNIZATIONS_NOT_OBTAINED")
    assert row(vaccines, "JAKi", "G-VZV")["dataMissing"] == ["vaccine-history"]
    assert check(vaccines, "TNFi", "G-VZV") == NONE
    assert check(gates(*TWO, incomplete=("Immunization",)), "JAKi", "G-VZV") == VACCINATED
    assert check(gates(*TWO, incomplete=("AdverseEvent",)), "JAKi", "G-VZV") == VACCINATED
