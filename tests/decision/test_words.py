"""Every code that the CQL can say has words in both languages: a code never becomes a 500.

The codes are read from the ELM: a define added tomorrow is held to the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.content import committed_content

ROOT = Path(__file__).parents[2]
LANGUAGES = ("en", "zh")
# The findings are composed here, and spoken of by the cards of orders and of the review.
COMPOSES = {"OrderSafety", "LimitRows"}
# Libraries that name a finding for a check without building its row themselves.
NAMING = ("InfectionSafety", "ActiveTuberculosis", "LatentTuberculosis", "LaboratorySafety")


def building_rows() -> tuple[str, ...]:
    """Every library that builds check rows: one added tomorrow is scanned too."""
    found = []
    for path in sorted((ROOT / "cql" / "elm").glob("*.json")):
        if path.stem != "manifest" and path.stem not in COMPOSES:
            includes = json.loads(path.read_text("utf-8"))["library"].get("includes", {})
            if "CheckRows" in {i["path"] for i in includes.get("def", [])}:
                found.append(path.stem)
    return tuple(found)


GATE = tuple(sorted({*building_rows(), *NAMING}))
# Upper-case literals of the gate's libraries that are inputs and no findings.
NO_FINDING = {"STRICT", "ANTIBIOTIC", "TB_TREATMENT"}
CODE = re.compile(r"[A-Z][A-Z0-9_]{3,}")


@cache
def words() -> dict[str, Any]:
    return dict(committed_content().words)


@cache
def library(name: str) -> dict[str, Any]:
    text = (ROOT / "cql" / "elm" / f"{name}.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)["library"]
    return found


def libraries() -> list[str]:
    return [p.stem for p in sorted((ROOT / "cql" / "elm").glob("*.json")) if p.stem != "manifest"]


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from nodes(value)


# What decides which answer is given is no answer itself.
CONDITIONS = {"condition", "when", "where"}


def strings(tree: Any) -> set[str]:
    """String literals that can be the value of this expression; those of its conditions not."""
    if isinstance(tree, list):
        return {text for item in tree for text in strings(item)}
    if not isinstance(tree, dict):
        return set()
    if tree.get("type") == "Literal":
        return {tree["value"]} if str(tree.get("valueType", "")).endswith("}String") else set()
    return {t for key, value in tree.items() if key not in CONDITIONS for t in strings(value)}


def codes(tree: Any) -> set[str]:
    return {text for text in strings(tree) if CODE.fullmatch(text)}


def define(library_name: str, *names: str) -> list[Any]:
    made = {d["name"]: d for d in library(library_name)["statements"]["def"]}
    return [made[name]["expression"] for name in names]


def under(element: str, *library_names: str) -> set[str]:
    """String literals that any Tuple of these libraries gives to this element."""
    found: set[str] = set()
    for name in library_names:
        for node in nodes(library(name)):
            if node.get("type") == "Tuple":
                for member in node.get("element", []):
                    if member["name"] == element:
                        found |= strings(member["value"])
    return found


def without_words(group: str, wanted: set[str]) -> list[str]:
    entries = words()[group]
    return sorted(
        f"{group}.{code} ({language})"
        for code in wanted
        for language in LANGUAGES
        if not entries.get(code, {}).get(language, "").strip()
    )


def gate_findings() -> set[str]:
    return {code for name in GATE for code in codes(library(name))} - NO_FINDING


PRIMARY = (
    ("PrimaryCategory", ("Primary", "Primary Of Treatment")),
    ("TreatToTarget", ("Response Category", "Efficacy Category")),
)


def primaries() -> set[str]:
    return {code for name, defines in PRIMARY for code in codes(define(name, *defines))}


def test_the_scan_sees_the_codes() -> None:
    assert {"ACTIVE_SERIOUS_INFECTION", "CXR_MISSING", "ILD_LEFLUNOMIDE"} <= gate_findings()
    assert {"DATA_CONFLICT", "SECONDARY_LOSS", "NO_DMARD", "TOO_EARLY"} <= primaries()
    assert "BASELINE_MISSING" in under("why", "TreatToTarget")
    assert {"HepatitisB", "ZosterSafety", "GutSafety", "RAHistories", "LungSafety"} <= set(GATE)


def test_findings_of_the_gate() -> None:
    assert without_words("gate_reason", gate_findings()) == []


@pytest.mark.parametrize("group", ["gate_reason", "gate_note"])
def test_no_words_for_findings_that_do_not_exist(group: str) -> None:
    assert set(words()[group]) <= gate_findings()


@pytest.mark.parametrize(
    "group", ["primary_summary", "primary_sentence", "primary_consider", "primary_source"]
)
def test_primary_categories(group: str) -> None:
    # NOT_RA shows no card
    wanted = primaries() - {"NOT_RA"}
    assert without_words(group, wanted) == []
    assert set(words()[group]) == wanted


FLAGS = (
    ("TreatToTarget", "Treat To Target Flags"),
    ("DiseaseActivity", "Disease Activity Flags"),
    ("ObjectiveInflammation", "Objective Inflammation Flags"),
    ("RAData", "Data Flags"),
    ("RARecommendations", "Flags"),
    ("PrimaryCategory", "Categories That Hold"),
    ("TreatToTarget", "Efficacy Category"),
)


def test_flags() -> None:
    found = {code for name, flags in FLAGS for code in codes(define(name, flags))}
    assert {"PARTIAL_RESPONSE", "COEXISTING_FIBROMYALGIA", "ESTIMATED_CRP", "AT_TARGET"} <= found
    assert without_words("flags", found) == []


def test_gaps() -> None:
    what = under("what", *libraries()) | under("dataMissing", *GATE)
    what |= strings(define("InfectionSafety", "Infection Missing"))
    assert {"baseline", "igra", "infection-status", "hrct"} <= what
    assert without_words("missing", what) == []
    why = under("why", *libraries())
    assert without_words("missing_why", why) == []


def test_gaps_of_the_gate_fall_back_on_its_findings() -> None:
    """The gap's own words would win: a finding never borrows the words of another question."""
    assert set(words()["missing_why"]) & gate_findings() == set()


