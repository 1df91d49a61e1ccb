"""RARecommendations: precedence (clinical-spec 0.12, 8.1), unknown RA, gate summary, cards."""

from __future__ import annotations

from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import Date
from tests.cql.build import (
    ICD10,
    LOINC,
    SNOMED,
    Json,
    bundle,
    condition,
    dispense,
    evaluate,
    observation,
    statement,
)
from tests.cql.gate_records import ago, cxr, igra, ra
from tests.cql.laboratory_records import labs
from tests.cql.planted import planted
from tests.cql.test_gate_composition import row
from tests.cql.test_next_option import BTS

ILD = condition(SNOMED("233703007"), "2024-03-01")
PNEUMONIA = condition(SNOMED("233604007"), ago(10))


def ask(name: str, *resources: Json, **parameters: Any) -> Any:
    define = f"RARecommendations.{name}"
    return evaluate(bundle(*resources), [define], parameters=parameters or None)[define]


def visit(day: str, joints: int, esr: int, globally: float) -> list[Json]:
    return [
        observation("tjc28", joints, "{count}", day),
        observation("sjc28", joints, "{count}", day),
        observation("esr", esr, "mm/h", day, upper=20),
        observation("ptgh-0-10", globally, "{score}", day),
        observation("ega-0-10", globally, "{score}", day),
    ]


BASELINE = visit("2026-02-25", 10, 50, 7)
NOW = visit("2026-11-20", 9, 48, 7)
ADALIMUMAB = statement("adalimumab", "2026-03-02")
FAILING = [ra(), ADALIMUMAB, *BASELINE, *NOW]
MISSED = observation("missed-doses-of-6", 3, "{count}", "2026-11-20")
TOFACITINIB = statement("tofacitinib", "2026-04-01")
STOPPED = statement(
    "adalimumab", "2026-03-02", "2026-11-01", status="stopped", reason="stop-allergy"
)

PRECEDENCE = [
    pytest.param(FAILING, "PRIMARY_NONRESPONSE_M6", id="efficacy"),
    pytest.param([*FAILING, MISSED], "NON_ADHERENCE", id="non-adherence-before-efficacy"),
    pytest.param([*FAILING, MISSED, PNEUMONIA], "INFECTION_ACTIVE", id="infection-before-both"),
    pytest.param(
        [*FAILING, PNEUMONIA, TOFACITINIB], "DATA_CONFLICT", id="conflict-before-infection"
    ),
    pytest.param([ra(), STOPPED, *BASELINE, *NOW], "INTOLERANCE", id="intolerance"),
    pytest.param(
        [ra(), STOPPED, *BASELINE, *NOW, PNEUMONIA], "INFECTION_ACTIVE", id="infection-first"
    ),
    pytest.param(
        [*FAILING, condition(SNOMED("56717001"))], "INFECTION_ACTIVE", id="active-tuberculosis"
    ),
    pytest.param([ra(), ADALIMUMAB], "ACTIVITY_UNKNOWN", id="no-activity"),
    pytest.param([ra()], "NO_DMARD", id="no-dmard"),
    pytest.param([ra(), statement("adalimumab", ago(20))], "TOO_EARLY", id="too-early"),
    pytest.param(
        [ra(), statement("adalimumab", "2026-08"), *NOW], "UNKNOWN_DATE_PRECISION", id="month"
    ),
    pytest.param(
        [ra(), ADALIMUMAB, *BASELINE, *visit("2026-11-20", 0, 5, 0)], "AT_TARGET", id="target"
    ),
    # an unclear infection is a question of the gate and no category
    pytest.param(
        [*FAILING, condition(SNOMED("233604007"), ago(200))], "PRIMARY_NONRESPONSE_M6", id="old"
    ),
    pytest.param(
        [*FAILING, condition({"text": "肺炎"}, ago(5))], "PRIMARY_NONRESPONSE_M6", id="text"
    ),
]


@pytest.mark.parametrize(("resources", "expected"), PRECEDENCE)
def test_precedence(resources: list[Json], expected: str) -> None:
    assert ask("Primary", *resources) == expected


def test_what_else_holds_stays_a_flag_and_the_primary_is_none() -> None:
    flags = ask("Flags", *FAILING, MISSED, PNEUMONIA)
    assert {"NON_ADHERENCE", "PRIMARY_NONRESPONSE_M6"} <= set(flags)
    assert "INFECTION_ACTIVE" not in flags
    assert len(flags) == len(set(flags))


