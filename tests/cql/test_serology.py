"""RASerology (clinical-spec 0.4 to 0.7, 8.15, 8.19, 8.31): reading and standing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import (
    LOINC,
    SNOMED,
    Coding,
    Json,
    bundle,
    component,
    concept,
    evaluate,
    observation,
)
from tests.cql.gate_records import ago

HBSAG = LOINC("5196-1")
DNA = LOINC("42595-9")
IGG = LOINC("2465-3")


def read(define: str, *resources: Json, incomplete: tuple[str, ...] = ()) -> Any:
    name = f"RASerology.{define}"
    parameters = {"RAParameters.Incomplete Data": list(incomplete)}
    return evaluate(bundle(*resources), [name], parameters=parameters)[name]


def value(define: str, *resources: Json) -> Any:
    [reading] = read(define, *resources)
    return reading["value"]


SURFACE = [
    pytest.param({"interpretation": "POS"}, "POS", id="interpretation-positive"),
    pytest.param({"interpretation": "NEG"}, "NEG", id="interpretation-negative"),
    pytest.param({"interpretation": "IND"}, "IND", id="interpretation-indeterminate"),
    pytest.param({"interpretation": "DET"}, "POS", id="detected"),
    pytest.param({"interpretation": "RR"}, "POS", id="reactive"),
    pytest.param({"interpretation": "ND"}, "NEG", id="not-detected"),
    pytest.param({"interpretation": "NR"}, "NEG", id="non-reactive"),
    pytest.param({"interpretation": "WR"}, "IND", id="weakly-reactive"),
    pytest.param({"interpretation": "E"}, "IND", id="equivocal"),
    pytest.param({"value": SNOMED("10828004")}, "POS", id="coded-positive"),
    pytest.param({"value": SNOMED("260385009")}, "NEG", id="coded-negative"),
    pytest.param({"value": SNOMED("82334004")}, "IND", id="coded-indeterminate"),
    pytest.param({"value": SNOMED("260415000")}, "NEG", id="coded-not-detected"),
    pytest.param({"value": SNOMED("260373001")}, "POS", id="coded-detected"),
    pytest.param({"value": LOINC("LA6576-8")}, "POS", id="answer-positive"),
    pytest.param({"value": LOINC("LA6577-6")}, "NEG", id="answer-negative"),
    pytest.param({"value": True}, "POS", id="true"),
    pytest.param({"value": False}, "NEG", id="false"),
    pytest.param({"value": "阳性"}, "POS", id="word-positive"),
    pytest.param({"value": "阴性"}, "NEG", id="word-negative"),
    pytest.param({"value": "未检出"}, "NEG", id="word-not-found"),
    pytest.param({"value": "Target not detected"}, "NEG", id="words-target-not-detected"),
    pytest.param({"value": "可疑"}, "IND", id="word-equivocal"),
    pytest.param({"value": "positive", "text": True}, "POS", id="text-of-a-concept"),
    pytest.param({"value": "not positive"}, None, id="other-words-are-no-answer"),
    pytest.param({"value": 0.02}, None, id="a-bare-number-is-no-antigen-result"),
    pytest.param({"value": 250.0}, None, id="a-bare-index-is-no-antigen-result"),
    pytest.param({"value": 0.0}, None, id="zero-is-no-antigen-result"),
    pytest.param({"value": 0.02, "interpretation": "NEG"}, "NEG", id="number-with-a-reading"),
    pytest.param({"value": SNOMED("10828004"), "interpretation": "NEG"}, "IND", id="contradiction"),
    pytest.param({"value": "阴性", "interpretation": "POS"}, "POS", id="codes-before-words"),
]


@pytest.mark.parametrize(("elements", "expected"), SURFACE)
def test_an_antigen_result(elements: Json, expected: str | None) -> None:
    assert value("HBsAg Readings", observation(HBSAG, **elements)) == expected


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"interpretation": "POS"}, "coded"),
        ({"value": SNOMED("260385009")}, "coded"),
        ({"interpretation": "IND"}, "coded"),
        ({"value": True}, "coded"),
        ({"value": "阳性"}, "text"),
    ],
)
def test_confidence(elements: Json, expected: str) -> None:
    [reading] = read("HBsAg Readings", observation(HBSAG, **elements))
    assert reading["confidence"] == expected


LOADS = [
    pytest.param({"value": 1500.0, "unit": "[IU]/mL"}, "POS", id="measured"),
    pytest.param({"value": 0.1}, "POS", id="anything-above-zero"),
    pytest.param({"value": 0.0}, "NEG", id="zero"),
    pytest.param({"value": 20.0, "upper": 20.0}, "IND", id="at-the-limit"),
    pytest.param({"value": 20.1, "upper": 20.0}, "POS", id="above-the-limit"),
    pytest.param({"value": 19.0, "upper": 20.0}, "IND", id="below-the-limit"),
    pytest.param({"value": 20.0, "comparator": "<"}, "IND", id="below-a-bound"),
    pytest.param({"value": 0.0, "comparator": "<"}, "IND", id="below-zero-says-nothing"),
    pytest.param({"value": 20.0, "comparator": "<="}, "IND", id="at-most"),
    pytest.param({"value": 1e8, "comparator": ">"}, "POS", id="above-a-bound"),
    pytest.param({"value": 1e8, "comparator": ">="}, "POS", id="at-least"),
    pytest.param(
        {"value": 20.0, "comparator": "<", "interpretation": "ND"}, "NEG", id="bound-not-detected"
    ),
    pytest.param(
        {"value": 20.0, "comparator": "<", "interpretation": "DET"}, "POS", id="bound-detected"
    ),
    pytest.param({"value": 1500.0, "interpretation": "NEG"}, "IND", id="contradiction"),
    pytest.param({"value": 0.0, "interpretation": "POS"}, "IND", id="zero-called-positive"),
    pytest.param({"value": "<20 IU/mL"}, "IND", id="bound-as-text"),
    pytest.param({"value": "1500 IU/mL"}, "POS", id="number-as-text"),
    pytest.param({"value": "not detected"}, "NEG", id="words"),
    pytest.param({"value": SNOMED("260415000")}, "NEG", id="coded"),
    pytest.param({"interpretation": "POS"}, "POS", id="interpretation"),
    pytest.param({"value": "see report"}, None, id="unreadable"),
]


@pytest.mark.parametrize(("elements", "expected"), LOADS)
@pytest.mark.parametrize(
    "kind", [("HBV DNA Readings", DNA), ("HCV RNA Readings", LOINC("11011-4"))]
)
def test_a_viral_load(kind: tuple[str, Coding], elements: Json, expected: str | None) -> None:
    define, code = kind
    assert value(define, observation(code, **elements)) == expected


@pytest.mark.parametrize(
    ("define", "code", "kind"),
    [
        ("HBsAg Readings", "5196-1", "hbsag"),
        ("HBsAg Readings", "5195-3", "hbsag"),
        ("Anti-HBc Readings", "13952-7", "anti-hbc"),
        ("Anti-HBc Readings", "16933-4", "anti-hbc"),
        ("HBV DNA Readings", "42595-9", "hbv-dna"),
        ("HBV DNA Readings", "29615-2", "hbv-dna"),
        ("Anti-HCV Readings", "13955-0", "anti-hcv"),
        ("Anti-HCV Readings", "16128-1", "anti-hcv"),
        ("HCV RNA Readings", "11011-4", "hcv-rna"),
        ("HCV RNA Readings", "11259-9", "hcv-rna"),
        ("HIV Readings", "31201-7", "hiv"),
        ("HIV Readings", "56888-1", "hiv"),
        ("IgG Readings", "2465-3", "igg"),
    ],
)
def test_codes_alone_and_in_a_panel(define: str, code: str, kind: str) -> None:
    result = (20.0, "g/L") if kind == "igg" else (SNOMED("260385009"), None)
    alone = observation(LOINC(code), *result)
    panel = observation(LOINC("24325-3"), components=[component(LOINC(code), *result)])
    for record in (alone, panel):
        [reading] = read(define, record)
        assert (reading["kind"], reading["value"]) == (kind, "NEG")
    assert [r["kind"] for r in read("All Readings", alone)] == [kind]


def test_the_igm_test_is_another_test() -> None:
    assert read("Anti-HBc Readings", observation(LOINC("31204-1"), interpretation="POS")) == []


STATUS = [
    pytest.param({}, None, id="final"),
    pytest.param({"status": "amended"}, None, id="amended"),
    pytest.param({"status": "preliminary"}, "PENDING", id="preliminary"),
    pytest.param({"date": "2026-11-24"}, "FUTURE_DATED_DATA", id="tomorrow"),
    pytest.param({"date": "2026-11-23"}, None, id="today"),
    pytest.param({"date": None}, "UNDATED_RESULT", id="undated"),
]


@pytest.mark.parametrize(("elements", "problem"), STATUS)
def test_problems(elements: Json, problem: str | None) -> None:
    [surface] = read("HBsAg Readings", observation(HBSAG, interpretation="NEG", **elements))
    assert surface["problem"] == problem
    [igg] = read("IgG Readings", observation(IGG, 11.0, "g/L", **elements))
    assert igg["problem"] == problem


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error", "unknown"])
def test_a_withdrawn_result_leaves_no_trace(status: str) -> None:
    assert read("HBsAg Readings", observation(HBSAG, interpretation="POS", status=status)) == []
    assert read("IgG Readings", observation(IGG, 11.0, "g/L", status=status)) == []


def test_an_order_without_an_answer_is_pending_and_a_final_one_is_nothing() -> None:
    [waiting] = read("HBsAg Readings", observation(HBSAG, status="registered"))
    assert waiting["problem"] == "PENDING"
    assert read("HBsAg Readings", observation(HBSAG)) == []
    [waiting] = read("IgG Readings", observation(IGG, status="registered"))
    assert waiting["problem"] == "PENDING"
    assert read("IgG Readings", observation(IGG)) == []


def limited(low: float, unit: str | None = "g/L", **more: Any) -> Json:
    quantity = {"value": low} | ({"unit": unit, "code": unit} if unit else {})
    return {"referenceRange": [{"low": quantity, **more}]}


OTHER_GROUP = {"appliesTo": [{"text": "children"}]}
NORMAL = {"type": {"coding": [{"code": "normal"}]}}
THERAPEUTIC = {"type": {"coding": [{"code": "treatment"}]}}

LEVELS = [
    pytest.param((6.99, "g/L"), {}, "POS", None, id="below-the-assumed-limit"),
    pytest.param((7.0, "g/L"), {}, "NEG", None, id="at-the-assumed-limit"),
    pytest.param((6.5, "g/L"), limited(6.5), "NEG", None, id="at-the-laboratory's-limit"),
    pytest.param((6.4, "g/L"), limited(6.5), "POS", None, id="below-the-laboratory's-limit"),
    pytest.param((7.5, "g/L"), limited(8.0), "POS", None, id="limit-above-the-assumed"),
    pytest.param(
        (7.5, "g/L"), limited(8.0, None), "POS", None, id="limit-in-the-unit-of-the-value"
    ),
    pytest.param((7.5, "g/L"), limited(800.0, "mg/dL"), "POS", None, id="limit-in-another-unit"),
    pytest.param((7.5, "g/L"), limited(8.0, "U/mL"), "NEG", None, id="limit-in-a-foreign-unit"),
    pytest.param((7.5, "g/L"), limited(8.0, **OTHER_GROUP), "NEG", None, id="limit-of-a-group"),
    pytest.param((7.5, "g/L"), limited(8.0, **NORMAL), "POS", None, id="normal-range"),
    pytest.param((7.5, "g/L"), limited(8.0, **THERAPEUTIC), "NEG", None, id="another-range"),
    pytest.param(
        (6.5, "g/L"),
        {
            "referenceRange": [
                {"high": {"value": 16, "unit": "g/L"}},
                *limited(6.0)["referenceRange"],
            ]
        },
        "NEG",
        None,
        id="the-range-that-has-a-lower-limit",
    ),
    pytest.param((699.0, "mg/dL"), {}, "POS", None, id="mg-per-dl-low"),
    pytest.param((700.0, "mg/dL"), {}, "NEG", None, id="mg-per-dl"),
    pytest.param((0.69, "g/dL"), {}, "POS", None, id="g-per-dl-low"),
    pytest.param((0.7, "g/dL"), {}, "NEG", None, id="g-per-dl"),
    pytest.param((6990.0, "mg/L"), {}, "POS", None, id="mg-per-l-low"),
    pytest.param((7000.0, "mg/L"), {}, "NEG", None, id="mg-per-l"),
    pytest.param((6.9, "mg/mL"), {}, "POS", None, id="mg-per-ml-low"),
    pytest.param((11.0, None), {}, "IND", "UNKNOWN_UNIT", id="no-unit"),
    pytest.param((11.0, "umol/L"), {}, "IND", "UNKNOWN_UNIT", id="foreign-unit"),
    pytest.param(("see report",), {}, "IND", "UNREADABLE_VALUE", id="words"),
    pytest.param((7.0, "g/L"), {"comparator": "<"}, "POS", None, id="below-a-bound-at-the-limit"),
    pytest.param((7.1, "g/L"), {"comparator": "<"}, "IND", None, id="below-a-bound-above-it"),
    pytest.param((7.0, "g/L"), {"comparator": ">"}, "NEG", None, id="above-a-bound-at-the-limit"),
    pytest.param((6.9, "g/L"), {"comparator": ">"}, "IND", None, id="above-a-bound-below-it"),
    pytest.param((7.5, "g/L"), {"interpretation": "L"}, "POS", None, id="called-low"),
    pytest.param((7.5, "g/L"), {"interpretation": "LL"}, "POS", None, id="called-very-low"),
    pytest.param((7.5, "g/L"), {"interpretation": "N"}, "NEG", None, id="called-normal"),
    pytest.param((6.5, "g/L"), {"interpretation": "N"}, "POS", None, id="the-limit-decides"),
    pytest.param((), {"interpretation": "L"}, "POS", None, id="called-low-without-a-number"),
    pytest.param((), {"interpretation": "N"}, "IND", "UNREADABLE_VALUE", id="normal-only-called"),
]


@pytest.mark.parametrize(("amount", "elements", "expected", "problem"), LEVELS)
def test_igg(amount: tuple[Any, ...], elements: Json, expected: str, problem: str | None) -> None:
    made = dict(zip(("value", "unit"), amount, strict=False))
    [reading] = read("IgG Readings", observation(IGG, **made, **elements))
    assert (reading["value"], reading["problem"]) == (expected, problem)


def test_igg_of_a_panel_with_its_own_limit() -> None:
    item = component(IGG, 7.5, "g/L") | limited(8.0)
    [reading] = read("IgG Readings", observation(LOINC("24325-3"), components=[item]))
    assert reading["value"] == "POS"
    withdrawn = observation(LOINC("24325-3"), components=[item], status="cancelled")
    assert read("IgG Readings", withdrawn) == []
    empty = observation(LOINC("24325-3"), components=[{"code": concept(IGG)}])
    assert read("IgG Readings", empty) == []


def surface(answer: str, day: str | None, **elements: Any) -> Json:
    return observation(HBSAG, date=day, interpretation=answer, **elements)


OLD, EDGE = "2025-11-22", "2025-11-23"
STANDING = [
    pytest.param([], "none", id="none"),
    pytest.param([surface("NEG", EDGE)], "negative", id="12-months"),
    pytest.param([surface("NEG", OLD)], "expired", id="12-months-and-1-day"),
    pytest.param([surface("NEG", "2025-11")], "date-unknown", id="the-day-decides"),
    pytest.param([surface("NEG", "2025-12")], "negative", id="a-month-that-is-valid"),
    pytest.param([surface("NEG", "2025-10")], "expired", id="a-month-that-is-not"),
    pytest.param([surface("NEG", OLD), surface("NEG", EDGE)], "negative", id="the-later-one"),
    pytest.param([surface("NEG", "2025-11"), surface("NEG", EDGE)], "negative", id="one-is-exact"),
    pytest.param([surface("POS", "2019-01-07")], "positive", id="positive-never-expires"),
    pytest.param([surface("POS", "2019"), surface("NEG", ago(5))], "positive", id="not-cancelled"),
    pytest.param([surface("NEG", "2019-01-07"), surface("POS", ago(5))], "positive", id="became"),
    pytest.param([surface("IND", ago(5))], "indeterminate", id="indeterminate"),
    pytest.param([surface("IND", ago(5)), surface("NEG", ago(4))], "negative", id="settled"),
    pytest.param([surface("IND", ago(5)), surface("NEG", ago(5))], "indeterminate", id="same-day"),
    pytest.param([surface("IND", ago(5)), surface("POS", ago(4))], "positive", id="confirmed"),
    pytest.param([surface("IND", "2025-01-01"), surface("NEG", OLD)], "expired", id="settled-old"),
    pytest.param([surface("NEG", ago(3), status="preliminary")], "pending", id="pending"),
    pytest.param([surface("POS", ago(3), status="preliminary")], "pending", id="pending-positive"),
    pytest.param(
        [surface("NEG", OLD), surface("NEG", ago(3), status="preliminary")],
        "pending",
        id="expired-and-pending",
    ),
    pytest.param(
        [surface("NEG", EDGE), surface("NEG", ago(3), status="preliminary")],
        "negative",
        id="valid-and-pending",
    ),
    pytest.param([surface("NEG", None)], "none", id="undated"),
    pytest.param([surface("POS", "2026-11-24")], "none", id="future-dated"),
    pytest.param([observation(HBSAG, 0.02)], "none", id="unreadable"),
]


@pytest.mark.parametrize(("resources", "expected"), STANDING)
def test_standing_of_serology(resources: list[Json], expected: str) -> None:
    assert read("HBsAg", *resources)["state"] == expected


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([], "not-obtained"),
        ([surface("NEG", OLD)], "not-obtained"),
        ([surface("NEG", ago(3), status="preliminary")], "not-obtained"),
        ([surface("NEG", "2025-11")], "date-unknown"),
        ([surface("NEG", EDGE)], "negative"),
        ([surface("IND", EDGE)], "indeterminate"),
        ([surface("POS", OLD)], "positive"),
    ],
)
def test_standing_where_observations_are_incomplete(resources: list[Json], expected: str) -> None:
    assert read("HBsAg", *resources, incomplete=("Observation",))["state"] == expected


def load(answer: str, day: str) -> Json:
    return observation(DNA, date=day, interpretation=answer)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([load("POS", "2019-01-07")], "positive"),
        ([load("POS", ago(5)), load("NEG", ago(4))], "negative"),
        ([load("POS", ago(5)), load("NEG", ago(5))], "positive"),
        ([load("POS", "2026-11"), load("NEG", ago(4))], "positive"),
        ([load("NEG", ago(5)), load("POS", ago(4))], "positive"),
        ([load("POS", ago(5)), load("IND", ago(4))], "positive"),
        ([load("POS", ago(400)), load("NEG", ago(300))], "expired"),
        ([load("NEG", "2026-08-23")], "negative"),
        ([load("NEG", "2026-08-22")], "expired"),
    ],
)
def test_a_later_load_cancels_an_earlier_one(resources: list[Json], expected: str) -> None:
    assert read("HBV DNA", *resources)["state"] == expected


@pytest.mark.parametrize(
    ("define", "code", "valid", "expired"),
    [
        ("Anti-HBc", "13952-7", EDGE, OLD),
        ("Anti-HCV", "13955-0", EDGE, OLD),
        ("HCV RNA", "11011-4", EDGE, OLD),
        ("HIV", "56888-1", EDGE, OLD),
    ],
)
def test_validity_by_kind(define: str, code: str, valid: str, expired: str) -> None:
    for day, expected in ((valid, "negative"), (expired, "expired")):
        record = observation(LOINC(code), date=day, interpretation="NEG")
        assert read(define, record)["state"] == expected
    cancelled = define == "HCV RNA"
    both = [
        observation(LOINC(code), date=day, interpretation=answer)
        for answer, day in (("POS", ago(30)), ("NEG", ago(20)))
    ]
    assert read(define, *both)["state"] == ("negative" if cancelled else "positive")


@pytest.mark.parametrize(
    ("days", "amount", "expected"),
    [(180, 11.0, "negative"), (181, 11.0, "expired"), (400, 5.0, "positive")],
)
def test_validity_of_igg(days: int, amount: float, expected: str) -> None:
    assert read("IgG", observation(IGG, amount, "g/L", ago(days)))["state"] == expected


def test_a_normal_igg_cancels_a_low_one() -> None:
    low = observation(IGG, 5.0, "g/L", ago(100))
    assert read("IgG", low, observation(IGG, 9.0, "g/L", ago(50)))["state"] == "negative"
    assert read("IgG", low, observation(IGG, 9.0, "g/L", ago(150)))["state"] == "positive"


def test_data_used_and_the_last_day() -> None:
    older = surface("NEG", "2026-01-10", id="older")
    newer = surface("NEG", "2026-06-10", id="newer")
    standing = read("HBsAg", newer, older)
    assert standing["dataUsed"] == [
        {"ref": "Observation/newer", "date": "2026-06-10", "value": "hbsag NEG"}
    ]
    assert standing["validUntil"] == "2027-06-10"
    first = surface("POS", "2020-01-10", id="first")
    standing = read("HBsAg", newer, first)
    assert [row["ref"] for row in standing["dataUsed"]] == ["Observation/first"]
    assert standing["validUntil"] is None
    assert standing["firm"] is True
    doubtful = surface("IND", "2026-06-20", id="doubtful")
    standing = read("HBsAg", newer, doubtful)
    assert [row["value"] for row in standing["dataUsed"]] == ["hbsag IND"]
    assert standing["firm"] is False
    unreadable = observation(HBSAG, 0.02, id="unreadable")
    standing = read("HBsAg", surface("NEG", OLD, id="expired"), unreadable)
    assert [row["ref"] for row in standing["dataUsed"]] == ["Observation/expired"]


def test_a_positive_word_is_not_firm() -> None:
    standing = read("HBsAg", observation(HBSAG, "阳性"))
    assert (standing["state"], standing["firm"]) == ("positive", False)


def test_what_cannot_be_used_is_told() -> None:
    record = bundle(
        observation(HBSAG, interpretation="NEG", status="preliminary", id="waiting"),
        observation(DNA, "see report", id="words"),
        observation(IGG, 11.0, id="bare"),
        observation(LOINC("56888-1"), date="2026-11-24", interpretation="NEG", id="tomorrow"),
        observation(LOINC("13955-0"), interpretation="NEG", id="fine"),
    )
    found = evaluate(record, ["RAData.Pending Results", "RAData.Data Issues"])
    assert [(p["ref"], p["kind"]) for p in found["RAData.Pending Results"]] == [
        ("Observation/waiting", "hbsag")
    ]
    assert [(i["code"], i["ref"], i["detail"]) for i in found["RAData.Data Issues"]] == [
        ("FUTURE_DATED_DATA", "Observation/tomorrow", "hiv"),
        ("UNKNOWN_UNIT", "Observation/bare", "igg"),
        ("UNREADABLE_VALUE", "Observation/words", "hbv-dna"),
    ]
