"""DrugLevels.cql, clinical-spec 2.8, C14-C17: grades, timing and answers of each sample."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import ask, on
from tests.cql.build import Json, administration, component, observation

SAMPLE = "2026-11-14"
START = "2026-01-05"


def level(
    drug: str, value: Any, *, unit: str | None = "mg/L", date: str = SAMPLE, **more: Any
) -> Json:
    return observation(f"tdm-{drug}-level", value, unit, date, **more)


def trough(answer: bool = True) -> list[Json]:
    return [component("trough", answer)]


def rows(*resources: Json) -> list[Json]:
    [found] = ask(list(resources), "DrugLevels.Level Rows")
    return list(found)


def answers(kind: str, *resources: Json) -> list[tuple[str, str]]:
    [found] = ask(list(resources), f"DrugLevels.{kind} Rows")
    return [(row["ingredient"], row["state"]) for row in found]


@pytest.mark.parametrize(
    ("drug", "value", "grade"),
    [
        ("adalimumab", 1.99, "LOW"),
        ("adalimumab", 2.0, "INTERMEDIATE"),
        ("adalimumab", 3.99, "INTERMEDIATE"),
        ("adalimumab", 4.0, "ADEQUATE"),
        ("infliximab", 0.99, "LOW"),
        ("infliximab", 1.0, "INTERMEDIATE"),
        ("infliximab", 2.99, "INTERMEDIATE"),
        ("infliximab", 3.0, "ADEQUATE"),
        ("golimumab", 0.99, "LOW"),
        ("golimumab", 1.0, "ADEQUATE"),
        ("certolizumab", 19.99, "LOW"),
        ("certolizumab", 20.0, "ADEQUATE"),
        ("tocilizumab", 0.99, "LOW"),
        ("tocilizumab", 1.0, "ADEQUATE"),
        ("etanercept", 0.0, "LOW"),
        ("etanercept", 0.01, "DETECTABLE"),
    ],
)
def test_grades(drug: str, value: float, grade: str) -> None:
    [row] = rows(level(drug, value))
    assert (row["grade"], row["value"]) == (grade, value)
    assert row["ingredient"] == ("certolizumab pegol" if drug == "certolizumab" else drug)


@pytest.mark.parametrize(
    ("drug", "value", "comparator", "grade"),
    [
        ("adalimumab", 2.0, "<", "LOW"),
        ("adalimumab", 2.1, "<", None),  # could be 2.05: intermediate
        ("adalimumab", 4.0, ">", "ADEQUATE"),
        ("adalimumab", 3.9, ">", None),
        ("etanercept", 0.2, "<", "LOW"),
        ("etanercept", 5.0, ">", "DETECTABLE"),
    ],
)
def test_bounds_decide_only_where_every_value_agrees(
    drug: str, value: float, comparator: str, grade: str | None
) -> None:
    [row] = rows(level(drug, value, comparator=comparator))
    assert row["grade"] == grade


@pytest.mark.parametrize("drug", ["adalimumab", "etanercept"])
def test_not_detected_without_a_number_is_low(drug: str) -> None:
    [row] = rows(level(drug, None, interpretation="NEG"))
    assert (row["grade"], row["value"]) == ("LOW", None)


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [("ug/mL", 3.0, 3.0), ("mcg/mL", 3.0, 3.0), ("µg/mL", 3.0, 3.0), ("μg/mL", 3.0, 3.0),
     ("ng/mL", 3000.0, 3.0)],
)  # fmt: skip
def test_units(unit: str, value: float, expected: float) -> None:
    [row] = rows(level("adalimumab", value, unit=unit))
    assert row["value"] == expected


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (level("adalimumab", 3.0, unit=None), "UNKNOWN_UNIT"),
        (level("adalimumab", 3.0, unit="AU/mL"), "UNKNOWN_UNIT"),
        (level("adalimumab", -0.1), "IMPOSSIBLE_VALUE"),
        (level("adalimumab", 3.0, date="2026-11-24"), "FUTURE_DATED_DATA"),
        (level("adalimumab", "see report"), "UNREADABLE_VALUE"),
        (observation("tdm-adalimumab-ada", 12, "AU/mL", SAMPLE), "UNREADABLE_VALUE"),
        (
            observation("tdm-adalimumab-ada", None, date="2026-11-24", interpretation="POS"),
            "FUTURE_DATED_DATA",
        ),
    ],
)
def test_what_cannot_be_used_is_named(resource: Json, code: str) -> None:
    found, levels, antibodies = ask(
        [resource],
        "DrugLevels.Drug Level Issues",
        "DrugLevels.Level Rows",
        "DrugLevels.Antibody Rows",
    )
    assert [(i["code"], i["detail"]) for i in found] == [(code, "adalimumab")]
    assert (levels, antibodies) == ([], [])


@pytest.mark.parametrize("status", ["preliminary", "registered"])
@pytest.mark.parametrize("test", ["level", "ada"])
def test_a_result_on_its_way_is_no_issue(test: str, status: str) -> None:
    waiting = observation(f"tdm-adalimumab-{test}", None, status=status)
    with_value = observation(f"tdm-adalimumab-{test}", 3.0, "mg/L", status=status)
    assert ask([waiting, with_value], "DrugLevels.Drug Level Issues") == [[]]


@pytest.mark.parametrize("status", ["preliminary", "registered", "entered-in-error", "cancelled"])
def test_results_not_final_are_no_results(status: str) -> None:
    assert rows(level("adalimumab", 1.0, status=status)) == []
    ada = observation("tdm-adalimumab-ada", None, interpretation="POS", status=status)
    assert answers("Antibody", ada) == []


def test_the_zero_level_is_possible() -> None:
    [row] = rows(level("golimumab", 0.0))
    assert row["grade"] == "LOW"


@pytest.mark.parametrize(
    ("more", "timing"),
    [
        ({"components": trough()}, "trough"),
        ({"components": trough(False)}, "not-trough"),
        ({"components": [component("trough", "perhaps")]}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_timing_as_the_record_says(more: dict[str, Any], timing: str) -> None:
    [row] = rows(on("infliximab", START), level("infliximab", 2.0, **more))
    assert row["timing"] == timing


@pytest.mark.parametrize(
    ("dose", "timing"),
    [
        ("2026-11-13", "unknown"),  # the dose before says nothing
        ("2026-11-14", "trough"),
        ("2026-11-15", "trough"),
        ("2026-11-16", "not-trough"),
    ],
)
def test_timing_by_the_next_dose(dose: str, timing: str) -> None:
    given = administration("infliximab", dose)
    [row] = rows(on("infliximab", START), given, level("infliximab", 2.0))
    assert row["timing"] == timing


def test_the_next_dose_of_another_drug_says_nothing() -> None:
    given = administration("tocilizumab", "2026-11-15")
    [row] = rows(on("infliximab", START), given, level("infliximab", 2.0))
    assert row["timing"] == "unknown"


def test_the_first_next_dose_decides() -> None:
    doses = [administration("infliximab", day) for day in ("2026-11-15", "2026-11-20")]
    [row] = rows(on("infliximab", START), *doses, level("infliximab", 2.0))
    assert row["timing"] == "trough"


@pytest.mark.parametrize(
    ("start", "timing"), [("2026-09-20", "induction"), ("2026-09-19", "trough")]
)
def test_no_trough_in_the_first_eight_weeks(start: str, timing: str) -> None:
    found = rows(on("infliximab", start), level("infliximab", 2.0, components=trough()))
    assert [row["timing"] for row in found] == [timing]


@pytest.mark.parametrize("assay", ["total", "free"])
def test_assay(assay: str) -> None:
    code = ("urn:ra-cds-hooks:codes", assay)
    for value in (assay.upper(), code):
        [row] = rows(level("adalimumab", 6.2, components=[component("assay", value)]))
        assert row["assay"] == assay


@pytest.mark.parametrize(
    ("course", "timing"),
    [
        (on("infliximab", SAMPLE), "induction"),  # drawn on the first day
        (on("infliximab", "2026-10-20", SAMPLE), "induction"),  # ... and on the last
        (on("infliximab", "2026-10-20", "2026-11-13"), "trough"),  # of no course at all
    ],
)
def test_a_course_has_its_first_and_its_last_day(course: Json, timing: str) -> None:
    [row] = rows(course, level("infliximab", 2.0, components=trough()))
    assert row["timing"] == timing


DRUGS = ["adalimumab", "infliximab", "golimumab", "certolizumab", "etanercept", "tocilizumab"]
KINDS = [("ada", "Antibody"), ("nab", "Neutralising"), ("activity", "Activity")]


@pytest.mark.parametrize("drug", DRUGS)
@pytest.mark.parametrize(("test", "kind"), KINDS)
def test_each_test_of_each_drug(drug: str, test: str, kind: str) -> None:
    record = observation(f"tdm-{drug}-{test}", None, date=SAMPLE, interpretation="POS")
    name = "certolizumab pegol" if drug == "certolizumab" else drug
    assert answers(kind, record) == [(name, "POS")]
    for _, other in KINDS:
        if other != kind:
            assert answers(other, record) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"interpretation": "POS"}, ["POS"]),
        ({"interpretation": "NEG"}, ["NEG"]),
        ({"interpretation": "IND"}, []),
        ({"value": 51, "unit": "U/mL", "upper": 50}, ["POS"]),
        ({"value": 50, "unit": "U/mL", "upper": 50}, ["NEG"]),
        ({"value": 51, "unit": "U/mL"}, []),
        ({"value": 51, "unit": "U/mL", "upper": 50, "interpretation": "NEG"}, []),
        ({"value": 50, "unit": "U/mL", "upper": 50, "comparator": "<"}, ["NEG"]),
        ({"value": 51, "unit": "U/mL", "upper": 50, "comparator": "<"}, []),
        ({"value": 50, "unit": "U/mL", "upper": 50, "comparator": ">"}, ["POS"]),
        ({"value": 49, "unit": "U/mL", "upper": 50, "comparator": ">"}, []),
        ({"value": "positive"}, ["POS"]),
        ({"value": "阴性"}, ["NEG"]),
    ],
)
def test_answers_by_the_laboratorys_own_limit(more: dict[str, Any], expected: list[str]) -> None:
    value, unit = more.pop("value", None), more.pop("unit", None)
    record = observation("tdm-adalimumab-ada", value, unit, SAMPLE, **more)
    assert [state for _, state in answers("Antibody", record)] == expected


def test_a_limit_in_another_unit_is_not_compared() -> None:
    record = observation("tdm-adalimumab-ada", 51, "ng/mL", SAMPLE)
    record["referenceRange"] = [{"high": {"value": 50, "unit": "U/mL", "code": "U/mL"}}]
    assert answers("Antibody", record) == []


def test_items_of_a_panel_are_results_of_their_own() -> None:
    panel = observation(
        "tdm-panel",
        date=SAMPLE,
        components=[component("tdm-adalimumab-level", 1.2, "mg/L"), component("trough", True)],
    )
    [row] = rows(on("adalimumab", START), panel)
    assert (row["grade"], row["timing"]) == ("LOW", "trough")


def test_a_number_without_words_says_neither_positive_nor_negative() -> None:
    [[fact]] = ask([level("adalimumab", 5.0)], "DrugLevels.Monitoring Facts")
    assert (fact["saysPositive"], fact["saysNegative"]) == (False, False)