@pytest.mark.parametrize(
    ("resources", "has_ra", "primary", "cards"),
    [
        pytest.param([], False, "NOT_RA", set(), id="no-ra"),
        pytest.param(
            [condition(ICD10("M05.9"), verification="provisional")],
            None,
            None,
            {"Missing Data Card"},
            id="suspected",
        ),
        pytest.param([ADALIMUMAB], None, None, {"Missing Data Card"}, id="drug-only"),
    ],
)
def test_without_established_ra(
    resources: list[Json], has_ra: bool | None, primary: str | None, cards: set[str]
) -> None:
    assert ask("Has RA", *resources) is has_ra
    assert ask("Primary", *resources) == primary
    names = ("Status Card", "Next Step Card", "Safety Gate Card", "Missing Data Card")
    shown = {name for name in names if ask(name, *resources) is not False}
    assert shown == cards


def test_nothing_is_said_of_a_patient_without_ra() -> None:
    for name in ("Flags", "Gates", "Gaps", "Gate Summary", "Activity", "Index Drug"):
        assert ask(name, PNEUMONIA) is None


SUSPECTED_RA = condition(ICD10("M05.9"), verification="provisional")


@pytest.mark.parametrize(
    "visits", [NOW, visit("2026-11-20", 0, 5, 0), [*NOW, PNEUMONIA]], ids=["failing", "well", "ill"]
)
def test_nothing_that_rests_on_ra_is_said_while_ra_is_suspected(visits: list[Json]) -> None:
    record = [SUSPECTED_RA, ADALIMUMAB, *BASELINE, *visits]
    assert ask("Has RA", *record) is None
    for name in ("D2T", "Refractory", "Serology", "Economics", "Next Step", "Options"):
        assert ask(name, *record) is None
    for name in ("Status Card", "Next Step Card", "Safety Gate Card"):
        assert ask(name, *record) is False


def test_ra_is_unknown_where_the_problem_list_is_incomplete() -> None:
    missing = {"RAParameters.Incomplete Data": ["Condition"]}
    assert ask("Has RA", **missing) is None
    assert ask("Missing Data Card", **missing) is True


CLEAN = [
    *(igra("NEG"), cxr(), *labs()),
    observation("hrct-chest", ("urn:ra-cds-hooks:codes", "normal")),
    *(observation("smoking", SNOMED("266919005")), observation("bmi", 24, "kg/m2")),
    *(
        observation(LOINC(code), None, date="2026-06-10", interpretation="NEG")
        for code in ("5196-1", "13952-7", "13955-0", "56888-1")
    ),
    observation(LOINC("2465-3"), 11, "g/L"),
]


def gate_summary(rows: list[Json], *resources: Json) -> Json:
    """The summary where these are all rows of the gate."""
    name = "RARecommendations.Gate Summary"
    found: Json = planted({"SafetyGate.All Checks": rows}, [name], bundle(*resources))[name]
    return found


def test_gate_summary_without_findings_is_ok_and_names_none() -> None:
    found = gate_summary([row([*BTS, "LEF"], "ok")], *FAILING)
    assert (found["verdict"], found["reason"], found["findings"]) == ("ok", None, [])


LEFLUNOMIDE = statement("leflunomide", "2024-01-10")


def test_gate_summary_puts_the_worst_and_then_the_widest_first() -> None:
    rows = [
        row(["LEF"], "block", "both"),
        row(["TNFi"], "caution", "start"),
        row([*BTS, "LEF"], "block", "start"),
    ]
    found = gate_summary(rows, *FAILING, LEFLUNOMIDE)
    assert (found["verdict"], found["reason"]) == ("block", "block-start")
    assert [f["reason"] for f in found["findings"]] == [
        "block-start",
        "block-both",
        "caution-start",
    ]
    # the start of leflunomide is over
    assert found["findings"][0]["classes"] == ["BIOLOGIC_OR_TARGETED"]


def test_gate_summary_speaks_of_conventional_drugs_only_when_taken() -> None:
    rows = [row(BTS, "caution"), row(["LEF"], "block"), row(["MTX"], "block")]
    assert gate_summary(rows, *FAILING)["verdict"] == "caution"
    found = gate_summary(rows, *FAILING, LEFLUNOMIDE)
    assert (found["verdict"], found["findings"][0]["classes"]) == ("block", ["LEF"])
    assert len(found["findings"]) == 2