def test_orders() -> None:
    keys = under("key", "RARecommendations")
    assert without_words("orders", keys) == []
    gaps = ("TreatToTarget", "DiseaseActivity", "ObjectiveInflammation", "RARecommendations")
    asked = under("order", *gaps) | under("orders", *GATE)
    asked |= strings(define("ActiveTuberculosis", "Radiograph If Not Current"))
    assert {"igra", "cxr", "us", "pft", "id-referral"} <= asked
    assert asked <= keys


def test_objective_inflammation_and_adherence() -> None:
    [tree] = define("ObjectiveInflammation", "Objective Inflammation Reasons")
    reasons = {
        text
        for node in nodes(tree)
        if node.get("type") == "Tuple"
        for member in node["element"]
        if member["name"] == "code"
        for text in strings(member["value"])
    }
    assert {"SWOLLEN_JOINTS", "US_NEGATIVE"} <= reasons
    assert without_words("oi_reason", reasons) == []
    assert set(words()["oi_reason"]) == reasons
    adherence = codes(library("Adherence"))
    assert {"PDC_BELOW_LIMIT", "NO_ADHERENCE_DATA"} <= adherence
    assert without_words("adherence_reason", adherence) == []
    signs = codes(define("Adherence", "Signs Of Non-adherence"))
    assert set(words()["lapse"]) == signs


def test_next_steps() -> None:
    steps = codes(define("NextStep", "Action", "Failure Action", "First Biologic Action"))
    assert {"TREAT_PAIN", "CHANGE_MECHANISM", "OTHER_CSDMARD"} <= steps
    for group in ("next_step_summary", "next_step_sentence", "next_step_consider"):
        assert without_words(group, steps) == []
        assert set(words()[group]) == steps
    for group, name in (("next_reason", "Reasons"), ("economics", "Economics")):
        [tree] = define("NextStep", name)
        assert set(words()[group]) == coded(tree)


def test_economics_dose_notes_and_ultrasound() -> None:
    for group, name, rule in (
        ("economics_at_target", "Economics", "Economics"),
        ("ultrasound_reason", "UltrasoundGrade", "Reason"),
    ):
        found = codes(define(name, rule))
        assert len(found) >= 3
        assert set(words()[group]) == found
        assert without_words(group, found) == []
    notes = coded(define("DoseNotes", "Dose Notes"))
    assert {"MTX_DOSE_LOW", "UNDERDOSED", "SHORT_EXPOSURE"} == notes
    assert without_words("flags", notes) == []


def test_options() -> None:
    [lines] = define("NextOption", "Lines")
    reasons = coded(lines) | {"CAUTION", "EARLIER_OUTCOME_UNCLEAR"}
    assert {"ACPA_POSITIVE", "JAK_CONVERGENCE"} <= reasons
    assert without_words("option_reason", reasons) == []
    assert set(words()["option_reason"]) == reasons
    assert set(words()["removed_reason"]) == {"CLASS_FAILED", "NO_OTHER_MOLECULE"}


def coded(tree: Any) -> set[str]:
    """The `code` of every tuple below."""
    return {
        text
        for node in nodes(tree)
        if node.get("type") == "Tuple"
        for member in node["element"]
        if member["name"] == "code"
        for text in strings(member["value"])
    }


