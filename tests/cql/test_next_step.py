"""NextStep: the decision table (clinical-spec 4.3; 8.11, 8.13, 8.41), by guideline."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import Json
from tests.cql.planted import planted
from tests.cql.test_gate_composition import row
from tests.cql.test_next_option import BTS, CS, tried

FAILED = {
    "Primary": "PRIMARY_NONRESPONSE_M6",
    "Inflammation State": "YES",
    "Adherence Is Unknown": False,
    "Mechanism": "MECHANISM_UNKNOWN",
    "Is Poly-refractory": False,
    "Is Truly Refractory": False,
    "Index Kind": "bDMARD",
    "Index Ingredient": "etanercept",
    "Activity State": "moderate",
    "A Class Is Left": True,
}


def step(
    history: list[Json] | None = None,
    acpa: bool | None = None,
    rf: bool | None = None,
    profile: str = "EULAR2022",
    **changed: Any,
) -> tuple[str | None, str]:
    """Action and ranking where only this differs from a failed etanercept."""
    found = ask(history, acpa, rf, profile, **changed)
    action = found["NextStep.Next Step"]
    assert action is None or action["ranking"] == found["NextStep.Ranking"]
    return action and action["action"], found["NextStep.Ranking"]


def ask(
    history: list[Json] | None,
    acpa: bool | None,
    rf: bool | None,
    profile: str,
    incomplete: tuple[str, ...] = (),
    **changed: Any,
) -> dict[str, Any]:
    given = FAILED | {k.replace("_", " "): v for k, v in changed.items()}
    values = {f"NextStep.{name}": value for name, value in given.items()}
    values |= {
        "NextOption.History": history or [],
        "NextOption.ACPA Is Positive": acpa,
        "NextOption.RF Is Positive": rf,
    }
    names = ["NextStep.Next Step", "NextStep.Ranking"]
    parameters = {
        "RankingParameters.GuideProfile": profile,
        "RAParameters.Incomplete Data": list(incomplete),
    }
    return planted(values, names, parameters=parameters)


@pytest.mark.parametrize(
    ("changed", "action", "ranking"),
    [
        ({"Primary": "TOO_EARLY"}, None, "no"),
        ({"Primary": "ON_TRACK"}, None, "no"),
        ({"Primary": "AT_TARGET"}, None, "no"),
        ({"Primary": "UNKNOWN_DATE_PRECISION"}, None, "no"),
        ({"Primary": "ACTIVITY_UNKNOWN"}, None, "no"),
        ({"Primary": "DATA_CONFLICT"}, None, "no"),
        ({"Primary": "INFECTION_ACTIVE"}, None, "no"),
        ({"Primary": "NO_DMARD"}, None, "no"),
        ({"Primary": None}, None, "no"),
        ({"Primary": "PSEUDO_REFRACTORY", "Inflammation_State": "NO"}, "TREAT_PAIN", "no"),
        (
            {"Primary": "PSEUDO_REFRACTORY_SUSPECTED", "Inflammation_State": "PROBABLE_NO"},
            "ULTRASOUND_FIRST",
            "no",
        ),
        ({"Primary": "NON_ADHERENCE"}, "ADHERENCE_FIRST", "collapsed"),
        ({"Primary": "NON_ADHERENCE", "Inflammation_State": "UNKNOWN"}, "ADHERENCE_FIRST", "no"),
        ({"Primary": "INTOLERANCE"}, "CHOOSE_OTHER_DRUG", "yes"),
        # an intolerance is no question of efficacy
        ({"Primary": "INTOLERANCE", "Inflammation_State": "UNKNOWN"}, "CHOOSE_OTHER_DRUG", "yes"),
        ({"Inflammation_State": "UNKNOWN"}, "ESTABLISH_INFLAMMATION", "no"),
        ({"Inflammation_State": "NO"}, "ESTABLISH_INFLAMMATION", "no"),
        (
            {"Inflammation_State": "UNKNOWN", "Mechanism": "PD_FAILURE"},
            "ESTABLISH_INFLAMMATION",
            "no",
        ),
        ({}, "CHANGE_CLASS_OR_MOLECULE", "yes"),
        ({"Primary": "PRIMARY_NONRESPONSE_M3"}, "CHANGE_CLASS_OR_MOLECULE", "yes"),
        ({"Primary": "SECONDARY_LOSS"}, "CHANGE_CLASS_OR_MOLECULE", "yes"),
        ({"Primary": "TARGET_MISSED_UNKNOWN_TYPE"}, "CHANGE_CLASS_OR_MOLECULE", "yes"),
        ({"Mechanism": "PK_IMMUNE_CLEARING"}, "METHOTREXATE_AND_OTHER_MOLECULE", "yes"),
        ({"Mechanism": "PK_IMMUNE_NEUTRALISING"}, "METHOTREXATE_AND_OTHER_MOLECULE", "yes"),
        ({"Mechanism": "ADA_POS_LEVEL_ADEQUATE"}, "REPEAT_WITH_FUNCTIONAL_ASSAY", "yes"),
        ({"Mechanism": "PK_NONIMMUNE"}, "OPTIMISE_EXPOSURE", "second-step"),
        ({"Mechanism": "PK_INDETERMINATE"}, "REPEAT_TROUGH", "yes"),
        ({"Mechanism": "PD_FAILURE"}, "CHANGE_MECHANISM", "yes"),
        # a known mechanism does not wait for the question of adherence
        ({"Mechanism": "PD_FAILURE", "Adherence_Is_Unknown": True}, "CHANGE_MECHANISM", "yes"),
        ({"Adherence_Is_Unknown": True}, "ASK_ADHERENCE", "yes"),
        ({"Index_Ingredient": "adalimumab"}, "MEASURE_LEVEL", "yes"),
        ({"Index_Ingredient": "infliximab"}, "MEASURE_LEVEL", "yes"),
        ({"Index_Ingredient": "golimumab"}, "MEASURE_LEVEL", "yes"),
        ({"Index_Ingredient": "certolizumab pegol"}, "MEASURE_LEVEL", "yes"),
        ({"Index_Ingredient": "tocilizumab"}, "MEASURE_LEVEL", "yes"),
        # as long as nothing says that there is no level
        (
            {"Index_Ingredient": "adalimumab", "Mechanism": None},
            "CHANGE_CLASS_OR_MOLECULE",
            "yes",
        ),
        ({"Index_Ingredient": "sarilumab"}, "CHANGE_CLASS_OR_MOLECULE", "yes"),
        ({"A_Class_Is_Left": False}, "NO_CLASS_LEFT", "yes"),
        ({"A_Class_Is_Left": False, "Mechanism": "PD_FAILURE"}, "NO_CLASS_LEFT", "yes"),
    ],
)
def test_decision_table(changed: dict[str, Any], action: str | None, ranking: str) -> None:
    assert step(**changed) == (action, ranking)


def test_poly_refractory_comes_before_the_mechanism() -> None:
    found = planted_poly(True)
    assert found["action"] == "RETHINK_DIAGNOSIS"
    assert found["reasons"] == ["POLY_REFRACTORY"]
    assert planted_poly(None)["action"] == "CHANGE_MECHANISM"


def planted_poly(state: bool | None) -> Json:
    given = FAILED | {"Is Poly-refractory": state, "Mechanism": "PD_FAILURE"}
    name = "NextStep.Next Step"
    values: dict[str, Any] = {f"NextStep.{n}": v for n, v in given.items()}
    values |= {
        "NextOption.History": [],
        "NextOption.ACPA Is Positive": None,
        "NextOption.RF Is Positive": None,
    }
    found: Json = planted(values, [name])[name]
    return found


MTX = tried("methotrexate", "csDMARD")
SSZ = tried("sulfasalazine", "csDMARD")
EARLIER = tried("adalimumab", "TNFi", "intolerance")


@pytest.mark.parametrize(
    ("known", "profile", "action", "ranking"),
    [
        ({"acpa": True}, "EULAR2022", "FIRST_BIOLOGIC", "yes"),
        ({"rf": True}, "EULAR2022", "FIRST_BIOLOGIC", "yes"),
        ({"Activity_State": "high"}, "EULAR2022", "FIRST_BIOLOGIC", "yes"),
        ({"history": [MTX, SSZ]}, "EULAR2022", "FIRST_BIOLOGIC", "yes"),
        ({"history": [MTX, MTX]}, "EULAR2022", "ASK_PROGNOSIS", "collapsed"),
        ({"acpa": False, "rf": False}, "EULAR2022", "OTHER_CSDMARD", "no"),
        ({"acpa": False, "rf": False, "history": [MTX]}, "EULAR2022", "OTHER_CSDMARD", "no"),
        ({"acpa": False}, "EULAR2022", "ASK_PROGNOSIS", "collapsed"),
        ({"rf": False}, "EULAR2022", "ASK_PROGNOSIS", "collapsed"),
        (
            {"acpa": False, "rf": False, "Activity_State": None},
            "EULAR2022",
            "ASK_PROGNOSIS",
            "collapsed",
        ),
        ({"acpa": False, "rf": False}, "EULAR2025", "FIRST_BIOLOGIC", "yes"),
        ({"acpa": False, "rf": False}, "ACR2021", "FIRST_BIOLOGIC", "yes"),
        ({}, "EULAR2025", "FIRST_BIOLOGIC", "yes"),
        # a biologic was tried before: this is no first one
        (
            {"acpa": False, "rf": False, "history": [EARLIER]},
            "EULAR2022",
            "CHANGE_CLASS_OR_MOLECULE",
            "yes",
        ),
    ],
)
def test_after_a_csdmard(known: dict[str, Any], profile: str, action: str, ranking: str) -> None:
    given: dict[str, Any] = {"Index_Kind": "csDMARD", "Index_Ingredient": "methotrexate"}
    assert step(profile=profile, **(given | known)) == (action, ranking)


def test_reasons() -> None:
    found = ask(
        [tried("adalimumab", "TNFi"), tried("tocilizumab", "IL6Ri")],
        None,
        None,
        "EULAR2022",
        Adherence_Is_Unknown=True,
        Is_Truly_Refractory=True,
    )["NextStep.Next Step"]
    assert set(found["reasons"]) == {
        "ADHERENCE_UNKNOWN",
        "MECHANISM_UNKNOWN",
        "JAK_CONVERGENCE",
        "TRUE_REFRACTORY",
    }
    assert ask([], None, None, "EULAR2022", Mechanism=None)["NextStep.Next Step"]["reasons"] == []
    poor = ask([MTX], True, None, "EULAR2022", Index_Kind="csDMARD")
    assert poor["NextStep.Next Step"]["reasons"] == ["POOR_PROGNOSIS"]
    # what holds of a failure is not said of an intolerance
    other = ask([], None, None, "EULAR2022", Primary="INTOLERANCE", Adherence_Is_Unknown=True)
    assert other["NextStep.Next Step"]["reasons"] == []


def test_a_convergence_is_no_reason_where_nothing_is_ranked() -> None:
    history = [tried("adalimumab", "TNFi"), tried("tocilizumab", "IL6Ri")]
    ranked = ask(history, None, None, "EULAR2022")["NextStep.Next Step"]
    assert "JAK_CONVERGENCE" in ranked["reasons"]
    unranked = ask(history, None, None, "EULAR2022", Inflammation_State="UNKNOWN")
    assert "JAK_CONVERGENCE" not in unranked["NextStep.Next Step"]["reasons"]


def test_as_far_as_the_record_was_obtained_it_is_the_first_biologic() -> None:
    found = ask([MTX], True, None, "EULAR2022", ("MedicationStatement",), Index_Kind="csDMARD")[
        "NextStep.Next Step"
    ]
    assert (found["action"], found["reasons"]) == ("FIRST_BIOLOGIC", ["POOR_PROGNOSIS"])


def economics(due: bool | None, **changed: Any) -> list[str]:
    """What may be saved where a six-month target is due, or not, or nobody knows."""
    given = FAILED | {k.replace("_", " "): v for k, v in changed.items() if k != "rows"}
    values: dict[str, Any] = {f"NextStep.{name}": value for name, value in given.items()}
    values |= {
        "NextOption.History": [],
        "NextOption.ACPA Is Positive": None,
        "NextOption.RF Is Positive": None,
        "TreatToTarget.Target Is Due Today": due,
        "SafetyGate.All Checks": [row([*BTS, *CS], "ok"), *changed.get("rows", [])],
    }
    name = "NextStep.Next Step"
    found: list[str] = planted(values, [name])[name]["economics"]
    return found


SIX_MONTHS = ["INEFFECTIVE_OVER_6_MONTHS"]
BIOSIMILARS = ["BIOSIMILARS"]


@pytest.mark.parametrize(
    ("due", "changed", "expected"),
    [
        (True, {}, [*SIX_MONTHS, *BIOSIMILARS]),
        (False, {}, BIOSIMILARS),
        (None, {}, BIOSIMILARS),
        (True, {"Index_Kind": "tsDMARD"}, [*SIX_MONTHS, *BIOSIMILARS]),
        (True, {"Index_Kind": "csDMARD", "Activity_State": "high"}, BIOSIMILARS),
        (True, {"Primary": "INTOLERANCE"}, BIOSIMILARS),
        (True, {"Inflammation_State": "UNKNOWN"}, SIX_MONTHS),
        (False, {"rows": [row(["TNFi", "IL6Ri"], "block")]}, BIOSIMILARS),
        (False, {"rows": [row(["TNFi", "IL6Ri", "RTX"], "block")]}, []),
    ],
)
def test_economics(due: bool | None, changed: dict[str, Any], expected: list[str]) -> None:
    assert economics(due, **changed) == expected