def test_a_block_of_one_molecule_stands_behind_what_concerns_the_class() -> None:
    rows = [row(BTS, "caution"), row(["JAKi"], "block", molecules=["tofacitinib"])]
    found = gate_summary(rows, *FAILING)
    assert [f["verdict"] for f in found["findings"]] == ["caution", "block"]
    every = ["tofacitinib", "baricitinib", "upadacitinib", "filgotinib"]
    rows = [row(BTS, "caution"), row(["JAKi"], "block", molecules=every)]
    assert gate_summary(rows, *FAILING)["findings"][0]["verdict"] == "block"


@pytest.mark.parametrize("check", ["G-VAX", "G-HIV", "G-HCV", "G-ILD0"])
def test_screening_is_listed_last_and_warns_of_nothing(check: str) -> None:
    rows = [row(BTS, "do_first", check=check), row(["ABA"], "caution", "start")]
    found = gate_summary(rows, *FAILING)
    assert [(f["verdict"], f["screening"]) for f in found["findings"]] == [
        ("caution", False),
        ("do_first", True),
    ]
    name = "RARecommendations.Safety Gate Card Indicator"

    def indicator(rows: list[Json]) -> Any:
        return planted({"SafetyGate.All Checks": rows}, [name], bundle(*FAILING))[name]

    assert indicator(rows[:1]) == "info"
    assert indicator(rows) == "warning"
    assert indicator([row(BTS, "unknown", check="G-X")]) == "info"


ON_TARGET = [ra(), ADALIMUMAB, *BASELINE, *visit("2026-11-20", 0, 5, 0)]


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param([*ON_TARGET, *CLEAN], False, id="nothing-stands-against"),
        # a screen that is merely due again concerns the next start (8.25)
        pytest.param([*ON_TARGET, igra("NEG", "2025-01-10"), *CLEAN[1:]], False, id="screen-due"),
        # a missing screen concerns the next start too; the missing-data card asks for it
        pytest.param([*ON_TARGET, *CLEAN[1:]], False, id="never-screened-on-a-biologic"),
        pytest.param([*ON_TARGET, igra("POS"), *CLEAN[1:]], True, id="positive-untreated"),
        pytest.param([*ON_TARGET, *CLEAN, PNEUMONIA], True, id="infection"),
        pytest.param([*FAILING, *CLEAN], True, id="change-is-near"),
        pytest.param([ra(), *CLEAN], True, id="no-dmard"),
    ],
)
def test_safety_gate_card(resources: list[Json], expected: bool) -> None:
    assert ask("Safety Gate Card", *resources) is expected


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (ON_TARGET, "info"),
        (FAILING, "warning"),
        ([*FAILING, MISSED], "warning"),
        ([*FAILING, PNEUMONIA], "critical"),
        ([*FAILING, TOFACITINIB], "critical"),
        ([ra()], "info"),
    ],
)
def test_status_card_indicator(resources: list[Json], expected: str) -> None:
    assert ask("Status Card Indicator", *resources) == expected


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (ON_TARGET, None),
        (FAILING, "ASK_ADHERENCE"),
        ([*FAILING, observation("pdc", 0.95, "1", "2026-11-20")], "MEASURE_LEVEL"),
        ([*FAILING, MISSED], "ADHERENCE_FIRST"),
        ([*FAILING, PNEUMONIA], None),
        ([ra(), STOPPED, *BASELINE, *NOW], "CHOOSE_OTHER_DRUG"),
    ],
)
def test_next_step(resources: list[Json], expected: str | None) -> None:
    found = ask("Next Step", *resources)
    assert (found and found["action"]) == expected


@pytest.mark.parametrize(
    ("extra", "asked"), [([], True), ([PNEUMONIA], False), ([TOFACITINIB], False)]
)
def test_a_level_is_asked_for_where_the_mechanism_is_a_question(
    extra: list[Json], asked: bool
) -> None:
    found = [gap["what"] for gap in ask("Gaps", *FAILING, *extra)]
    assert ("drug-level" in found) is asked


def test_a_finding_has_the_first_date_that_is_known() -> None:
    evidence = [
        {"ref": "Condition/a", "date": day, "value": "x"} for day in (None, Date(2026, 11, 2))
    ]
    name = "RARecommendations.Gate Findings"
    rows = [row(BTS, "block") | {"dataUsed": evidence}]
    [found] = planted({"SafetyGate.All Checks": rows}, [name], bundle(*FAILING))[name]
    assert found["date"] == "2026-11-02"