def test_drugs_classes_and_checks_not_made() -> None:
    [function] = [
        d for d in library("RAMedications")["statements"]["def"] if d["name"] == "Ingredient Of"
    ]
    ingredients = strings(function)
    assert {"certolizumab pegol", "tripterygium glycosides"} <= ingredients
    assert without_words("drugs", ingredients) == []
    classes = strings(define("InfectionSafety", "Biologic And Targeted Classes"))
    classes |= strings(define("InfectionSafety", "Conventional Classes"))
    assert len(classes) == 9
    assert without_words("classes", classes | {"BIOLOGIC_OR_TARGETED"}) == []
    assert without_words("not_checked", under("code", "SafetyGate")) == []
    verdicts = {"block", "do_first", "unknown", "caution", "ok"}
    assert without_words("verdicts", verdicts) == []
    assert without_words("gate_summary", verdicts) == []


def spoken() -> Iterator[tuple[str, str, str]]:
    for group, entries in words().items():
        for code, entry in entries.items():
            for language in LANGUAGES:
                yield f"{group}.{code}", language, entry[language]


TOO_STRONG = {
    "en": re.compile(r"\b(must|prescribe|immediately|mandatory)\b|\bshould\b", re.IGNORECASE),
    "zh": re.compile("必须|应立即|务必|开具|处方"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_advise_and_never_order(language: str) -> None:
    found = [where for where, of, text in spoken() if of == language]
    assert found
    strong = [
        where for where, of, text in spoken() if of == language and TOO_STRONG[of].search(text)
    ]
    assert strong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_finding_leaves_room_in_a_summary(language: str) -> None:
    """140 characters less a beginning such as "TNF inhibitor, methotrexate, do first: ..."."""
    long = {c: len(e[language]) for c, e in words()["gate_reason"].items() if len(e[language]) > 95}
    assert long == {}


def test_both_languages_carry_the_same_numbers() -> None:
    """A number in one language is a number in the other."""
    differing = []
    for group in ("gate_reason", "gate_note", "missing_why", "adherence_reason", "oi_reason"):
        for code, entry in words()[group].items():
            numbers = [sorted(re.findall(r"\d+", entry[of])) for of in LANGUAGES]
            if numbers[0] != numbers[1]:
                differing.append(f"{group}.{code}")
    assert differing == []


def test_what_stands_before_an_order() -> None:
    said = codes(library("OrderSafety"))
    reasons = {code for code in said if code.startswith(("DUAL_", "DRUG_"))}
    assert {"DUAL_TAKEN", "DRUG_NOT_READABLE"} <= reasons
    assert without_words("order_reason", reasons) == []
    assert set(words()["order_reason"]) == reasons
    # a note may be the primary category itself, which only its condition names
    literals = {n["value"] for n in nodes(library("OrderSafety")) if n.get("type") == "Literal"}
    notes = literals & set(words()["order_note"])
    assert notes == {"PSEUDO_REFRACTORY", "PSEUDO_REFRACTORY_SUSPECTED", "INFECTION_ACTIVE"}
    assert set(words()["order_note_short"]) == set(words()["order_note"])
    listed = nodes(define("OrderSafety", "Not Obtained"))
    types = {node["value"] for node in listed if node.get("type") == "Literal"}
    assert types <= committed_content().program.resource_types_read()


def test_what_the_rules_read_has_a_name_where_it_was_not_obtained() -> None:
    assert set(words()["resource_types"]) == committed_content().program.resource_types_read()


def test_mechanism_and_refractory_disease() -> None:
    """Every code of the mechanism and population layers that a card may speak of."""
    for group, name, defines in (
        ("mechanism", "FailureMechanism", ("Mechanism",)),
        ("mechanism_driver", "FailureMechanism", ("Known Drivers", "Drivers")),
        ("mechanism_support", "FailureMechanism", ("Support",)),
        ("stromal_caveat", "RefractoryDisease", ("Pathotype Caveat",)),
        ("refractory_note", "RefractoryDisease", ("Refractory Notes",)),
        ("flags", "RefractoryDisease", ("Refractory Flags",)),
        ("flags", "DifficultToTreat", ("D2T Flags",)),
        ("flags", "Serology", ("Serology Flags",)),
    ):
        found = codes(define(name, *defines))
        assert found, (name, defines)
        assert without_words(group, found) == []
    pending = coded(define("RefractoryDisease", "Pending Items"))
    assert "drug-level" in pending
    assert without_words("missing", pending) == []
    [links] = define("RARecommendations", "Next Step Links")
    assert without_words("links", strings(links)) == []
    assert set(words()["links"]) == strings(links)


def test_a_link_is_absolute_and_holds_no_placeholder() -> None:
    for link in words()["links"].values():
        assert link["url"].startswith("https://")
        assert "{" not in link["url"]
