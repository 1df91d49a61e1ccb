"""G-PJP (clinical-spec 3.1): verdicts and reasons, null rows included."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import ATC, RXNORM, Json, administration, quantity, request, statement
from tests.cql.gate_records import BIOLOGIC, CONVENTIONAL, ago, check, gates, row

LONG = ("caution", "PJP_DOSE_HIGH_AND_LONG")
SHORT = ("ok", "PJP_DOSE_HIGH_AND_SHORT")
NOT_HIGH = ("ok", "PJP_DOSE_NOT_HIGH")
TAKEN = ("ok", "PJP_PROPHYLAXIS_TAKEN")
SINCE = ("unknown", "PJP_DURATION_UNKNOWN")
DOSE = ("unknown", "PJP_DOSE_UNKNOWN")


def daily(milligrams: float) -> list[Json]:
    timing = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}
    return [{"timing": timing, "doseAndRate": [{"doseQuantity": quantity(milligrams, "mg")}]}]


def prednisone(
    milligrams: float, start: str | None, end: str | None = None, **elements: Any
) -> Json:
    return statement("prednisone", start, end, dosage=daily(milligrams), **elements)


def methylprednisolone(milligrams: float, start: str) -> Json:
    return statement("methylprednisolone", start, dosage=daily(milligrams))


COTRIMOXAZOLE = RXNORM("10831")

ROWS = [
    pytest.param([], NOT_HIGH, id="none"),
    pytest.param([prednisone(15, ago(90))], NOT_HIGH, id="15-mg"),
    pytest.param([prednisone(16, ago(90))], LONG, id="16-mg"),
    pytest.param([prednisone(20, ago(15))], LONG, id="15-days"),
    pytest.param([prednisone(20, ago(14))], SHORT, id="14-days"),
    pytest.param([prednisone(20, ago(3))], SHORT, id="3-days"),
    pytest.param([prednisone(20, "2026-11")], SINCE, id="the-day-decides"),
    pytest.param([prednisone(20, "2026-10")], LONG, id="a-month-before"),
    pytest.param([prednisone(20, None)], SINCE, id="undated"),
    pytest.param([statement("prednisone", ago(90))], DOSE, id="no-dose"),
    pytest.param([statement("prednisone", ago(90), status="unknown")], DOSE, id="status-unknown"),
    pytest.param([prednisone(20, ago(90), ago(5), status="stopped")], NOT_HIGH, id="stopped"),
    # 12 mg prednisone and 4 mg methylprednisolone (5 mg prednisone) are 17 mg together
    pytest.param([prednisone(12, ago(90)), methylprednisolone(4, ago(15))], LONG, id="two-drugs"),
    pytest.param([prednisone(12, ago(90)), methylprednisolone(4, ago(14))], SINCE, id="one-is-new"),
    pytest.param([prednisone(12, ago(9)), methylprednisolone(4, ago(14))], SHORT, id="both-new"),
    # the dose of today is younger than the treatment: what was taken before is not known
    pytest.param(
        [
            prednisone(5, ago(200), ago(10), status="completed"),
            prednisone(20, ago(9)),
        ],
        SINCE,
        id="raised-lately",
    ),
    # a single injection is no daily dose
    pytest.param([administration("methylprednisolone", ago(5))], NOT_HIGH, id="an-injection"),
    pytest.param(
        [prednisone(20, ago(5)), administration("methylprednisolone", ago(40))],
        SHORT,
        id="an-injection-is-no-part-of-it",
    ),
    pytest.param([prednisone(20, ago(90)), statement(COTRIMOXAZOLE, ago(60))], TAKEN, id="taken"),
    pytest.param(
        [statement("prednisone", ago(90)), statement(COTRIMOXAZOLE, ago(60))],
        TAKEN,
        id="taken-whatever-the-dose",
    ),
    pytest.param(
        [prednisone(20, ago(90)), statement(COTRIMOXAZOLE, ago(60), status="stopped")],
        LONG,
        id="prophylaxis-stopped",
    ),
    pytest.param(
        [prednisone(20, ago(90)), statement(COTRIMOXAZOLE, ago(60), status="unknown")],
        LONG,
        id="prophylaxis-status-unknown",
    ),
    pytest.param(
        [prednisone(20, ago(90)), request(COTRIMOXAZOLE, ago(60))], LONG, id="prophylaxis-ordered"
    ),
    pytest.param(
        [prednisone(20, ago(90)), statement(ATC("J01EA01"), ago(60))], LONG, id="trimethoprim-alone"
    ),
    pytest.param(
        [prednisone(20, ago(90)), statement({"text": "Bactrim"}, ago(60))],
        LONG,
        id="prophylaxis-in-words",
    ),
]


@pytest.mark.parametrize(("records", "expected"), ROWS)
def test_pneumocystis(records: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*records)
    for drug_class in (*BIOLOGIC, *CONVENTIONAL):
        assert check(found, drug_class, "G-PJP") == expected
    made = row(found, "TNFi", "G-PJP")
    asked = {DOSE: ["glucocorticoid-dose"], SINCE: ["glucocorticoid-duration"]}
    assert made["dataMissing"] == asked.get(expected, [])
    assert (made["applies"], made["orders"]) == ("both", [])
    if expected == DOSE:
        assert made["dataUsed"] == []
    if expected != SHORT:
        assert made["validUntil"] is None


def test_how_long_a_high_dose_is_short() -> None:
    made = row(gates(prednisone(20, ago(3))), "MTX", "G-PJP")
    # ago(3) is 2026-11-20: until 2026-12-04 it has not been more than 14 days
    assert made["validUntil"] == "2026-12-04"
    assert [(used["date"], used["value"]) for used in made["dataUsed"]] == [("2026-11-20", "20 mg")]
    both = gates(prednisone(12, ago(3)), methylprednisolone(4, ago(5)))
    assert row(both, "MTX", "G-PJP")["validUntil"] == "2026-12-02"


def test_what_is_shown_of_prophylaxis() -> None:
    made = row(gates(prednisone(20, ago(90)), statement(COTRIMOXAZOLE, ago(60))), "RTX", "G-PJP")
    assert sorted(used["value"] for used in made["dataUsed"]) == ["20 mg", "trimethoprim"]


def test_pneumocystis_where_lists_are_incomplete() -> None:
    for kind in ("MedicationStatement", "MedicationRequest"):
        found = gates(incomplete=(kind,))
        assert check(found, "TNFi", "G-PJP") == ("unknown", "MEDICATIONS_NOT_OBTAINED")
        assert row(found, "TNFi", "G-PJP")["dataMissing"] == ["glucocorticoid-dose"]
    assert check(gates(incomplete=("AdverseEvent",)), "TNFi", "G-PJP") == NOT_HIGH
    high = gates(prednisone(20, ago(90)), incomplete=("MedicationStatement",))
    assert check(high, "TNFi", "G-PJP") == LONG
