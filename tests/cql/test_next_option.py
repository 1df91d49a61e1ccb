"""NextOption: each line of the ranking table, order, ties, gate (spec 4.2, 8.4, 8.22, 8.45)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import Json, bundle, observation, statement
from tests.cql.planted import planted
from tests.cql.test_gate_composition import row

BTS = ["TNFi", "IL6Ri", "ABA", "RTX", "JAKi"]
CS = ["MTX", "LEF", "SSZ", "HCQ"]
OK = row([*BTS, *CS], "ok")
KINDS = {"JAKi": "tsDMARD", "csDMARD": "csDMARD"}
MEMBERS = {
    "TNFi": ["adalimumab", "etanercept", "infliximab", "golimumab", "certolizumab pegol"],
    "JAKi": ["tofacitinib", "baricitinib", "upadacitinib", "filgotinib"],
}


def tried(
    ingredient: str,
    moa: str,
    outcome: str = "inefficacy",
    *,
    pk: bool | None = False,
    active: bool | None = False,
    confidence: str = "coded",
) -> Json:
    """One episode of the history."""
    return {
        "ingredient": ingredient,
        "moa": moa,
        "kind": KINDS.get(moa, "bDMARD"),
        "active": active,
        "outcome": outcome,
        "pkDocumented": pk,
        "confidence": confidence,
    }


# A drug that says nothing about the candidates and makes rituximab no first biologic.
ANAKINRA = tried("anakinra", "IL1Ri", "other")


def options(
    *history: Json,
    mechanism: str | None = None,
    acpa: bool | None = None,
    rf: bool | None = None,
    high: bool | None = None,
    ild: bool | None = False,
    rows: list[Json] | None = None,
    record: list[Json] | None = None,
    **parameters: Any,
) -> list[Json]:
    """The options of a patient of whom only this is known, best first."""
    name = "NextOption.Options"
    found: list[Json] = planted(
        {
            "NextOption.Mechanism": mechanism,
            "NextOption.ACPA Is Positive": acpa,
            "NextOption.RF Is Positive": rf,
            "NextOption.RF Is High": high,
            "NextOption.History": list(history) or [ANAKINRA],
            "NextOption.Rheumatoid Lung": ild,
            "SafetyGate.All Checks": [OK, *(rows or [])],
        },
        [name],
        bundle(*(record or [])),
        {k.replace("__", "."): v for k, v in parameters.items()},
    )[name]
    return found


def scores(found: list[Json]) -> dict[str, int]:
    return {o["class"]: o["score"] for o in found}


def of(found: list[Json], moa: str) -> Json:
    [option] = [o for o in found if o["class"] == moa]
    return option


def order(found: list[Json]) -> list[str]:
    return [o["class"] for o in found if o["rank"] is not None]


BASE = {"IL6Ri": 50, "ABA": 50, "JAKi": 50, "RTX": 45, "TNFi": 50}


def test_without_anything_known_only_ties_decide() -> None:
    found = options()
    assert scores(found) == BASE
    assert order(found) == ["IL6Ri", "ABA", "JAKi", "TNFi", "RTX"]
    assert [o["rank"] for o in found] == [1, 2, 3, 4, 5]
    assert all(o["reasons"] == [] and o["prerequisites"] == [] for o in found)


INFLIXIMAB_NOW = [statement("infliximab", "2025-06-02")]
LOST = {"record": INFLIXIMAB_NOW}
IMMUNE = tried("infliximab", "TNFi", pk=True)
TOCI = tried("tocilizumab", "IL6Ri")
ADA = tried("adalimumab", "TNFi")
ETA = tried("etanercept", "TNFi")
TOFA = tried("tofacitinib", "JAKi")

LINES = [
    pytest.param([], {"acpa": True}, {"ABA": 60}, id="acpa-positive"),
    pytest.param([], {"acpa": False}, {}, id="acpa-negative-rf-unknown"),
    pytest.param([], {"rf": False}, {}, id="rf-negative-acpa-unknown"),
    pytest.param([], {"acpa": False, "rf": False}, {"RTX": 30, "ABA": 45}, id="seronegative"),
    pytest.param([], {"acpa": False, "rf": True}, {}, id="rf-low-positive"),
    pytest.param([], {"acpa": True, "rf": False}, {"ABA": 60}, id="acpa-alone"),
    pytest.param([], {"rf": True, "high": True}, {"RTX": 55}, id="rf-high"),
    pytest.param([], {"rf": True, "high": False}, {}, id="rf-not-high"),
    pytest.param(
        [IMMUNE], {"mechanism": "PK_IMMUNE_CLEARING", **LOST}, {"TNFi": 60}, id="clearing"
    ),
    pytest.param(
        [IMMUNE], {"mechanism": "PK_IMMUNE_NEUTRALISING", **LOST}, {"TNFi": 60}, id="neutralising"
    ),
    pytest.param([IMMUNE], {"mechanism": "PK_NONIMMUNE", **LOST}, {}, id="not-immune"),
    pytest.param(
        [TOCI],
        {"mechanism": "PK_IMMUNE_CLEARING", "record": [statement("tocilizumab", "2025-06-02")]},
        {"IL6Ri": 25},
        id="clearing-of-another-class",
    ),
    pytest.param(
        [IMMUNE],
        {
            "mechanism": "PK_IMMUNE_CLEARING",
            "RankingParameters__GuideProfile": "ACR2021",
            **LOST,
        },
        {},
        id="clearing-acr2021",
    ),
    pytest.param(
        [IMMUNE],
        {
            "mechanism": "PK_IMMUNE_CLEARING",
            "RankingParameters__GuideProfile": "EULAR2025",
            **LOST,
        },
        {"TNFi": 60},
        id="clearing-eular2025",
    ),
    pytest.param([ADA], {}, {"TNFi": 30}, id="tnfi-failed"),
    pytest.param([tried("adalimumab", "TNFi", pk=None)], {}, {"TNFi": 30}, id="tnfi-no-level"),
    pytest.param([tried("adalimumab", "TNFi", pk=True)], {}, {}, id="tnfi-low-trough"),
    pytest.param([tried("adalimumab", "TNFi", "intolerance")], {}, {}, id="tnfi-not-tolerated"),
    pytest.param([tried("adalimumab", "TNFi", "unknown")], {}, {}, id="tnfi-outcome-unclear"),
    pytest.param([tried("adalimumab", "TNFi", confidence="text")], {}, {}, id="tnfi-in-words"),
    pytest.param([ADA, ETA], {}, {"TNFi": -20}, id="two-tnfi-failed"),
    pytest.param([ADA, ADA], {}, {"TNFi": 30}, id="one-tnfi-failed-twice"),
    pytest.param(
        [ADA, tried("etanercept", "TNFi", "intolerance")], {}, {"TNFi": 30}, id="one-and-a-reaction"
    ),
    pytest.param([TOCI], {}, {"IL6Ri": 25}, id="il6ri-failed"),
    pytest.param([TOFA], {}, {"JAKi": 30}, id="jaki-failed"),
    pytest.param([ADA, TOCI], {}, {"TNFi": 30, "IL6Ri": 25, "JAKi": 70}, id="convergence"),
    pytest.param(
        [ADA, TOCI, TOFA], {}, {"TNFi": 30, "IL6Ri": 25, "JAKi": 30}, id="convergence-jaki-failed"
    ),
    pytest.param(
        [ADA, TOCI, tried("tofacitinib", "JAKi", "unknown")],
        {},
        {"TNFi": 30, "IL6Ri": 25},
        id="convergence-jaki-unclear",
    ),
    pytest.param(
        [ADA, tried("tocilizumab", "IL6Ri", "intolerance")], {}, {"TNFi": 30}, id="no-convergence"
    ),
    pytest.param([], {"ild": True}, {"RTX": 65, "ABA": 55, "TNFi": 30, "JAKi": 45}, id="ild"),
    pytest.param([], {"ild": None}, {}, id="ild-unknown"),
    pytest.param(
        [tried("methotrexate", "csDMARD")], {}, {"RTX": 25}, id="rituximab-as-first-biologic"
    ),
    pytest.param(
        [tried("methotrexate", "csDMARD")], {"ild": None}, {"RTX": 25}, id="first-ild-unknown"
    ),
    pytest.param(
        [tried("methotrexate", "csDMARD")],
        {"ild": True},
        {"RTX": 65, "ABA": 55, "TNFi": 30, "JAKi": 45},
        id="first-but-ild",
    ),
    pytest.param(
        [tried("methotrexate", "csDMARD")],
        {"RAParameters__Incomplete Data": ["MedicationStatement"]},
        {},
        id="first-as-far-as-obtained",
    ),
    pytest.param(
        [tried("tofacitinib", "JAKi", "other")], {}, {}, id="a-targeted-drug-counts-as-prior"
    ),
    pytest.param(
        [],
        {"rows": [row(["ABA"], "caution", check="G-BRX")]},
        {"ABA": 45, "RTX": 50, "TNFi": 40},
        id="bronchiectasis",
    ),
    pytest.param(
        [],
        {"rows": [row(BTS, "do_first", check="G-BRX")]},
        {"ABA": 55, "RTX": 50, "TNFi": 40},
        id="bronchiectasis-sputum-first",
    ),
    pytest.param([], {"rows": [row(BTS, "ok", check="G-BRX")]}, {}, id="no-bronchiectasis"),
    pytest.param([], {"rows": [row(BTS, "unknown", check="G-BRX")]}, {}, id="lung-not-obtained"),
    pytest.param(
        [],
        {"rows": [row(BTS, "caution", check="G-INF2")]},
        {"ABA": 55, "IL6Ri": 30, "TNFi": 30, "RTX": 25, "JAKi": 25},
        id="serious-infection",
    ),
    pytest.param(
        [],
        {"rows": [row(["ABA"], "caution", check="G-NTM")]},
        {"ABA": 55, "IL6Ri": 40, "TNFi": 40, "RTX": 35, "JAKi": 35},
        id="ntm",
    ),
    pytest.param(
        [],
        {"rows": [row(BTS, "caution", check="G-INF2") | {"reason": "X_POSSIBLE"}]},
        {"ABA": 40, "IL6Ri": 40, "TNFi": 40, "RTX": 35, "JAKi": 40},
        id="infection-only-possible",
    ),
    pytest.param([], {"rows": [row(["ABA"], "caution", check="G-COPD")]}, {"ABA": 40}, id="copd"),
    pytest.param(
        [],
        {"rows": [row(["ABA"], "caution", check="G-COPD"), row(["ABA"], "caution", check="G-VAX")]},
        {"ABA": 40},
        id="copd-and-another-caution",
    ),
    pytest.param([], {"rows": [row(["ABA"], "caution", check="G-VAX")]}, {"ABA": 40}, id="caution"),
    pytest.param(
        [],
        {"rows": [row(["RTX"], "caution", check="G-VAX"), row(["RTX"], "caution", check="G-PJP")]},
        {"RTX": 35},
        id="two-cautions-count-once",
    ),
    pytest.param(
        [],
        {"rows": [row(["RTX"], "caution"), row(["RTX"], "do_first")]},
        {"RTX": 35},
        id="caution-beside-do-first",
    ),
    pytest.param([], {"rows": [row(["RTX"], "do_first")]}, {}, id="do-first-keeps-the-score"),
    pytest.param([], {"rows": [row(["RTX"], "unknown")]}, {}, id="unknown-keeps-the-score"),
    pytest.param(
        [], {"rows": [row(["RTX"], "caution", "continue")]}, {}, id="caution-for-continuing-only"
    ),
    pytest.param(
        [],
        {"rows": [row(["JAKi"], "caution", molecules=["tofacitinib"])]},
        {},
        id="caution-for-one-molecule",
    ),
    pytest.param(
        [],
        {"record": [observation("csdmard-cotherapy-impossible", True)]},
        {"IL6Ri": 60, "JAKi": 60},
        id="no-co-therapy",
    ),
    pytest.param(
        [], {"record": [observation("csdmard-cotherapy-impossible", False)]}, {}, id="co-therapy"
    ),
    pytest.param(
        [],
        {
            "record": [
                observation("csdmard-cotherapy-impossible", True, date="2025-11-20"),
                observation("csdmard-cotherapy-impossible", False, date="2026-11-20"),
            ]
        },
        {},
        id="co-therapy-again",
    ),
    pytest.param(
        [], {"rows": [row(CS, "block")]}, {"IL6Ri": 60, "JAKi": 60}, id="every-csdmard-blocked"
    ),
    *(
        pytest.param(
            [],
            {"rows": [row([c for c in CS if c != spared], "block")]},
            {},
            id=f"all-but-{spared}-blocked",
        )
        for spared in CS
    ),
]


@pytest.mark.parametrize(("history", "known", "changed"), LINES)
def test_lines_of_the_table(
    history: list[Json], known: dict[str, Any], changed: dict[str, int]
) -> None:
    assert scores(options(*history, **known)) == BASE | changed


def test_reasons_add_up_to_the_score() -> None:
    found = options(ADA, TOCI, acpa=True, rf=True, high=True, ild=True)
    for option in found:
        points = sum(reason["points"] for reason in option["reasons"])
        assert BASE[option["class"]] + points == option["score"]
    assert {r["code"] for r in of(found, "JAKi")["reasons"]} == {"JAK_CONVERGENCE", "RA_ILD"}


@pytest.mark.parametrize(("moa", "ingredient"), [("ABA", "abatacept"), ("RTX", "rituximab")])
def test_failed_abatacept_and_rituximab_are_removed(moa: str, ingredient: str) -> None:
    failed = of(options(tried(ingredient, moa)), moa)
    assert (failed["rank"], failed["standing"]) == (None, "removed")
    assert failed["removedBecause"] == "CLASS_FAILED"
    reaction = of(options(tried(ingredient, moa, "intolerance")), moa)
    assert (reaction["rank"], reaction["removedBecause"]) == (None, "NO_OTHER_MOLECULE")
    taken = of(options(tried(ingredient, moa, "none", active=True)), moa)
    assert (taken["rank"], taken["removedBecause"]) == (None, "NO_OTHER_MOLECULE")
    # nobody knows whether it is taken: it is not offered as if it were new
    unsure = of(options(tried(ingredient, moa, "none", active=None)), moa)
    assert (unsure["rank"], unsure["removedBecause"]) == (None, "NO_OTHER_MOLECULE")
    # stopped for another reason, it may come again; an unclear outcome is asked for
    again = of(options(tried(ingredient, moa, "other")), moa)
    assert (again["standing"], again["reasons"]) == ("open", [])
    unclear = of(options(tried(ingredient, moa, "unknown")), moa)
    assert unclear["standing"] == "open"
    assert unclear["reasons"] == [{"code": "EARLIER_OUTCOME_UNCLEAR", "points": 0}]
    in_words = of(options(tried(ingredient, moa, confidence="text")), moa)
    assert in_words["reasons"] == [{"code": "EARLIER_OUTCOME_UNCLEAR", "points": 0}]


def test_a_class_offers_the_molecules_that_are_left() -> None:
    assert of(options(ADA), "TNFi")["molecules"] == MEMBERS["TNFi"][1:]
    allowed = options(rows=[row([], "block", molecules=["tofacitinib", "baricitinib"])])
    assert of(allowed, "JAKi")["molecules"] == ["upadacitinib", "filgotinib"]
    # the gate is that of the molecules left: the spared one has failed
    rows = [row(["IL6Ri"], "block", molecules=["sarilumab"])]
    assert of(options(TOCI, rows=rows), "IL6Ri")["standing"] == "blocked"
    assert of(options(rows=rows), "IL6Ri")["standing"] == "open"
    both = options(TOCI, tried("sarilumab", "IL6Ri"))
    assert of(both, "IL6Ri")["removedBecause"] == "CLASS_FAILED"


def test_molecules_preferred_after_immune_clearance() -> None:
    known = {"mechanism": "PK_IMMUNE_CLEARING", "record": INFLIXIMAB_NOW}
    assert of(options(IMMUNE, **known), "TNFi")["prefer"] == ["etanercept", "certolizumab pegol"]
    reacted = tried("etanercept", "TNFi", "intolerance")
    assert of(options(IMMUNE, reacted, **known), "TNFi")["prefer"] == ["certolizumab pegol"]
    assert of(options(ADA), "TNFi")["prefer"] == []


def test_only_if_no_alternative_comes_last_and_keeps_its_score() -> None:
    rows = [row(["IL6Ri"], "caution", last=True)]
    found = options(rows=rows)
    assert order(found) == ["ABA", "JAKi", "TNFi", "RTX", "IL6Ri"]
    last = of(found, "IL6Ri")
    assert (last["score"], last["standing"], last["onlyIfNoAlternative"]) == (40, "last", True)
    two = options(rows=[row(["IL6Ri", "JAKi"], "caution", last=True)])
    assert order(two)[-2:] == ["IL6Ri", "JAKi"]


def test_a_third_tnf_inhibitor_stays_behind_the_last() -> None:
    found = options(ADA, ETA, rows=[row(["JAKi"], "caution", last=True)])
    assert order(found) == ["IL6Ri", "ABA", "RTX", "JAKi", "TNFi"]
    assert of(found, "TNFi")["standing"] == "not-advised"


def test_a_block_removes_and_is_named() -> None:
    blocked = row(["IL6Ri"], "block")
    found = options(rows=[blocked])
    assert order(found) == ["ABA", "JAKi", "TNFi", "RTX"]
    option = of(found, "IL6Ri")
    assert (option["rank"], option["standing"], option["verdict"]) == (None, "blocked", "block")
    assert option["prerequisites"] == [{"verdict": "block", "reason": "block-both"}]
    assert option["molecules"] == []
    assert order(options(rows=[row(BTS, "block")])) == []


def test_of_a_class_that_is_removed_nothing_has_to_be_done_first() -> None:
    rows = [row(["ABA"], "do_first"), row(["ABA"], "caution")]
    removed = of(options(tried("abatacept", "ABA"), rows=rows), "ABA")
    assert (removed["prerequisites"], removed["cautions"]) == ([], [])


def test_what_is_first_to_be_done_or_unknown_is_a_prerequisite() -> None:
    rows = [row(["ABA"], "do_first"), row(["ABA"], None), row(["ABA"], "caution")]
    option = of(options(rows=rows), "ABA")
    assert {(p["verdict"], p["reason"]) for p in option["prerequisites"]} == {
        ("do_first", "do_first-both"),
        ("unknown", "None-both"),
    }
    assert option["cautions"] == ["caution-both"]
    assert (option["verdict"], option["rank"]) == ("do_first", 5)


@pytest.mark.parametrize(
    ("verdict", "first"),
    [("ok", "JAKi"), ("caution", "JAKi"), ("unknown", "ABA"), ("do_first", "ABA")],
)
def test_convergence_puts_jaki_first_only_where_the_gate_permits(verdict: str, first: str) -> None:
    found = options(ADA, TOCI, rows=[row(["JAKi"], verdict)])
    assert order(found)[0] == first
    assert of(found, "JAKi")["score"] == (60 if verdict == "caution" else 70)


def test_convergence_with_only_if_no_alternative_is_last() -> None:
    found = options(ADA, TOCI, rows=[row(["JAKi"], "ok", last=True)])
    assert order(found)[-1] == "JAKi"


def test_a_weight_of_the_deployment_changes_the_order() -> None:
    found = options(**{"RankingParameters__Base RTX": 51})
    assert order(found)[0] == "RTX"
    assert scores(options(ADA, **{"RankingParameters__TNFi Not Advised After": 1}))["TNFi"] == -20
