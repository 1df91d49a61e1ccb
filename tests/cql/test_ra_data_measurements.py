"""Truth tables of measurements: units (2.2), censored, impossible, dates and statuses (0.4-0.6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql import build
from tests.cql.build import LOCAL, LOINC, bundle, component, concept, observation, quantity


def results_of(kind: str, *resources: build.Json) -> list[Any]:
    name = f"RAData.{kind} Results"
    return build.evaluate(bundle(*resources), [name])[name]


def values_of(kind: str, *resources: build.Json) -> list[Any]:
    return [row["value"] for row in results_of(kind, *resources)]


def issues_of(*resources: build.Json) -> list[str]:
    rows = build.evaluate(bundle(*resources), ["RAData.Data Issues"])["RAData.Data Issues"]
    return [row["code"] for row in rows]


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (12, "mg/L", 12),
        (1.2, "mg/dL", 12),
        (12, "ug/mL", 12),
        (100, "nmol/L", 10.5),
        (0, "mg/L", 0),
        (12, None, None),
        (12, "{score}", None),
        (12, "mmol/L", None),
    ],
)
def test_crp_units(value: float, unit: str | None, expected: float | None) -> None:
    record = observation("crp", value, unit)
    assert values_of("CRP", record) == ([] if expected is None else [pytest.approx(expected)])
    assert issues_of(record) == (["UNKNOWN_UNIT"] if expected is None else [])


def test_molar_crp_code_is_crp() -> None:
    assert values_of("CRP", observation("crp-molar", 200, "nmol/L")) == [pytest.approx(21)]


@pytest.mark.parametrize(
    ("kind", "code", "unit", "comparator", "value", "expected"),
    [
        ("CRP", "crp", "mg/L", "<", 5, 2.5),
        ("CRP", "crp", "mg/dL", "<", 0.5, 2.5),
        ("CRP", "crp", "mg/L", ">", 200, 200),
        ("ESR", "esr", "mm/h", "<", 2, 1),
        ("ESR", "esr", "mm/h", ">", 120, 120),
    ],
)
def test_censored_result_is_estimated(
    kind: str, code: str, unit: str, comparator: str, value: float, expected: float
) -> None:
    (row,) = results_of(kind, observation(code, value, unit, comparator=comparator))
    assert row["value"] == pytest.approx(expected)
    assert row["estimated"] is True


@pytest.mark.parametrize(
    ("text", "value", "estimated"),
    [("<5 mg/L", 2.5, True), (">200 mg/L", 200, True), ("12 mg/L", 12, False)],
)
def test_censored_result_in_words(text: str, value: float, estimated: bool) -> None:
    (row,) = results_of("CRP", observation("crp", text))
    assert (row["value"], row["estimated"]) == (pytest.approx(value), estimated)


LIMIT_IN_MG_DL = {"high": {"value": 1.0, "unit": "mg/dL"}}
NORMAL = {"coding": [{"code": "normal"}]}
TREATMENT = {"coding": [{"code": "treatment"}]}


@pytest.mark.parametrize(
    ("ranges", "upper", "assumed"),
    [
        ([LIMIT_IN_MG_DL], 10, False),
        ([{"low": {"value": 0.2, "unit": "mg/dL"}}, LIMIT_IN_MG_DL], 10, False),
        ([LIMIT_IN_MG_DL | {"type": NORMAL}], 10, False),
        ([LIMIT_IN_MG_DL | {"type": TREATMENT}], 5, True),
        ([LIMIT_IN_MG_DL | {"appliesTo": [{"text": "children"}]}], 5, True),
    ],
)
def test_which_range_is_the_limit(ranges: list[build.Json], upper: float, assumed: bool) -> None:
    (row,) = results_of("CRP", observation("crp", 12, "mg/L", referenceRange=ranges))
    assert (row["upper"], row["upperAssumed"]) == (pytest.approx(upper), assumed)


def test_measured_result_is_not_estimated() -> None:
    (row,) = results_of("CRP", observation("crp", 5, "mg/L"))
    assert row["estimated"] is False


def test_estimated_crp_is_flagged_while_it_is_the_latest() -> None:
    censored = observation("crp", 5, "mg/L", "2026-11-20", comparator="<")
    older = observation("crp", 30, "mg/L", "2026-08-20")
    newer = observation("crp", 30, "mg/L", "2026-11-22")
    flags = "RAData.Data Flags"
    assert build.evaluate(bundle(older, censored), [flags])[flags] == ["ESTIMATED_CRP"]
    assert build.evaluate(bundle(censored, newer), [flags])[flags] == []


def test_bound_of_lung_function_is_not_halved() -> None:
    record = observation("fvc-pct", 80, "%", comparator="<")
    assert values_of("FVC Percent", record) == []
    assert issues_of(record) == ["UNREADABLE_VALUE"]


@pytest.mark.parametrize(
    ("code", "value", "unit", "millimetres"),
    [
        ("pt-global", 58, "mm", 58),
        ("pt-global", 5.8, "cm", 58),
        ("pt-global", 5.8, "mm", 5.8),
        ("pt-global", 58, None, 58),
        ("pt-global", 11, "{score}", 11),
        ("pt-global", 0, None, 0),
        ("pt-global", 10, None, None),
        ("pt-global", 5, "{score}", None),
        ("ptgh-0-10", 5.5, None, 55),
        ("ptgh-0-10", 5.5, "{score}", 55),
        ("ptgh-0-10", 5.5, "1", 55),
        ("ptgh-0-10", 58, "mm", 58),
        ("ptgh-0-10", 58, None, None),
        ("ptgh-0-10", 10, None, 100),
        ("ptgh-0-10", 10.5, None, None),
        ("pt-global", 58, "%", None),
    ],
)
def test_patient_global(
    code: str, value: float, unit: str | None, millimetres: float | None
) -> None:
    record = observation(code, value, unit)
    expected = [] if millimetres is None else [pytest.approx(millimetres)]
    assert values_of("Patient Global", record) == expected
    assert issues_of(record) == (["UNKNOWN_UNIT"] if millimetres is None else [])


def test_evaluator_global_is_in_cm_and_never_the_patients() -> None:
    record = observation("ega-global", 55, "mm")
    assert values_of("Evaluator Global", record) == [pytest.approx(5.5)]
    assert values_of("Patient Global", record) == []
    assert values_of("Evaluator Global", observation("ega-0-10", 5.5)) == [pytest.approx(5.5)]


@pytest.mark.parametrize(
    ("kind", "code", "value", "unit", "possible"),
    [
        ("TJC28", "tjc28", 28, None, True),
        ("TJC28", "tjc28", 29, None, False),
        ("SJC28", "sjc28", -1, None, False),
        ("SJC28", "sjc28", 0, "{joints}", True),
        ("SJC28", "sjc28", 3.5, None, False),
        ("ESR", "esr", 200, "mm/h", True),
        ("ESR", "esr", 201, "mm/h", False),
        ("CRP", "crp", 700, "mg/L", True),
        ("CRP", "crp", 70.1, "mg/dL", False),
        ("Patient Global", "pt-global", 100, "mm", True),
        ("Patient Global", "pt-global", 101, "mm", False),
        ("Evaluator Global", "ega-global", 10.1, "cm", False),
        ("FVC Percent", "fvc-pct", 0, "%", True),
    ],
)
def test_impossible_value(
    kind: str, code: str, value: float, unit: str | None, possible: bool
) -> None:
    record = observation(code, value, unit, id="it")
    found = build.evaluate(
        bundle(record),
        [f"RAData.{kind} Results", "RAData.Impossible Results", "RAData.Data Issues"],
    )
    impossible = found["RAData.Impossible Results"]
    if possible:
        assert len(found[f"RAData.{kind} Results"]) == 1
        assert impossible == []
    else:
        assert found[f"RAData.{kind} Results"] == []
        assert [(row["ref"], row["date"]) for row in impossible] == [
            ("Observation/it", "2026-11-20")
        ]
        assert [row["code"] for row in found["RAData.Data Issues"]] == ["IMPOSSIBLE_VALUE"]


@pytest.mark.parametrize(
    ("status", "used", "pending"),
    [
        ("final", True, False),
        ("amended", True, False),
        ("corrected", True, False),
        ("preliminary", False, True),
        ("registered", False, True),
        ("entered-in-error", False, False),
        ("cancelled", False, False),
        ("unknown", False, False),
    ],
)
def test_status(status: str, used: bool, pending: bool) -> None:
    record = observation("crp", 12, "mg/L", id="it", status=status)
    found = build.evaluate(
        bundle(record), ["RAData.CRP Results", "RAData.Pending Results", "RAData.Data Issues"]
    )
    assert bool(found["RAData.CRP Results"]) is used
    waiting = [{"ref": "Observation/it", "date": "2026-11-20", "kind": "crp"}]
    assert found["RAData.Pending Results"] == (waiting if pending else [])
    assert found["RAData.Data Issues"] == []


def test_registered_result_without_value_is_pending() -> None:
    record = bundle(observation("igra", status="registered", date="2026-11-21"))
    (row,) = build.evaluate(record, ["RAData.Pending Results"])["RAData.Pending Results"]
    assert (row["kind"], row["date"]) == ("igra", "2026-11-21")


@pytest.mark.parametrize(
    ("date", "used", "issue"),
    [
        ("2026-11-23", True, []),
        ("2026-11-23T23:30:00+01:00", True, []),
        ("2026-11-24", False, ["FUTURE_DATED_DATA"]),
        ("2027", False, ["FUTURE_DATED_DATA"]),
        ("2026-11", True, []),
        ("2026", True, []),
        (None, False, ["UNDATED_RESULT"]),
        ("0001-01-01", False, ["UNDATED_RESULT"]),
        ("1900-12-31", False, ["UNDATED_RESULT"]),
        ("1901-01-01", True, []),
    ],
)
def test_date(date: str | None, used: bool, issue: list[str]) -> None:
    record = observation("crp", 12, "mg/L", date)
    rows = results_of("CRP", record)
    assert bool(rows) is used
    if used and date is not None:
        assert rows[0]["date"] == date[:10]
    assert issues_of(record) == issue


@pytest.mark.parametrize(
    ("written", "date", "used"),
    [
        ("2026-11-24T01:00:00Z", "2026-11-23", True),
        ("2026-11-24T01:05:00.000Z", "2026-11-23", True),
        ("2026-11-24T01:06:00Z", None, False),
        ("2026-11-23T20:00:00-05:00", "2026-11-23", True),
        ("2026-11-24", None, False),
        ("2026-11-23", "2026-11-23", True),
    ],
)
def test_evening_result_written_in_utc_is_todays(
    written: str, date: str | None, used: bool
) -> None:
    name = "RAData.CRP Results"
    record = bundle(observation("crp", 12, "mg/L", written))
    rows = build.evaluate(record, [name], as_of="2026-11-23T20:05:00-05:00")[name]
    assert [row["date"] for row in rows] == ([date] if used else [])


def test_future_result_is_flagged() -> None:
    flags = "RAData.Data Flags"
    record = bundle(observation("crp", 12, "mg/L", "2026-11-24"))
    assert build.evaluate(record, [flags])[flags] == ["FUTURE_DATED_DATA"]


@pytest.mark.parametrize(
    ("elements", "date"),
    [
        ({"effectivePeriod": {"start": "2026-11-01", "end": "2026-11-03"}}, "2026-11-03"),
        ({"effectivePeriod": {"start": "2026-11-01"}}, "2026-11-01"),
        ({"effectiveInstant": "2026-11-05T10:00:00Z"}, "2026-11-05"),
        ({"issued": "2026-11-06T10:00:00Z"}, "2026-11-06"),
    ],
)
def test_date_of_other_effective_types(elements: build.Json, date: str) -> None:
    (row,) = results_of("CRP", observation("crp", 12, "mg/L", None, **elements))
    assert row["date"] == date


def test_rows_are_sorted_with_partial_dates_between() -> None:
    records = [
        observation("esr", 30, "mm/h", "2026-11-20", id="b"),
        observation("esr", 31, "mm/h", "2026-11-20", id="a"),
        observation("esr", 20, "mm/h", "2026-08"),
        observation("esr", 10, "mm/h", "2025"),
        observation("esr", 25, "mm/h", "2026-08-03"),
    ]
    expected = [10, 20, 25, 31, 30]
    assert values_of("ESR", *records) == expected
    assert values_of("ESR", *reversed(records)) == expected


def test_items_of_a_panel() -> None:
    panel = observation(
        LOINC("75842-5"),
        components=[component("tjc28", 9), component("sjc28", 7), component("cdai", 26.8)],
        id="panel",
    )
    assert results_of("TJC28", panel) == [
        {"ref": "Observation/panel", "date": "2026-11-20", "value": 9, "estimated": False}
    ]
    assert values_of("SJC28", panel) == [7]
    assert values_of("Reported CDAI", panel) == [pytest.approx(26.8)]


@pytest.mark.parametrize(
    ("value", "crp", "issue"),
    [
        ("12 mg/L", [12], []),
        ("<5 mg/L", [2.5], []),
        ("< 5.0 mg/L", [2.5], []),
        ("12", [], ["UNKNOWN_UNIT"]),
        ("about 12 mg/L", [], ["UNREADABLE_VALUE"]),
        ("normal", [], ["UNREADABLE_VALUE"]),
        ("12 to 14 mg/L", [], ["UNREADABLE_VALUE"]),
    ],
)
def test_number_in_text_only_when_nothing_else_is_there(
    value: str, crp: list[float], issue: list[str]
) -> None:
    record = observation("crp", value)
    assert values_of("CRP", record) == crp
    assert issues_of(record) == issue


def test_integer_and_other_value_types() -> None:
    assert values_of("US Grey Scale", observation("us-gs-max", valueInteger=2)) == [2]
    ranged = observation(
        "crp", valueRange={"low": quantity(1, "mg/L"), "high": quantity(5, "mg/L")}
    )
    assert values_of("CRP", ranged) == []
    assert issues_of(ranged) == ["UNREADABLE_VALUE"]


def test_result_without_value_is_no_result() -> None:
    empty = observation("crp", dataAbsentReason=concept(text="hemolysed"))
    assert values_of("CRP", empty) == []
    assert issues_of(empty) == []


@pytest.mark.parametrize(
    ("record", "kind", "upper", "assumed"),
    [
        (observation("crp", 12, "mg/L", upper=8), "CRP", 8, False),
        (observation("crp", 1.2, "mg/dL", upper=0.8), "CRP", 8, False),
        (observation("crp", 12, "mg/L"), "CRP", 5, True),
        (observation("rf", 30, "[IU]/mL"), "RF", 14, True),
        (observation("rf", 30, "[IU]/mL", upper=20), "RF", 20, False),
        (observation("rf", 30), "RF", 14, True),
        (observation("anti-ccp", 30, "U/mL"), "Anti-CCP", 20, True),
        (observation("anti-ccp", 30, "{CU}", upper=25), "Anti-CCP", 25, False),
        (observation("anti-ccp", 30, "RU/mL"), "Anti-CCP", None, True),
    ],
)
def test_upper_limit(record: build.Json, kind: str, upper: float | None, assumed: bool) -> None:
    (row,) = results_of(kind, record)
    assert row["upper"] == (None if upper is None else pytest.approx(upper))
    assert row["upperAssumed"] is assumed


def test_range_of_a_special_group_is_not_the_normal_range() -> None:
    ranges = [
        {"high": quantity(40, "mg/L"), "appliesTo": [concept(text="pregnant")]},
        {"high": quantity(9, "mg/L")},
    ]
    (row,) = results_of("CRP", observation("crp", 12, "mg/L", referenceRange=ranges))
    assert row["upper"] == pytest.approx(9)


@pytest.mark.parametrize(
    ("gender", "value", "upper"),
    [
        ("male", 25, 20),
        ("female", 25, 30),
        (None, 20, 20),
        (None, 25, None),
        # raised for a man, not for a woman
        (None, 30, None),
        (None, 31, 30),
        ("other", 25, None),
    ],
)
def test_assumed_esr_limit_by_sex(gender: str | None, value: float, upper: float | None) -> None:
    (row,) = results_of("ESR", build.patient(gender), observation("esr", value, "mm/h"))
    assert row["upper"] == upper
    assert row["upperAssumed"] is True


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(0.8, None, [0.8]), (80, "%", [0.8]), (80, None, []), (0.8, "{score}", [0.8])],
)
def test_pdc(value: float, unit: str | None, expected: list[float]) -> None:
    assert values_of("PDC", observation("pdc", value, unit)) == [pytest.approx(v) for v in expected]


@pytest.mark.parametrize(
    ("value", "unit", "expected"), [(2.5, "L", [2.5]), (2500, "mL", [2.5]), (2.5, None, [])]
)
def test_fvc_volume(value: float, unit: str | None, expected: list[float]) -> None:
    assert values_of("FVC Volume", observation("fvc-l", value, unit)) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (70, "%", [70]),
        (70, "percent", [70]),
        (70, "%{predicted}", [70]),
        (0.7, "percent", [0.7]),
        (70, None, [70]),
        (1.6, None, [1.6]),
        (1.5, None, []),
        (0.7, None, []),
    ],
)
def test_fvc_percent(value: float, unit: str | None, expected: list[float]) -> None:
    assert values_of("FVC Percent", observation("fvc-pct", value, unit)) == expected


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("das28-esr-4", "Reported DAS28-ESR4"),
        ("das28-esr-3", "Reported DAS28-ESR3"),
        ("das28-crp-4", "Reported DAS28-CRP4"),
        ("das28-crp-3", "Reported DAS28-CRP3"),
        ("sdai", "Reported SDAI"),
        ("us-pd-max", "US Power Doppler"),
        ("missed-doses-of-6", "Missed Doses"),
        ("sharp-progression-1y", "Sharp Progression"),
    ],
)
def test_each_code_reaches_its_kind(code: str, kind: str) -> None:
    assert values_of(kind, observation(code, 3)) == [3]


def test_other_codes_are_no_result() -> None:
    assert values_of("TJC28", observation(LOCAL("something-else"), 3)) == []
