"""The comparison itself: each kind of difference is seen, misspelt expectations are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .expectation import ExpectationError, checked, read_expectation

OK_GATE = {"verdict": "ok", "checks": [{"id": "G-TB2", "verdict": "ok"}]}
JAK_GATE = {
    "verdict": "ok",
    "molecules": [
        {"molecule": "tofacitinib", "verdict": "ok"},
        {"molecule": "baricitinib", "verdict": "block"},
    ],
}
DOCUMENT: dict[str, Any] = {
    "hasRA": True,
    "primary": "TOO_EARLY",
    "flags": ["COEXISTING_FIBROMYALGIA", "SERO_RTX"],
    "index": {"ingredient": "adalimumab"},
    "milestones": {"month3": "2026-12-28"},
    "activity": {
        "state": "high",
        "cdai": {"value": 26.8, "state": "high"},
        "boolean20": False,
        "components": {"tjc28": 9},
    },
    "objectiveInflammation": {"state": "YES"},
    "adherence": {"state": "ok", "pdc": 0.96},
    "gates": {
        "TNFi": OK_GATE,
        "RTX": {"verdict": "do_first", "onlyIfNoAlternative": True},
        "JAKi": JAK_GATE,
    },
    "gaps": [{"what": "adherence"}, {"what": "lung", "order": "hrct"}],
    "dataIssues": [{"code": "UNKNOWN_UNIT"}],
}
CARDS = ["status", "missing-data"]

AGREES: list[dict[str, Any]] = [
    {"has_ra": True},
    {"flags": ["COEXISTING_FIBROMYALGIA"]},
    {"flags_include": ["COEXISTING_FIBROMYALGIA"], "flags_exclude": ["NON_ADHERENCE"]},
    {"index": "adalimumab", "objective_inflammation": "YES"},
    {"milestones": {"month3": "2026-12-28"}},
    {"activity": {"state": "high", "cdai": 26.804, "boolean20": False, "absent": ["sdai"]}},
    {"activity": {"components": {"tjc28": 9}}},
    {"adherence": {"state": "ok", "pdc": 0.96}},
    {"gates": {"verdict": {"ok": ["TNFi"], "do_first": ["RTX"], "not-ok": ["RTX"]}}},
    {"gates": {"G-TB2": {"ok": ["TNFi"]}, "onlyIfNoAlternative": ["RTX"]}},
    {"gates": {"molecules": {"ok": ["tofacitinib"], "block": ["baricitinib"]}}},
    {"gaps_exclude": ["igra"]},
    {"gaps_include": ["adherence", "hrct"], "data_issues_include": ["UNKNOWN_UNIT"]},
    {"cards": ["status", "missing-data"], "cards_include": ["status"]},
]
DIFFERS: list[dict[str, Any]] = [
    {"primary": "ON_TRACK"},
    {"has_ra": False},
    {"flags": []},
    {"flags": ["COEXISTING_FIBROMYALGIA", "NON_ADHERENCE"]},
    {"flags_include": ["NON_ADHERENCE"]},
    {"flags_exclude": ["COEXISTING_FIBROMYALGIA"]},
    {"index": "etanercept"},
    {"objective_inflammation": "NO"},
    {"milestones": {"month3": "2026-12-27"}},
    {"milestones": {"month6": "2027-03-28"}},
    {"activity": {"cdai": 26.81}},
    {"activity": {"das28Esr4": 5.7}},
    {"activity": {"boolean20": True}},
    {"activity": {"absent": ["cdai"]}},
    {"activity": {"components": {"tjc28": 8}}},
    {"activity": {"baseline": {"cdai": 33.5}}},
    {"adherence": {"state": "unknown"}},
    {"gates": {"verdict": {"ok": ["RTX"]}}},
    {"gates": {"verdict": {"not-ok": ["TNFi"]}}},
    {"gates": {"verdict": {"unlike-do_first": ["RTX"]}}},
    {"gates": {"verdict": {"ok": ["b/ts"]}}},
    {"gates": {"G-TB2": {"block": ["TNFi"]}}},
    {"gates": {"G-TB2": {"ok": ["RTX"]}}},
    {"gates": {"onlyIfNoAlternative": []}},
    {"gates": {"molecules": {"ok": ["baricitinib"]}}},
    {"gates": {"molecules": {"ok": ["tofacitinib", "upadacitinib"]}}},
    {"gates": {"molecules": {"block": ["baricitinb"]}}},
    {"gaps_exclude": ["hrct"]},
    {"gaps_exclude": ["adherence"]},
    {"gaps_include": ["igra"]},
    {"data_issues_include": ["FUTURE_DATED_DATA"]},
    {"cards": []},
    {"cards_include": ["safety-gate"]},
]
REFUSED: list[dict[str, Any]] = [
    {"flag": []},
    {"primary": "TOO_LATE"},
    {"flags": ["PARTIAL_RESPONS"]},
    {"milestones": {"month12": "2026-01-01"}},
    {"activity": {"das28": 3.2}},
    {"activity": {"components": {"tjc": 1}}},
    {"activity": {"baseline": {"state": "high"}}},
    {"activity": {"absent": ["das28"]}},
    {"adherence": {"mars": 20}},
    {"gates": {"TB2": {"ok": ["TNFi"]}}},
    {"gates": {"G-TB2": {"fine": ["TNFi"]}}},
    {"gates": {"molecules": {"not-ok": ["tofacitinib"]}}},
    {"gates": {"G-TB2": {"ok": ["TNF"]}}},
    {"gates": {"onlyIfNoAlternative": ["b/ts"]}},
]


@pytest.mark.parametrize("wanted", AGREES)
def test_agreement_has_no_differences(wanted: dict[str, Any]) -> None:
    expectation = checked("a-case", {"primary": "TOO_EARLY", **wanted})
    assert expectation.differences(DOCUMENT, CARDS) == []


@pytest.mark.parametrize("wanted", DIFFERS)
def test_each_kind_of_difference_is_seen(wanted: dict[str, Any]) -> None:
    expectation = checked("a-case", {"primary": "TOO_EARLY", **wanted})
    assert expectation.differences(DOCUMENT, CARDS)


@pytest.mark.parametrize("wanted", REFUSED)
def test_unknown_keys_and_codes_are_refused(wanted: dict[str, Any]) -> None:
    with pytest.raises(ExpectationError, match="a-case: unknown in the front matter"):
        checked("a-case", {"primary": "TOO_EARLY", **wanted})


def test_a_case_without_primary_is_refused() -> None:
    with pytest.raises(ExpectationError, match="expects no primary code"):
        checked("a-case", {"flags": []})


@pytest.mark.parametrize("text", ["no fences", "+++\nprimary = 'NOT_RA'\n+++\n", "x\n+++\n+++\ny"])
def test_a_file_without_front_matter_or_paragraph_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "case.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExpectationError, match="not front matter"):
        read_expectation(path)
