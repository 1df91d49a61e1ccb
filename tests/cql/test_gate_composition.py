"""SafetyGate: rows become the verdict of a molecule and a class (clinical-spec 3, 8.4; 8.25)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import Json, bundle, statement
from tests.cql.planted import planted

TNF = ["adalimumab", "etanercept", "infliximab", "golimumab", "certolizumab pegol"]


def row(
    classes: list[str],
    verdict: str | None,
    applies: str | None = "both",
    molecules: list[str] | None = None,
    last: bool | None = False,
    check: str = "G-X",
    orders: tuple[str, ...] = (),
) -> Json:
    """A check row of another library."""
    return {
        "id": check,
        "classes": classes,
        "molecules": molecules,
        "applies": applies,
        "verdict": verdict,
        "onlyIfNoAlternative": last,
        "reason": f"{verdict}-{applies}",
        "dataUsed": [],
        "dataMissing": [],
        "validUntil": None,
        "orders": list(orders),
    }


def ask(define: str, rows: list[Json], *resources: Json) -> Any:
    name = f"SafetyGate.{define}"
    return planted({"SafetyGate.All Checks": rows}, [name], bundle(*resources))[name]


def gate(moa: str, rows: list[Json], *resources: Json) -> Json:
    found: Json = ask("Gates", rows, *resources)[moa]
    return found


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["ok", "caution", "unknown", "do_first", "block"], "block"),
        (["ok", "caution", "unknown", "do_first"], "do_first"),
        (["ok", "caution", "unknown"], "unknown"),
        (["ok", "caution"], "caution"),
        (["ok", "ok"], "ok"),
        (["ok", None], "unknown"),  # a verdict that could not be decided
        (["caution", None], "unknown"),
        (["ok", "fine"], "unknown"),  # a word that is no verdict
        (["do_first", None], "do_first"),
        ([], "unknown"),  # nobody looked
    ],
)
def test_the_worst_row_decides_a_molecule(verdicts: list[str | None], expected: str) -> None:
    rows = [row(["ABA"], verdict) for verdict in verdicts]
    assert gate("ABA", rows)["verdict"] == expected


@pytest.mark.parametrize(
    ("applies", "start", "taken", "perhaps"),
    [
        ("start", "block", "ok", "block"),
        ("continue", "ok", "block", "block"),
        ("both", "block", "block", "block"),
        (None, "block", "block", "block"),  # a row that does not say when never vanishes
        ("whenever", "block", "block", "block"),
    ],
)
def test_when_a_row_applies(applies: str | None, start: str, taken: str, perhaps: str) -> None:
    rows = [row(["MTX"], "ok"), row(["MTX"], "block", applies)]
    assert gate("MTX", rows)["verdict"] == start
    assert gate("MTX", rows, statement("methotrexate", "2024-01-10"))["verdict"] == taken
    stopped = statement("methotrexate", "2024-01-10", "2025-02-03", status="stopped")
    assert gate("MTX", rows, stopped)["verdict"] == start
    open_ended = statement("methotrexate", "2024-01-10", status="unknown")
    assert gate("MTX", rows, open_ended)["verdict"] == perhaps
    # another drug of the group is not this one
    assert gate("MTX", rows, statement("leflunomide", "2024-01-10"))["verdict"] == start


def test_stopped_once_and_taken_again_is_taken() -> None:
    rows = [row(["SSZ"], "ok"), row(["SSZ"], "block", "continue")]
    before = statement("sulfasalazine", "2020-01-10", "2021-02-03", status="stopped")
    again = statement("sulfasalazine", "2025-01-10")
    assert gate("SSZ", rows, before, again)["verdict"] == "block"


@pytest.mark.parametrize(
    ("applies", "expected"),
    [("start", "block"), ("continue", "ok"), ("both", "block"), (None, "block")],
)
def test_a_biologic_class_is_asked_about_as_a_start(applies: str | None, expected: str) -> None:
    rows = [row(["TNFi"], "ok"), row(["TNFi"], "block", applies)]
    assert gate("TNFi", rows, statement("adalimumab", "2024-01-10"))["verdict"] == expected


@pytest.mark.parametrize(
    ("rows", "verdict", "last"),
    [
        # every molecule but one is blocked: that one speaks for the class
        ([row(["TNFi"], "ok"), row(["TNFi"], "block", molecules=TNF[:4])], "ok", False),
        ([row(["TNFi"], "caution"), row(["TNFi"], "block", molecules=TNF[:4])], "caution", False),
        ([row(["TNFi"], "ok"), row(["TNFi"], "block", molecules=TNF)], "block", False),
        # a row of the whole class reaches every molecule
        ([row(["TNFi"], "do_first"), row(["TNFi"], "ok", molecules=TNF[:1])], "do_first", False),
        # a row that names none, or only strangers, is of the class
        ([row(["TNFi"], "ok"), row(["TNFi"], "block", molecules=[])], "block", False),
        ([row(["TNFi"], "ok"), row(["TNFi"], "block", molecules=["novelumab"])], "block", False),
        # a row that names a molecule reaches it whatever classes it lists
        ([row(["TNFi"], "ok"), row([], "block", molecules=TNF)], "block", False),
        # among equal verdicts the one that need not come last
        ([row(["TNFi"], "ok"), row(["TNFi"], "ok", molecules=TNF[:4], last=True)], "ok", False),
        ([row(["TNFi"], "ok"), row(["TNFi"], "ok", molecules=TNF, last=True)], "ok", True),
        # the better verdict before the freedom from "only if no alternative"
        (
            [
                row(["TNFi"], "ok", last=True, molecules=TNF[:1]),
                row(["TNFi"], "caution", molecules=TNF[1:]),
            ],
            "ok",
            True,
        ),
        ([row(["TNFi"], "ok"), row(["TNFi"], "caution", last=True)], "caution", True),
        ([row(["TNFi"], "ok"), row(["TNFi"], "caution", last=None)], "caution", False),
    ],
)
def test_the_best_molecule_speaks_for_its_class(rows: list[Json], verdict: str, last: bool) -> None:
    found = gate("TNFi", rows)
    assert (found["verdict"], found["onlyIfNoAlternative"]) == (verdict, last)


@pytest.mark.parametrize(
    ("moa", "offered", "spare"),
    [
        ("IL6Ri", ["tocilizumab", "sarilumab"], "olokizumab"),
        ("JAKi", ["tofacitinib", "baricitinib", "upadacitinib", "filgotinib"], "peficitinib"),
        ("TNFi", TNF, None),
        ("ABA", ["abatacept"], None),
        ("RTX", ["rituximab"], None),
        ("MTX", ["methotrexate"], None),
        ("LEF", ["leflunomide"], None),
        ("SSZ", ["sulfasalazine"], None),
        ("HCQ", ["hydroxychloroquine"], None),
    ],
)
def test_a_molecule_that_is_not_offered_does_not_make_its_class_look_safe(
    moa: str, offered: list[str], spare: str | None
) -> None:
    rows = [row([moa], "ok"), row([moa], "block", molecules=offered)]
    assert gate(moa, rows)["verdict"] == "block"
    # each single one that is spared speaks for the class
    for one in offered if len(offered) > 1 else []:
        spared = [row([moa], "ok"), row([moa], "block", molecules=[m for m in offered if m != one])]
        assert gate(moa, spared)["verdict"] == "ok"
    if spare:
        found = ask("Current Drug Findings", [row([moa], "block", molecules=[spare])])
        assert found == []


def test_molecules_are_told_apart_only_where_rows_do() -> None:
    assert gate("IL6Ri", [row(["IL6Ri"], "ok")])["molecules"] is None
    rows = [row(["IL6Ri"], "caution"), row(["IL6Ri"], "block", molecules=["sarilumab"], last=True)]
    assert gate("IL6Ri", rows)["molecules"] == [
        {"molecule": "tocilizumab", "verdict": "caution", "onlyIfNoAlternative": False},
        {"molecule": "sarilumab", "verdict": "block", "onlyIfNoAlternative": True},
    ]


def test_the_checks_of_a_class_are_shown_as_they_were_made() -> None:
    rows = [
        row(["TNFi", "ABA"], "ok", check="G-A"),
        row(["TNFi"], "do_first", "continue", check="G-B"),
        row(["ABA"], "block", check="G-C"),
        row([], "caution", molecules=["infliximab"], check="G-D"),
    ]
    assert [c["id"] for c in gate("TNFi", rows)["checks"]] == ["G-A", "G-B", "G-D"]
    # the row for continuing is told and does not count
    assert gate("TNFi", rows)["verdict"] == "ok"
    assert "classes" not in gate("TNFi", rows)["checks"][0]


def test_what_stands_against_the_drugs_taken_now() -> None:
    rows = [
        row(["TNFi"], "block", "both", check="G-A"),
        row(["TNFi"], "do_first", "continue", check="G-B"),
        row(["TNFi"], "block", "start", check="G-C"),
        row(["TNFi"], "caution", "both", check="G-D"),
        row(["TNFi"], None, "both", check="G-E"),
        row(["TNFi"], "block", "both", ["etanercept"], check="G-F"),
        row(["MTX"], "block", None, check="G-G"),
        row(["ABA"], "block", "both", check="G-H"),
        row(["JAKi"], "block", "both", check="G-I"),
    ]
    taken = [
        statement("adalimumab", "2026-01-10"),
        statement("methotrexate", "2024-01-10", status="unknown"),
        statement("abatacept", "2024-01-10", "2025-03-01", status="stopped"),
        statement("peficitinib", "2025-06-01"),
        statement("prednisone", "2025-06-01"),
    ]
    found = ask("Current Drug Findings", rows, *taken)
    assert {(f["ingredient"], f["id"], f["verdict"]) for f in found} == {
        ("adalimumab", "G-A", "block"),
        ("adalimumab", "G-B", "do_first"),
        ("methotrexate", "G-G", "block"),
        ("peficitinib", "G-I", "block"),
    }


def test_orders_come_most_pressing_first_and_once() -> None:
    rows = [
        row(["ABA"], "caution", orders=("a", "b")),
        row(["ABA"], None, orders=("c",)),
        row(["ABA"], "do_first", orders=("d", "b")),
        row(["ABA"], "block", orders=("e",)),
        row(["ABA"], "ok", orders=("f",)),
        row(["MTX"], "block", orders=("g",)),
        row(["ABA"], "block", "continue", orders=("h",)),
        row(["ABA"], "block", None, orders=("i",)),
    ]
    assert ask("Gate Orders", rows) == ["e", "i", "d", "b", "c", "a"]


def test_a_question_without_a_row_was_not_checked() -> None:
    everything = ask("Gates Not Checked", [])
    assert len(everything) == 25
    assert "HBV" not in ask("Gates Not Checked", [row(["ABA"], "ok", check="G-HBV3")])
    assert "HBV" in ask("Gates Not Checked", [row(["ABA"], "ok", check="G-HCV")])
    assert "LABORATORY" not in ask("Gates Not Checked", [row(["ABA"], "ok", check="G-LFT")])
    assert "COPD" not in ask("Gates Not Checked", [row(["ABA"], "ok", check="G-COPD2")])
    for check, code in (("G-LIVER", "LIVER"), ("G-COND", "CONDITIONS"), ("G-ALB", "LABORATORY")):
        assert code in everything
        assert code not in ask("Gates Not Checked", [row(["MTX"], "ok", check=check)])


def gap(what: str, why: str, order: str | None) -> Json:
    return {"what": what, "why": why, "order": order}


@pytest.mark.parametrize(
    ("missing", "orders", "expected"),
    [
        (("a",), ("a",), [("a", "a")]),
        (("a",), ("b",), [("a", "b")]),
        (("a",), (), [("a", None)]),
        (("a", "b"), ("a", "b"), [("a", "a"), ("b", "b")]),
        # one of two is on its way already
        (("a", "b"), ("b",), [("a", None), ("b", "b")]),
        # a referral for the first, the test itself for the second
        (("a", "b"), ("c", "b"), [("a", "c"), ("b", "b")]),
        ((), ("a",), []),
    ],
)
def test_every_missing_datum_is_a_gap(missing: Any, orders: Any, expected: Any) -> None:
    rows = [{**row(["ABA"], "unknown", orders=orders), "dataMissing": list(missing)}]
    why = rows[0]["reason"]
    assert ask("Gate Gaps", rows) == [gap(w, why, o) for w, o in expected]


def test_gaps_come_most_pressing_first() -> None:
    verdicts = ("ok", "caution", None, "do_first", "block", "unknown")
    rows = [{**row(["ABA"], v), "dataMissing": [str(v)]} for v in verdicts]
    whats = [g["what"] for g in ask("Gate Gaps", rows)]
    assert whats == ["block", "do_first", "None", "unknown", "caution", "ok"]


def test_a_test_for_leflunomide_alone_is_asked_for_when_it_is_taken() -> None:
    test = {**row(["LEF"], "unknown", orders=("albumin",)), "dataMissing": ["albumin"]}
    question = {**row(["LEF"], "unknown"), "dataMissing": ["condition"]}
    both = {**row(["LEF", "ABA"], "unknown", orders=("cbc",)), "dataMissing": ["blood-count"]}
    other = {**row(["MTX"], "unknown", orders=("pft",)), "dataMissing": ["lung-function"]}
    rows = [test, question, both, other]
    for resources, expected in (
        ([], ["condition", "blood-count"]),
        ([statement("leflunomide", "2026-01-05")], ["albumin", "condition", "blood-count"]),
        (
            [statement("leflunomide", "2026-01-05", status="unknown")],
            ["albumin", "condition", "blood-count"],
        ),
        ([statement("methotrexate", "2026-01-05")], ["condition", "blood-count"]),
    ):
        whats = [g["what"] for g in ask("Gate Gaps", rows, *resources)]
        assert whats == [*expected, "lung-function"]
