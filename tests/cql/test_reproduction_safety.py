"""G-PREG (clinical-spec 3.4, 0.5, 5.2, 8.24, 8.25): who, when, and what is not certain."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import (
    ICD10,
    LOCAL,
    LOINC,
    SNOMED,
    Json,
    bundle,
    condition,
    evaluate,
    observation,
    patient,
)
from tests.cql.gate_records import ago

WOMAN = patient("female", "1990-03-17")
PREGNANT = SNOMED("77386006")


def rows(*resources: Json, incomplete: tuple[str, ...] = ()) -> list[Json]:
    name = "ReproductionSafety.Checks"
    parameters = {"RAParameters.Incomplete Data": list(incomplete)}
    found: list[Json] = evaluate(bundle(*resources), [name], parameters=parameters)[name]
    return found


def found(drug_class: str, applies: str, *resources: Json, **options: Any) -> tuple[str, str]:
    [row] = [
        r
        for r in rows(*resources, **options)
        if drug_class in r["classes"] and r["applies"] in {applies, "both"}
    ]
    return row["verdict"], row["reason"]


def hcg(answer: str, day: str | None) -> Json:
    return observation(LOINC("2106-3"), None, date=day, interpretation=answer, id="hcg")


NONE = ("ok", "NO_RECORD_OF_PREGNANCY")
ASK = ("do_first", "PREGNANCY_TEST_MISSING")
BLOCK = ("block", "PREGNANT")
MAYBE = ("unknown", "PREGNANCY_POSSIBLE")
SEX = ("unknown", "SEX_OR_AGE_UNKNOWN")
NEGATIVE = ("ok", "PREGNANCY_TEST_NEGATIVE")
MILK = ("block", "BREASTFEEDING")
PLAN = ("caution", "PREGNANCY_PLANNED")

# resources, before a start, on the drug
STATES = [
    pytest.param([WOMAN], ASK, NONE, id="woman-of-36"),
    pytest.param([patient("male", "1990-03-17")], NONE, NONE, id="man"),
    pytest.param([patient("female", "1976-11-24")], ASK, NONE, id="49-for-a-day-more"),
    pytest.param([patient("female", "1976-11-23")], NONE, NONE, id="50-today"),
    pytest.param([patient("female", "2011-11-23")], ASK, NONE, id="15-today"),
    pytest.param([patient("female", "2011-11-24")], NONE, NONE, id="14"),
    pytest.param([patient(None, "1990-03-17")], SEX, NONE, id="sex-unknown"),
    pytest.param([patient("other", "1990-03-17")], SEX, NONE, id="sex-other"),
    pytest.param([patient("female", None)], SEX, NONE, id="birth-date-unknown"),
    pytest.param([patient(None, "1960-03-17")], NONE, NONE, id="sex-unknown-at-66"),
    pytest.param([WOMAN, hcg("NEG", ago(14))], NEGATIVE, NONE, id="test-14-days"),
    pytest.param([WOMAN, hcg("NEG", ago(15))], ASK, NONE, id="test-15-days"),
    pytest.param([WOMAN, hcg("NEG", "2026-11")], ASK, NONE, id="test-of-a-month"),
    pytest.param([WOMAN, hcg("POS", ago(3))], BLOCK, BLOCK, id="test-positive"),
    pytest.param([WOMAN, hcg("POS", ago(300))], BLOCK, BLOCK, id="positive-300-days"),
    pytest.param([WOMAN, hcg("POS", ago(301))], ASK, NONE, id="positive-301-days"),
    pytest.param([WOMAN, condition(PREGNANT, ago(300))], BLOCK, BLOCK, id="pregnant-300-days"),
    pytest.param([WOMAN, condition(PREGNANT, ago(301))], ASK, MAYBE, id="pregnant-301-days"),
    pytest.param(
        [WOMAN, condition(PREGNANT, ago(301)), hcg("NEG", ago(3))], MAYBE, MAYBE, id="old-entry"
    ),
    pytest.param([WOMAN, condition(PREGNANT, None)], ASK, MAYBE, id="pregnant-undated"),
    pytest.param([WOMAN, condition(PREGNANT, ago(301), clinical=None)], ASK, MAYBE, id="no-status"),
    pytest.param(
        [WOMAN, condition(PREGNANT, None, recordedDate=ago(300))], BLOCK, BLOCK, id="recorded",
    ),
    pytest.param([WOMAN, condition(LOCAL("pregnancy-planned"), None)], ASK, PLAN, id="undated"),
    pytest.param(
        [WOMAN, condition(PREGNANT, ago(30), verification="provisional")],
        ASK, MAYBE, id="suspected",
    ),
    pytest.param(
        [WOMAN, condition(PREGNANT, ago(30), verification="provisional", clinical=None)],
        ASK, MAYBE, id="suspected-without-status",
    ),
    pytest.param([WOMAN, condition({"text": "怀孕"}, ago(30))], ASK, MAYBE, id="text"),
    pytest.param(
        [WOMAN, condition(PREGNANT, ago(200), clinical="resolved")], ASK, NONE, id="pregnancy-over"
    ),
    pytest.param([WOMAN, condition(ICD10("Z34.90"), ago(30))], BLOCK, BLOCK, id="icd-10"),
    pytest.param(
        [WOMAN, condition(PREGNANT, ago(30), clinical=None)], BLOCK, BLOCK, id="status-not-said"
    ),
    pytest.param(
        [WOMAN, condition({"text": "哺乳期"}, ago(9), clinical=None)],
        ASK, MAYBE, id="milk-in-words-without-status",
    ),
    pytest.param([WOMAN, condition(ICD10("Z39.1"), ago(30))], MILK, MILK, id="breastfeeding"),
    pytest.param([WOMAN, condition({"text": "哺乳期"}, ago(9))], ASK, MAYBE, id="milk-in-words"),
    pytest.param([WOMAN, condition(LOCAL("pregnancy-planned"), ago(9))], ASK, PLAN, id="planned"),
    pytest.param(
        [WOMAN, condition(LOCAL("pregnancy-planned"), ago(9), clinical=None)],
        ASK, PLAN, id="planned-without-status",
    ),
    pytest.param(
        [WOMAN, condition(LOCAL("pregnancy-planned"), ago(9), clinical="resolved")],
        ASK, NONE, id="planned-no-longer",
    ),
    pytest.param(
        [WOMAN, condition(LOCAL("pregnancy-planned"), "2026-05-23"), hcg("NEG", ago(3))],
        PLAN, PLAN, id="planned-6-months-ago",
    ),
    pytest.param(
        [WOMAN, condition(ICD10("Z31.69"), "2026-05-22"), hcg("NEG", ago(3))],
        NEGATIVE, NONE, id="planned-earlier",
    ),
    *(
        pytest.param([WOMAN, condition(code, "2020-01-01")], NONE, NONE, id=code[1])
        for code in (
            SNOMED("76498008"), ICD10("Z78.0"), ICD10("Z90.710"), ICD10("Z90.711"),
            ICD10("Z90.722"), ICD10("Z98.51"),
        )
    ),
    pytest.param([WOMAN, condition({"text": "postmenopausal"})], ASK, NONE, id="text-excludes-not"),
    pytest.param(
        [patient("female", "1973-03-17"), condition(PREGNANT, ago(30))], BLOCK, BLOCK, id="at-53"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("resources", "start", "going_on"), STATES)
def test_harmful(resources: list[Json], start: tuple[str, str], going_on: tuple[str, str]) -> None:
    for drug_class in ("MTX", "LEF", "JAKi"):
        assert found(drug_class, "start", *resources) == start
        assert found(drug_class, "continue", *resources) == going_on


@pytest.mark.parametrize(
    ("resources", "softer"),
    [
        ([WOMAN], "ok"),
        ([WOMAN, condition(PREGNANT, ago(30))], "caution"),
        ([WOMAN, condition(PREGNANT, None)], "caution"),
        ([WOMAN, condition(ICD10("Z39.1"), ago(30))], "ok"),
    ],
)
def test_the_others(resources: list[Json], softer: str) -> None:
    for drug_class in ("IL6Ri", "ABA", "RTX"):
        assert found(drug_class, "start", *resources)[0] == softer
    for drug_class in ("TNFi", "SSZ", "HCQ"):
        assert found(drug_class, "continue", *resources)[0] == "ok"


def test_incomplete_problem_list() -> None:
    missing = {"incomplete": ("Condition",)}
    unknown = ("unknown", "CONDITIONS_NOT_OBTAINED")
    assert found("MTX", "continue", WOMAN, **missing) == unknown
    assert found("JAKi", "start", WOMAN, hcg("NEG", ago(3)), **missing) == unknown
    assert found("RTX", "start", WOMAN, **missing) == unknown
    assert found("MTX", "start", patient("male", "1990-03-17"), **missing) == NONE


def test_orders_and_validity() -> None:
    [start] = [r for r in rows(WOMAN) if r["applies"] == "start"]
    assert (start["orders"], start["dataMissing"], start["validUntil"]) == (
        ["hcg"], ["pregnancy-test"], None,
    )  # fmt: skip
    [start] = [r for r in rows(WOMAN, hcg("NEG", ago(3))) if r["applies"] == "start"]
    assert (start["orders"], start["validUntil"]) == ([], "2026-12-04")
    assert [d["ref"] for d in start["dataUsed"]] == ["Observation/hcg"]


@pytest.mark.parametrize(
    ("record", "asked"),
    [
        ([], False),
        ([condition(PREGNANT, ago(30))], False),
        ([condition(PREGNANT, ago(301))], True),
        ([condition(LOCAL("pregnancy-planned"), ago(9))], False),
    ],
)
def test_who_goes_on_is_asked_only_where_it_is_unknown(record: list[Json], asked: bool) -> None:
    [going_on] = [r for r in rows(WOMAN, *record) if r["applies"] == "continue"]
    missing, orders = (["pregnancy-test"], ["hcg"]) if asked else ([], [])
    assert (going_on["dataMissing"], going_on["orders"]) == (missing, orders)


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        (condition(PREGNANT, ago(30), id="c"), "pregnancy"),
        (condition(ICD10("Z39.1"), ago(30), id="c"), "breastfeeding"),
        (condition(LOCAL("pregnancy-planned"), ago(30), id="c"), "pregnancy-planned"),
    ],
)
def test_what_the_rows_rest_on(entry: Json, shown: str) -> None:
    def data(given: Json) -> set[tuple[Any, ...]]:
        found = rows(WOMAN, given)
        return {(d["ref"], d["date"], d["value"]) for row in found for d in row["dataUsed"]}

    assert data(entry) == {("Condition/c", ago(30), shown)}
    without_status = {key: value for key, value in entry.items() if key != "clinicalStatus"}
    assert data(without_status) == {("Condition/c", ago(30), shown)}
    over = entry | condition(PREGNANT, clinical="resolved") | {"code": entry["code"], "id": "c"}
    assert data(over | {"onsetDateTime": ago(30)}) == set()


def test_without_a_record_no_data_is_shown() -> None:
    assert {tuple(row["dataUsed"]) for row in rows(WOMAN)} == {()}