def test_low_activity_without_a_drug_is_no_target_that_was_reached() -> None:
    calm = [ra(), *visit("2026-11-20", 0, 5, 0)]
    assert ask("Primary", *calm) == "NO_DMARD"
    assert "AT_TARGET" not in ask("Flags", *calm)


def test_a_test_is_suggested_once_over_all_cards() -> None:
    resources = [ra(), ADALIMUMAB, *BASELINE, *NOW]
    offered = [
        order
        for name in ("Next Step Orders", "Safety Gate Orders", "Missing Data Orders")
        for order in ask(name, *resources)
    ]
    assert {"igra", "cxr"} <= set(offered)
    assert None not in offered
    assert len(offered) == len(set(offered))


def test_every_order_has_a_code_and_a_key_of_its_own() -> None:
    orders = ask("Orders", ra())
    keys = [order["key"] for order in orders]
    assert len(keys) == len(set(keys))
    assert all(order["code"] for order in orders)


def test_gaps_of_the_gate_and_dispenses_alone() -> None:
    supplied = [dispense("adalimumab", f"2026-{month:02}-02", 31) for month in range(3, 12)]
    gaps = ask("Gaps", ra(), *supplied, *BASELINE, *NOW)
    wanted = {(gap["what"], gap["order"]) for gap in gaps}
    assert {("igra", "igra"), ("cxr", "cxr"), ("hrct", "hrct")} <= wanted


def whats(*resources: Json, **parameters: Any) -> set[str]:
    return {gap["what"] for gap in ask("Gaps", *resources, **parameters)}


def test_gaps_are_named_where_they_are_and_only_there() -> None:
    assert "ra-diagnosis" in whats(SUSPECTED_RA, *FAILING[1:])
    assert "ra-diagnosis" not in whats(*FAILING)
    assert "adherence" in whats(*FAILING)
    assert "adherence" not in whats(*FAILING, MISSED)
    assert "adherence" not in whats(ra())
    assert "medication" in whats(*FAILING, statement({"text": "Deucravacitinib"}))
    assert "medication" not in whats(*FAILING, statement("adalimumab", "2026-12-24"))


def test_without_a_drug_there_is_no_adherence_and_during_an_infection_no_mechanism() -> None:
    assert ask("Adherence", ra()) is None
    assert ask("Adherence", *FAILING)["state"] == "unknown"
    assert ask("Mechanism", *FAILING) == "MECHANISM_UNKNOWN"
    assert ask("Mechanism Detail", *FAILING) is not None
    for name in ("Mechanism", "Mechanism Detail", "Economics"):
        assert ask(name, *FAILING, PNEUMONIA) is None


def test_options_and_the_card_of_the_next_step_where_there_is_one() -> None:
    assert ask("Next Step Card", *FAILING) is True
    assert len(ask("Options", *FAILING)) == 5
    assert ask("Next Step Card", *ON_TARGET) is False
    assert ask("Options", *ON_TARGET) is None


def test_every_flag_has_a_code() -> None:
    for record in ([ra()], FAILING, ON_TARGET):
        assert all(ask("Flags", *record))


@pytest.mark.parametrize(
    ("action", "links"),
    [("NO_CLASS_LEFT", ["trial-registry"]), ("CHANGE_CLASS_OR_MOLECULE", []), (None, [])],
)
def test_where_no_class_is_left_the_card_links_to_trials(
    action: str | None, links: list[str]
) -> None:
    name = "RARecommendations.Next Step Links"
    step = None if action is None else {"action": action}
    assert planted({"RARecommendations.Next Step": step}, [name], bundle(ra()))[name] == links


def test_four_classes_are_named_one_by_one() -> None:
    found = gate_summary([row(BTS[:4], "caution")], *FAILING)
    assert found["findings"][0]["classes"] == BTS[:4]


def test_a_shingles_vaccine_that_is_due_is_screening_too() -> None:
    due = row(["JAKi"], "caution") | {"reason": "ZOSTER_VACCINE_DUE"}
    found = gate_summary([due, row(["ABA"], "caution")], *FAILING)
    assert [(f["reason"], f["screening"]) for f in found["findings"]] == [
        ("caution-both", False),
        ("ZOSTER_VACCINE_DUE", True),
    ]
