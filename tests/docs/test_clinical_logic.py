"""docs/clinical-logic.md is whole and fresh: each rule has its words and is proved by cases."""

from __future__ import annotations

import re

import pytest

from tools.clinical_logic import page
from tools.clinical_logic.cases import FIRES, SILENT, UNKNOWN, asked
from tools.clinical_logic.sources import parameters_read, sources

RULES = page.rules()
COMMITTED = page.PAGE.read_text(encoding="utf-8")
CASE = {"primary": "AT_TARGET"}


def test_the_committed_page_is_what_is_generated():
    assert page.as_markdown(RULES) == COMMITTED, "run `make clinical-logic`"


def test_nothing_keeps_the_page_from_being_whole():
    assert page.problems(RULES) == []


def test_every_row_of_the_specification_is_named():
    for row in page.SPEC_ROWS:
        assert re.search(rf"^\| {re.escape(row)} \| (\[|left out: \w)", COMMITTED, re.MULTILINE), (
            row
        )


def test_every_link_inside_the_page_has_its_anchor():
    anchors = set(re.findall(r'<a id="([^"]+)">', COMMITTED))
    assert set(re.findall(r"\]\(#([^)]+)\)", COMMITTED)) <= anchors


def test_every_define_stands_on_the_line_that_the_page_links():
    links = re.findall(r"\[`?(\w+)\.([^]`]+)`?\]\(\.\./cql/\w+\.cql#L(\d+)\)", COMMITTED)
    assert len(links) > len(RULES)
    for library, define, line in links:
        text = (page.ROOT / "cql" / f"{library}.cql").read_text(encoding="utf-8")
        assert f'"{define}"' in text.splitlines()[int(line) - 1], f"{library}.{define}"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"cases": {FIRES: (), UNKNOWN: (), SILENT: ("a",)}}, "no case in which it fires"),
        ({"cases": {FIRES: ("a",), UNKNOWN: (), SILENT: ()}}, "no case in which it does not fire"),
        ({"passage": None}, "no When / Then above"),
        ({"line": 0}, "no define"),
    ],
)
def test_a_rule_without_words_or_cases_is_a_problem(damage, said):
    whole = RULES[0]
    broken = page.Rule(**{**vars(whole), **damage})
    [problem] = page.problems([broken, *RULES[1:]])
    assert problem.startswith(whole.key) and said in problem


def test_a_row_and_a_check_that_nobody_answers_are_problems():
    without = [rule for rule in RULES if rule.key != "G-SPO2"]
    assert page.problems(without) == [
        "row G-SPO2: neither computed nor left out",
        "check G-SPO2: no rule speaks of it",
    ]


@pytest.mark.parametrize(
    ("shows", "more", "answer"),
    [
        ({"primary": "AT_TARGET"}, {}, FIRES),
        ({"primary": ["TOO_EARLY"]}, {}, SILENT),
        ({"flag": "MINOR_WORSENING"}, {"flags_include": ["MINOR_WORSENING"]}, FIRES),
        ({"flag": "MINOR_WORSENING"}, {"flags": []}, SILENT),
        ({"flag": "MINOR_WORSENING"}, {"flags_include": []}, None),
        ({"flag": "SERO_ABA"}, {"flags": []}, None),
        ({"flag": "SERO_ABA"}, {"later_flags": []}, SILENT),
        ({"flag": "SERO_ABA"}, {"later_flags": ["SERO_ABA"]}, FIRES),
        ({"check": "G-HF"}, {}, None),
        ({"check": "G-HF"}, {"gates": {"G-HF": {"block": ["TNFi"], "ok": ["RTX"]}}}, FIRES),
        ({"check": "G-HF"}, {"gates": {"G-HF": {"unknown": ["TNFi"], "ok": ["RTX"]}}}, UNKNOWN),
        ({"check": "G-HF", "asks": True}, {"gates": {"G-HF": {"unknown": ["TNFi"]}}}, FIRES),
        ({"check": "G-HF"}, {"gates": {"G-HF": {"ok": ["TNFi"]}}}, SILENT),
        ({"check": "G-HF"}, {"gates": {"G-HF": {"unlike-block": ["TNFi"]}}}, None),
        ({"check": "G-HF"}, {"gates": {"verdict": {"ok": ["all"]}}}, SILENT),
        ({"check": "G-HF"}, {"gates": {"verdict": {"ok": ["b/ts"]}}}, None),
        ({"reason": ["A"]}, {}, None),
        ({"reason": ["A"]}, {"order": {"verdict": "block", "reasons": ["B", "A"]}}, FIRES),
        ({"reason": ["A"]}, {"order": {"verdict": "block", "reasons": ["B"]}}, None),
        ({"reason": ["A"]}, {"order": {"verdict": "ok"}}, SILENT),
        ({"note": "N"}, {"order": {"verdict": "block", "notes": ["N"]}}, FIRES),
        ({"member": "d2t.state", "is": "yes"}, {"d2t": {"state": "yes"}}, FIRES),
        ({"member": "d2t.state", "is": "yes"}, {"d2t": {"state": "no"}}, SILENT),
        ({"member": "d2t.state", "is": "yes"}, {"d2t": {"criterion1": "no"}}, None),
        ({"member": "pending", "is": "us"}, {"pending": ["us", "crp"]}, FIRES),
        ({"member": "pending", "is": ["us"]}, {"pending": []}, SILENT),
        ({"member": "pending"}, {"pending": []}, SILENT),
        ({"removed": "ABA"}, {"options_removed": ["ABA"]}, FIRES),
        ({"removed": "ABA"}, {"options": [["ABA", 50]]}, SILENT),
        ({"removed": "ABA"}, {"options": [["RTX", 50]]}, None),
        ({"last": "JAKi"}, {"options_last": ["JAKi"]}, FIRES),
        ({"last": "JAKi"}, {"options_last": []}, SILENT),
    ],
)
def test_how_a_front_matter_answers(shows, more, answer):
    assert asked(shows)({**CASE, **more}) == answer


def test_a_line_of_the_ranking_needs_cases_with_different_scores():
    for rule in page.table()["rule"]:
        if "points" in rule["shows"]:
            assert not set(rule["shows"][FIRES]) & set(rule["shows"][SILENT]), rule["key"]


def test_parameters_are_found_through_defines_but_not_through_other_libraries():
    define = "Is Too Early"
    found = parameters_read("TreatToTarget", [define], ())
    assert "RAParameters.Response Due After" in found
    assert "RAParameters.Merge Gap" not in found


def test_a_comment_on_one_line_and_one_on_two_are_read_alike():
    passage = sources()["TreatToTarget"].about("Is Too Early")
    assert [text.split(":")[0] for text in passage.when_then] == ["When", "Then"]
    assert passage.guideline[0].startswith("Judging before three months")
