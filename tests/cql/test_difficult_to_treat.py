"""DifficultToTreat.cql, clinical-spec C11: each criterion, its edges, and what is unknown."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import ask, on, visit
from tests.cql.build import ICD10, Json, condition, observation, statement

STATE = "DifficultToTreat.D2T"
FLAGS = "DifficultToTreat.D2T Flags"
GAPS = "DifficultToTreat.D2T Gaps"


def stopped(drug: str, reason: str | None = "stop-ineffective") -> Json:
    return on(drug, "2023-01-10", "2023-09-10", reason=reason)


TWO_FAILED = [stopped("adalimumab"), stopped("tocilizumab")]
ACTIVE = visit(das28Esr4=3.21)
PROBLEM = observation("d2t-problematic", True, None, "2026-11-20")


def d2t(*resources: Json, parameters: dict[str, Any] | None = None) -> Any:
    return ask(list(resources), STATE, parameters=parameters)[0]


# ---------------------------------------------------------------- criterion 1


@pytest.mark.parametrize(
    ("record", "state", "reasons"),
    [
        ([], "no", []),
        ([stopped("adalimumab")], "no", ["TNFi_FAILED"]),
        (
            TWO_FAILED,
            "yes",
            ["TNFi_FAILED", "IL6Ri_FAILED", "CSDMARD_FAILURE_PRESUMED"],
        ),
        (
            [*TWO_FAILED, stopped("methotrexate")],
            "yes",
            ["TNFi_FAILED", "IL6Ri_FAILED"],
        ),
        # two drugs of one mechanism
        ([stopped("adalimumab"), stopped("etanercept")], "no", ["TNFi_FAILED"]),
        # unclear outcomes make up the number, or do not
        (
            [stopped("adalimumab"), stopped("abatacept", None)],
            "unknown",
            ["TNFi_FAILED", "OUTCOME_UNCLEAR"],
        ),
        (
            [stopped("adalimumab", None), stopped("abatacept", None)],
            "unknown",
            ["OUTCOME_UNCLEAR"],
        ),
        ([stopped("adalimumab", None)], "no", []),
        # an outcome is open, and with intolerance the number is reached already
        (
            [
                *(stopped("adalimumab"), stopped("abatacept", None)),
                stopped("tocilizumab", "stop-adverse-event"),
            ],
            "unknown",
            ["TNFi_FAILED", "OUTCOME_UNCLEAR", "MET_IF_INTOLERANCE_COUNTED"],
        ),
        # intolerance is no failure
        (
            [stopped("adalimumab"), stopped("abatacept", "stop-adverse-event")],
            "no",
            ["TNFi_FAILED", "MET_IF_INTOLERANCE_COUNTED"],
        ),
        (
            [stopped("adalimumab", "stop-allergy"), stopped("abatacept", "stop-adverse-event")],
            "no",
            ["MET_IF_INTOLERANCE_COUNTED"],
        ),
        ([stopped("adalimumab"), stopped("abatacept", "stop-cost")], "no", ["TNFi_FAILED"]),
        # csDMARDs and anakinra are no class of the five
        (
            [stopped("methotrexate"), stopped("sulfasalazine"), stopped("anakinra")],
            "no",
            [],
        ),
    ],
)
def test_criterion_1(record: list[Json], state: str, reasons: list[str]) -> None:
    assert d2t(*record)["criterion1"] == {"state": state, "reasons": reasons}


def in_words(drug: str) -> Json:
    return statement(
        {"text": drug}, "2023-01-10", "2023-09-10", status="stopped", reason="stop-ineffective"
    )


def test_words_alone_never_prove_it() -> None:
    record = [stopped("adalimumab"), in_words("tocilizumab")]
    assert d2t(*record)["criterion1"]["state"] == "unknown"
    [question] = ask(record, GAPS)[0]
    assert (question["what"], question["why"]) == ("treatment-history", "D2T_OUTCOME_UNCLEAR")
    # nothing failed for certain: nothing is asked
    assert ask([in_words("adalimumab"), in_words("tocilizumab")], GAPS) == [[]]


def test_an_incomplete_record_is_unknown() -> None:
    gone = {"RAParameters.Incomplete Data": ["MedicationStatement"]}
    assert d2t(parameters=gone)["criterion1"]["state"] == "unknown"
    assert d2t(*TWO_FAILED, parameters=gone)["criterion1"]["state"] == "yes"


COUNTED = {"MechanismParameters.CountIntoleranceAsFailure": True}


@pytest.mark.parametrize(
    ("second", "default", "counted"),
    [
        ("stop-adverse-event", "no", "yes"),
        (None, "unknown", "unknown"),
        ("stop-cost", "no", "no"),
        ("stop-ineffective", "yes", "yes"),
    ],
)
def test_a_site_may_count_intolerance(second: str | None, default: str, counted: str) -> None:
    record = [stopped("adalimumab"), stopped("abatacept", second)]
    assert d2t(*record)["criterion1"]["state"] == default
    assert d2t(*record, parameters=COUNTED)["criterion1"]["state"] == counted


def test_intolerance_counted_names_its_classes() -> None:
    record = [stopped("adalimumab"), stopped("abatacept", "stop-adverse-event")]
    found = d2t(*record, parameters=COUNTED)["criterion1"]
    assert found["reasons"] == ["TNFi_FAILED", "ABA_FAILED"]


# ---------------------------------------------------------------- criterion 2


def prednisone(milligrams: float | None) -> Json:
    if milligrams is None:
        return statement("prednisone", "2026-01-06")
    repeat = {"frequency": 1, "period": 1, "periodUnit": "d"}
    dose = {"value": milligrams, "unit": "mg", "code": "mg"}
    made = [{"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": dose}]}]
    return statement("prednisone", "2026-01-06", dosage=made)


NORMAL = [
    *visit(das28Esr4=3.2, cdai=10.0, sjc28=0, crp=2.0, esr=8.0),
    observation("us-negative", True, None, "2026-11-12"),
]
PNEUMONIA = condition({"coding": [{"system": "http://snomed.info/sct", "code": "233604007"}]},
                      "2026-11-18")  # fmt: skip
TUBERCULOSIS = condition(ICD10("A15.0"), "2026-11-18")


@pytest.mark.parametrize(
    ("record", "state", "reasons"),
    [
        ([], "unknown", []),
        # (a)
        (visit(das28Esr4=3.21), "yes", ["D2T_A_ACTIVITY"]),
        (visit(cdai=10.1), "yes", ["D2T_A_ACTIVITY"]),
        (visit(das28Esr4=3.2), "unknown", []),
        (visit(cdai=10.0), "unknown", []),
        # (b)
        (visit(sjc28=2), "yes", ["D2T_B_SIGNS"]),
        (visit(sjc28=1), "unknown", []),
        (visit(crp=12.0), "yes", ["D2T_B_SIGNS"]),
        (visit(esr=60.0), "yes", ["D2T_B_SIGNS"]),
        (visit(crp=4.0), "unknown", []),
        ([*visit(crp=60.0), PNEUMONIA], "unknown", []),
        ([*visit(crp=60.0), TUBERCULOSIS], "unknown", []),
        # (c)
        ([prednisone(7.5)], "yes", ["D2T_C_GLUCOCORTICOID"]),
        ([prednisone(7.4)], "unknown", []),
        ([prednisone(None)], "unknown", []),
        (
            [observation("gc-taper-failed", True, None, "2025-11-23")],
            "yes",
            ["D2T_C_GLUCOCORTICOID"],
        ),
        ([observation("gc-taper-failed", True, None, "2025-11-22")], "unknown", []),
        ([observation("gc-taper-failed", False, None, "2026-11-20")], "unknown", []),
        (
            [
                observation("gc-taper-failed", True, None, "2026-01-20"),
                observation("gc-taper-failed", False, None, "2026-11-20"),
            ],
            "unknown",
            [],
        ),
        # (d)
        (
            [observation("sharp-progression-1y", 5.0, "{score}", "2026-11-02")],
            "yes",
            ["D2T_D_PROGRESSION"],
        ),
        ([observation("sharp-progression-1y", 4.9, "{score}", "2026-11-02")], "unknown", []),
        (
            [observation("sharp-progression-1y", 5.0, "{score}", "2025-11-23")],
            "yes",
            ["D2T_D_PROGRESSION"],
        ),
        ([observation("sharp-progression-1y", 5.0, "{score}", "2025-11-22")], "unknown", []),
        (
            [
                observation("sharp-progression-1y", 6.0, "{score}", "2026-06-02"),
                observation("sharp-progression-1y", 1.0, "{score}", "2026-11-02"),
            ],
            "yes",
            ["D2T_D_PROGRESSION"],
        ),
    ],
)
def test_criterion_2(record: list[Json], state: str, reasons: list[str]) -> None:
    assert d2t(*record)["criterion2"] == {"state": state, "reasons": reasons}


SLOW = observation("sharp-progression-1y", 0.0, "{score}", "2026-11-02")
STEADY = observation("gc-taper-failed", False, None, "2026-11-02")


def haq(value: float, date: str = "2026-11-20") -> Json:
    return observation("haq-di", value, "{score}", date)


@pytest.mark.parametrize(
    ("record", "state"),
    [
        # each of (a) to (e) known to be absent
        ([*NORMAL, SLOW, STEADY, haq(0.5)], "no"),
        ([*NORMAL, SLOW, STEADY, haq(0.5, "2025-11-23")], "no"),
        ([*NORMAL, SLOW, STEADY, haq(0.5, "2025-11-22")], "unknown"),
        # poor function has many causes
        ([*NORMAL, SLOW, STEADY, haq(0.51)], "unknown"),
        ([*NORMAL, SLOW, STEADY, haq(3.0)], "unknown"),
        ([*NORMAL, SLOW, STEADY], "unknown"),
        ([*NORMAL, SLOW, STEADY, haq(0.1, "2026-05-20"), haq(2.0)], "unknown"),
        ([*NORMAL, SLOW, STEADY, haq(2.0, "2026-05-20"), haq(0.1)], "no"),
        ([*NORMAL, SLOW, STEADY, observation("haq-di", 3.1, "{score}", "2026-11-20")], "unknown"),
        ([*NORMAL, STEADY, haq(0.0)], "unknown"),
        ([*NORMAL, SLOW, haq(0.0)], "unknown"),
        ([*visit(cdai=10.0, sjc28=0, crp=2.0), NORMAL[-1], SLOW, STEADY, haq(0.0)], "unknown"),
        ([*visit(das28Esr4=3.2), SLOW, STEADY, haq(0.0)], "unknown"),
        ([*NORMAL, SLOW, STEADY, haq(0.0), prednisone(None)], "unknown"),
        ([*NORMAL, SLOW, STEADY, haq(0.0), prednisone(7.4)], "no"),
        ([*NORMAL, SLOW, STEADY, haq(0.0), prednisone(7.5)], "yes"),
        ([*NORMAL, SLOW, STEADY, haq(0.0), PNEUMONIA], "no"),
    ],
)
def test_criterion_2_is_no_only_when_all_of_it_is_absent(record: list[Json], state: str) -> None:
    assert d2t(*record)["criterion2"]["state"] == state


# ---------------------------------------------------------------- criterion 3 and all three


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([], "unknown"),
        ([(True, "2025-11-23")], "yes"),
        ([(True, "2025-11-22")], "unknown"),
        ([(False, "2025-11-23")], "no"),
        ([(False, "2025-11-22")], "unknown"),
        ([(True, "2026-05-20"), (False, "2026-11-20")], "no"),
        ([(False, "2026-05-20"), (True, "2026-11-20")], "yes"),
    ],
)
def test_criterion_3(answers: list[tuple[bool, str]], state: str) -> None:
    given = [observation("d2t-problematic", value, None, day) for value, day in answers]
    found = d2t(*given)["criterion3"]
    assert found == {"state": state, "reasons": ["NOT_ASKED"] if state == "unknown" else []}


NOT_A_PROBLEM = observation("d2t-problematic", False, None, "2026-11-20")
QUIET = [*NORMAL, SLOW, STEADY, haq(0.0)]


@pytest.mark.parametrize(
    ("record", "state", "flags"),
    [
        ([*TWO_FAILED, *ACTIVE, PROBLEM], "yes", ["D2T_RA"]),
        ([*TWO_FAILED, *ACTIVE], "unknown", ["D2T_LIKELY_CONFIRM_C3"]),
        ([*TWO_FAILED, *ACTIVE, NOT_A_PROBLEM], "no", []),
        ([*TWO_FAILED, *QUIET, PROBLEM], "no", []),
        ([*TWO_FAILED, PROBLEM], "unknown", []),
        ([*TWO_FAILED], "unknown", []),
        ([stopped("adalimumab"), *ACTIVE, PROBLEM], "no", []),
        ([stopped("adalimumab"), stopped("abatacept", None), *ACTIVE, PROBLEM], "unknown", []),
        ([stopped("adalimumab"), stopped("abatacept", None), *ACTIVE], "unknown", []),
    ],
)
def test_all_three(record: list[Json], state: str, flags: list[str]) -> None:
    found, raised = ask(record, STATE, FLAGS)
    assert (found["state"], raised) == (state, flags)


def test_only_the_third_criterion_is_asked_for() -> None:
    assert ask([*TWO_FAILED, *ACTIVE], GAPS) == [
        [{"what": "d2t-problematic", "why": "D2T_LIKELY_CONFIRM_C3", "order": None}]
    ]
    for record in ([*TWO_FAILED, *ACTIVE, PROBLEM], TWO_FAILED, ACTIVE):
        assert ask(record, GAPS) == [[]]
