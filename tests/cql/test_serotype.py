"""Serology (clinical-spec C19, 8.12, 8.18): which class it leans towards, edges and unknowns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import LOINC, Json, bundle, evaluate, observation
from tests.cql.planted import planted

Answer = bool | None
NAMES = ["ACPA Positive", "RF Positive", "RF High", "Serology Flags"]


def acpa(value: float, upper: float | None = 20, unit: str = "U/mL", **more: Any) -> Json:
    return observation(LOINC("33935-8"), value, unit, **{"upper": upper, **more})


def rf(value: float, upper: float | None = 14, unit: str = "[IU]/mL", **more: Any) -> Json:
    return observation(LOINC("11572-5"), value, unit, **{"upper": upper, **more})


def said(*resources: Json) -> tuple[Answer, Answer, Answer, list[str]]:
    found = evaluate(bundle(*resources), [f"Serology.{name}" for name in NAMES])
    acpa_positive, positive, high, flags = (found[f"Serology.{name}"] for name in NAMES)
    return acpa_positive, positive, high, flags


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        # never measured, or measured in a way that says nothing
        ([], (None, None, None, [])),
        ([acpa(500, None, "{titer}"), rf(500, None, "{titer}")], (None, None, None, [])),
        ([acpa(500, status="preliminary")], (None, None, None, [])),
        ([rf(500, status="entered-in-error")], (None, None, None, [])),
        ([acpa(500, date="2026-11-24")], (None, None, None, [])),
        # anti-CCP at its limit and just above, the laboratory's and the assumed one (20 U/mL)
        ([acpa(20)], (False, None, None, [])),
        ([acpa(20.1)], (True, None, None, ["SERO_ABA"])),
        ([acpa(7.1, 7)], (True, None, None, ["SERO_ABA"])),
        ([acpa(20, None)], (False, None, None, [])),
        ([acpa(20.1, None)], (True, None, None, ["SERO_ABA"])),
        # RF at its limit, above it, at three times it and just beyond; assumed limit 14 IU/mL
        ([rf(14)], (None, False, False, [])),
        ([rf(14.1)], (None, True, False, [])),
        ([rf(42)], (None, True, False, [])),
        ([rf(42.1)], (None, True, True, ["SERO_RTX"])),
        ([rf(60, 20)], (None, True, False, [])),
        ([rf(42, None)], (None, True, False, [])),
        ([rf(42.1, None)], (None, True, True, ["SERO_RTX"])),
        # one without the other, and both
        ([acpa(340), rf(310)], (True, True, True, ["SERO_ABA", "SERO_RTX"])),
        ([acpa(340), rf(10)], (True, False, False, ["SERO_ABA"])),
        ([acpa(10), rf(10)], (False, False, False, [])),
        # low RF beside anti-CCP is mentioned, not scored (8.12)
        ([acpa(340), rf(30)], (True, True, False, ["SERO_ABA"])),
        # no expiry: once positive, always; a negative of long ago still counts
        ([acpa(340, date="2012-03-05"), acpa(5, id="new")], (True, None, None, ["SERO_ABA"])),
        ([acpa(5, date="2012-03-05")], (False, None, None, [])),
        # a value whose limit nobody knows does not make the other one unknown
        ([rf(5), rf(500, None, "{titer}", id="other")], (None, False, False, [])),
    ],
)
def test_serology(
    resources: list[Json], expected: tuple[Answer, Answer, Answer, list[str]]
) -> None:
    assert said(*resources) == expected


@pytest.mark.parametrize("multiple", [2, 4])
def test_how_far_above_is_a_parameter(multiple: int) -> None:
    name = "Serology.RF High"
    parameters = {"MechanismParameters.RF High Multiple": multiple}
    found = evaluate(bundle(rf(42.1)), [name], parameters=parameters)
    assert found[name] is (multiple == 2)


ACPA = {"what": "anti-ccp", "why": "SEROLOGY_UNKNOWN", "order": "anti-ccp"}
RF = {"what": "rf", "why": "SEROLOGY_UNKNOWN", "order": "rf"}


@pytest.mark.parametrize(
    ("category", "intolerance", "resources", "expected"),
    [
        *(
            (category, False, [], [ACPA, RF])
            for category in (
                *("PRIMARY_NONRESPONSE_M3", "PRIMARY_NONRESPONSE_M6", "SECONDARY_LOSS"),
                "TARGET_MISSED_UNKNOWN_TYPE",
            )
        ),
        *((category, False, [], []) for category in ("AT_TARGET", "TOO_EARLY", "ON_TRACK", None)),
        ("AT_TARGET", True, [], [ACPA, RF]),
        ("AT_TARGET", None, [], []),
        ("SECONDARY_LOSS", None, [], [ACPA, RF]),
        ("SECONDARY_LOSS", False, [acpa(5)], [RF]),
        ("SECONDARY_LOSS", False, [rf(5)], [ACPA]),
        ("SECONDARY_LOSS", False, [acpa(50), rf(50)], []),
        ("SECONDARY_LOSS", False, [rf(500, None, "{titer}")], [ACPA, RF]),
    ],
)
def test_asked_once_where_a_change_is_near(
    category: str | None, intolerance: bool | None, resources: list[Json], expected: list[Json]
) -> None:
    values = {
        "TreatToTarget.Efficacy Category": category,
        "TreatToTarget.Is Intolerance": intolerance,
    }
    name = "Serology.Serology Gaps"
    assert planted(values, [name], bundle(*resources))[name] == expected
