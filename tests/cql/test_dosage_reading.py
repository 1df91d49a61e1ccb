"""RADosage (clinical-spec 0.7, C16, 8.47): what a dosage says, and what it leaves open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import Json, bundle, evaluate, quantity, request

DRAFT = "MedicationRequest/draft"


def part(dose: Json | None = None, repeat: Json | None = None, **more: Any) -> Json:
    made: Json = dict(more)
    if repeat is not None:
        made["timing"] = {"repeat": repeat}
    if dose is not None:
        made["doseAndRate"] = [{"doseQuantity": dose}]
    return made


def read(*dosages: Json) -> tuple[Any, Any, Any]:
    """mg/day, doses/day, days between doses."""
    draft = request("methotrexate", id="draft", status="draft", dosageInstruction=list(dosages))
    name = "DraftOrders.Drafts"
    parameters = {"RAParameters.Draft Orders": [DRAFT]}
    [found] = evaluate(bundle(draft), [name], parameters=parameters)[name]
    return found["dailyDose"], found["dosesPerDay"], found["intervalDays"]


def every(period: float, unit: str, frequency: int | None = None) -> Json:
    made: Json = {"period": period, "periodUnit": unit}
    return made if frequency is None else made | {"frequency": frequency}


TEN = quantity(10, "mg")
DAILY = every(1, "d", 1)

DOSAGES = [
    pytest.param([part(TEN, DAILY)], (10, 1, 1), id="once-a-day"),
    pytest.param([part(TEN, every(1, "d", 2))], (20, 2, 0.5), id="twice-a-day"),
    # how often within the period: once, unless it says otherwise
    pytest.param([part(TEN, every(1, "d"))], (10, 1, 1), id="frequency-not-said"),
    pytest.param([part(TEN, every(2, "wk"))], (10 / 14, 1 / 14, 14), id="every-two-weeks"),
    pytest.param([part(TEN, every(1, "wk", 2))], (20 / 7, 2 / 7, 3.5), id="twice-a-week"),
    pytest.param([part(TEN, every(1, "mo"))], (10 / 30, 1 / 30, 30), id="every-month"),
    pytest.param([part(TEN, every(1, "a"))], (None, None, None), id="every-year"),
    pytest.param([part(TEN, every(12, "h"))], (20, 2, None), id="every-12-hours"),
    # the unit as a code, or in words alone
    pytest.param([part({"value": 10, "unit": "mg"}, DAILY)], (10, 1, 1), id="unit-in-words"),
    pytest.param([part({"value": 10, "unit": "x", "code": "mg"}, DAILY)], (10, 1, 1), id="code"),
    pytest.param([part(quantity(1.5, "g"), DAILY)], (1500, 1, 1), id="grams"),
    pytest.param([part(quantity(1, "{tbl}"), DAILY)], (None, 1, 1), id="tablets"),
    pytest.param([part({"value": 10}, DAILY)], (None, 1, 1), id="no-unit"),
    # parts of one day add up, unless one of them cannot be read or they follow one another
    pytest.param([part(TEN, DAILY), part(TEN, DAILY)], (20, 1, 1), id="two-parts"),
    pytest.param([part(TEN, DAILY), part(None, DAILY)], (None, 1, 1), id="a-part-without-a-dose"),
    pytest.param(
        [part(TEN, DAILY, sequence=1), part(TEN, DAILY)], (20, 1, 1), id="the-first-of-a-sequence"
    ),
    pytest.param(
        [part(TEN, DAILY, sequence=1), part(TEN, DAILY, sequence=2)], (None, 1, 1), id="sequence"
    ),
    pytest.param(
        [part(TEN, DAILY, sequence=2), part(TEN, DAILY)], (None, 1, 1), id="one-out-of-sequence"
    ),
    pytest.param([part(TEN, DAILY, asNeededBoolean=True)], (None, 1, 1), id="as-needed"),
    pytest.param([part(TEN, DAILY, asNeededBoolean=False)], (10, 1, 1), id="not-as-needed"),
    # the interval is that of the last dosage that says one: induction comes first
    pytest.param(
        [part(TEN, every(2, "wk")), part(TEN, every(8, "wk"))],
        (10 / 14 + 10 / 56, 1 / 14, 56),
        id="induction",
    ),
    pytest.param([part(TEN, every(8, "wk")), part(text="as told")], (None, 1 / 56, 56), id="text"),
    pytest.param([part(text="as told")], (None, None, None), id="text-alone"),
    pytest.param([], (None, None, None), id="nothing"),
]


@pytest.mark.parametrize(("dosages", "expected"), DOSAGES)
def test_dosage(dosages: list[Json], expected: tuple[float | None, ...]) -> None:
    found = read(*dosages)
    for value, wanted in zip(found, expected, strict=True):
        assert value == (None if wanted is None else pytest.approx(wanted))
