"""Truth tables of coded and boolean answers (5.5, 8.19), conditions (0.6) and Has RA."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql import build
from tests.cql.build import (
    ICD10,
    LOCAL,
    LOINC,
    SNOMED,
    bundle,
    component,
    concept,
    condition,
    observation,
    statement,
)

RA = SNOMED("69896004")


def rows(define: str, *resources: build.Json, **options: Any) -> Any:
    name = f"RAData.{define}"
    return build.evaluate(bundle(*resources), [name], **options)[name]


def values(define: str, *resources: build.Json) -> list[tuple[Any, ...]]:
    return [(row["value"], row["confidence"]) for row in rows(define, *resources)]


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"interpretation": "POS"}, [("POS", "coded")]),
        ({"interpretation": "NEG"}, [("NEG", "coded")]),
        ({"interpretation": "IND"}, [("IND", "coded")]),
        ({"value": SNOMED("10828004")}, [("POS", "coded")]),
        ({"value": SNOMED("260385009")}, [("NEG", "coded")]),
        ({"value": SNOMED("82334004")}, [("IND", "coded")]),
        ({"value": LOINC("LA6576-8")}, [("POS", "coded")]),
        ({"value": "positive"}, [("POS", "text")]),
        ({"value": "Negative", "text": True}, [("NEG", "text")]),
        ({"value": "阳性"}, [("POS", "text")]),
        ({"value": "阴性"}, [("NEG", "text")]),
        ({"value": "not positive"}, []),
        ({"value": SNOMED("10828004"), "interpretation": "NEG"}, [("IND", "coded")]),
        ({"value": SNOMED("260385009"), "text": False}, [("NEG", "coded")]),
        ({"value": concept(SNOMED("260385009"), text="positive")}, [("NEG", "coded")]),
        ({"value": 0.12, "unit": "[IU]/mL"}, []),
    ],
)
def test_igra(elements: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert values("IGRA Results", observation("igra", **elements)) == expected


def test_unreadable_answer_is_an_issue_but_a_measured_one_is_not() -> None:
    issues = rows("Data Issues", observation("igra", "see report", id="it"))
    assert [(i["code"], i["ref"]) for i in issues] == [("UNREADABLE_VALUE", "Observation/it")]
    assert rows("Data Issues", observation("igra", 0.12, "[IU]/mL")) == []


@pytest.mark.parametrize(
    ("spots", "expected"),
    [
        (8, [("POS", "coded")]),
        (7, [("IND", "coded")]),
        (5, [("IND", "coded")]),
        (4, []),
        (0, []),
    ],
)
def test_t_spot_count(spots: int, expected: list[tuple[str, str]]) -> None:
    assert values("IGRA Results", observation(LOINC("74277-5"), spots)) == expected
    panel = observation("igra", components=[component(LOINC("74277-5"), spots)])
    assert values("IGRA Results", panel) == expected


def test_reading_of_the_laboratory_wins_over_spots() -> None:
    spots = [component(LOINC("74277-5"), 6)]
    panel = observation("igra", interpretation="NEG", components=spots)
    assert values("IGRA Results", panel) == [("NEG", "coded")]


def test_words_that_are_no_reading_leave_the_spots_to_decide() -> None:
    spots = [component(LOINC("74277-5"), 8)]
    panel = observation("igra", "see report", components=spots)
    assert values("IGRA Results", panel) == [("POS", "coded")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (LOCAL("normal"), [("normal", "coded")]),
        (LOCAL("abnormal"), [("abnormal", "coded")]),
        (LOCAL("tb-suggestive"), [("tb-suggestive", "coded")]),
        ("normal", [("normal", "text")]),
        ("未见异常", [("normal", "text")]),
        ("not normal", []),
    ],
)
def test_chest_radiograph(value: Any, expected: list[tuple[str, str]]) -> None:
    assert values("CXR Results", observation("cxr", value)) == expected


@pytest.mark.parametrize(
    ("kind", "words", "value"),
    [
        ("CXR Results", "未见异常", "normal"),
        ("HRCT Results", "normal", "normal"),
        ("Smoking Results", "从不吸烟", "never"),
        ("Smoking Results", "former smoker", "ex"),
        ("Smoking Results", "current smoker", "current"),
    ],
)
def test_readings_in_words(kind: str, words: str, value: str) -> None:
    code = {"CXR Results": "cxr", "HRCT Results": "hrct-chest", "Smoking Results": "smoking"}[kind]
    assert values(kind, observation(code, words)) == [(value, "text")]


@pytest.mark.parametrize("code", ["igra", "cxr", "hrct-chest", "smoking"])
def test_a_reading_that_nobody_understands_is_told_and_a_number_is_not(code: str) -> None:
    issues = rows("Data Issues", observation(code, "see report", id="it"))
    assert [(i["code"], i["ref"]) for i in issues] == [("UNREADABLE_VALUE", "Observation/it")]
    assert rows("Data Issues", observation(code, 3.0)) == []


def test_the_more_worrying_reading_wins() -> None:
    both = {"coding": [*concept(LOCAL("normal"))["coding"], *concept(LOCAL("ild-uip"))["coding"]]}
    assert values("HRCT Results", observation("hrct-chest", both)) == [("ild-uip", "coded")]


@pytest.mark.parametrize(
    "value", ["normal", "ild-uip", "ild-nsip", "ild-other", "bronchiectasis", "emphysema"]
)
def test_hrct(value: str) -> None:
    assert values("HRCT Results", observation("hrct-chest", LOCAL(value))) == [(value, "coded")]


@pytest.mark.parametrize(
    ("code", "expected"),
    [("449868002", "current"), ("8517006", "ex"), ("266919005", "never")],
)
def test_smoking(code: str, expected: str) -> None:
    assert values("Smoking Results", observation("smoking", SNOMED(code))) == [(expected, "coded")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, [True]),
        (False, [False]),
        (SNOMED("373066001"), [True]),
        (SNOMED("373067005"), [False]),
        ("yes", [True]),
        ("否", [False]),
        ("perhaps", []),
        (None, []),
    ],
)
def test_boolean_answer(value: Any, expected: list[bool]) -> None:
    found = rows("Ever Responded Answers", observation("ever-responded", value))
    assert [row["value"] for row in found] == expected


def test_positive_is_a_finding_but_no_answer_to_a_question() -> None:
    positive = SNOMED("10828004")
    assert rows("MRI Synovitis Results", observation("mri-synovitis", positive))[0]["value"] is True
    assert rows("US Negative Results", observation("us-negative", positive)) == []


def test_boolean_component() -> None:
    panel = observation(LOCAL("us-report"), components=[component("us-negative", True)])
    assert [row["value"] for row in rows("US Negative Results", panel)] == [True]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (condition("swollen-ankle-mtp"), [True]),
        (condition("swollen-ankle-mtp", clinical=None), [True]),
        (condition("swollen-ankle-mtp", clinical="resolved"), []),
        (condition("swollen-ankle-mtp", verification="provisional"), []),
        (observation("swollen-ankle-mtp", True), [True]),
        (observation("swollen-ankle-mtp", False), [False]),
        (observation(SNOMED("271771009"), True, bodySite=concept(text="ankle")), [True]),
        (observation(SNOMED("271771009"), True, bodySite=concept(text="knee")), []),
    ],
)
def test_foot_findings(record: build.Json, expected: list[bool]) -> None:
    found = rows("Swollen Ankle Or Forefoot Findings", record)
    assert [row["value"] for row in found] == expected


# ----- conditions -----


@pytest.mark.parametrize(
    ("verification", "expected"),
    [
        ("confirmed", ["confirmed"]),
        (None, ["confirmed"]),
        ("provisional", ["possible"]),
        ("differential", ["possible"]),
        ("unconfirmed", ["possible"]),
        ("refuted", []),
        ("entered-in-error", []),
    ],
)
def test_verification(verification: str | None, expected: list[str]) -> None:
    found = rows("RA Conditions", condition(RA, verification=verification))
    assert [row["verification"] for row in found] == expected


@pytest.mark.parametrize(
    ("clinical", "elements", "active"),
    [
        ("active", {}, True),
        ("recurrence", {}, True),
        ("relapse", {}, True),
        ("inactive", {}, False),
        ("remission", {}, False),
        ("resolved", {}, False),
        (None, {}, None),
        (None, {"abatementDateTime": "2024-01-01"}, False),
        (None, {"abatementString": "long ago"}, False),
    ],
)
def test_active(clinical: str | None, elements: build.Json, active: bool | None) -> None:
    (row,) = rows(
        "Serious Infection Conditions", condition(ICD10("J18.9"), clinical=clinical, **elements)
    )
    assert row["active"] is active


def test_future_condition_is_an_issue() -> None:
    future = condition(RA, "2027-01-01", id="it")
    assert rows("RA Conditions", future) == []
    assert [(i["code"], i["ref"]) for i in rows("Data Issues", future)] == [
        ("FUTURE_DATED_DATA", "Condition/it")
    ]


@pytest.mark.parametrize(
    ("onset", "elements", "expected"),
    [
        ("2020-01-15", {}, "2020-01-15"),
        ("2020-01", {}, "2020-01"),
        (None, {"recordedDate": "2021-05"}, "2021-05"),
        (None, {"onsetPeriod": {"start": "2019"}}, "2019"),
        (None, {"onsetString": "childhood", "recordedDate": "2021-05-01"}, "2021-05-01"),
        (None, {}, None),
    ],
)
def test_onset(onset: str | None, elements: build.Json, expected: str | None) -> None:
    (row,) = rows("RA Conditions", condition(RA, onset, **elements))
    assert row["onset"] == expected


@pytest.mark.parametrize(
    ("abatement", "abated"),
    [
        ({"abatementDateTime": "2026-10-20"}, "2026-10-20"),
        ({"abatementPeriod": {"start": "2026-10-12", "end": "2026-10-20"}}, "2026-10-20"),
        ({"abatementString": "last month"}, None),
    ],
)
def test_abatement_and_end(abatement: build.Json, abated: str | None) -> None:
    (row,) = rows(
        "Serious Infection Conditions",
        condition(ICD10("J18.9"), "2026-10-01", clinical="resolved", **abatement),
    )
    assert (row["abated"], row["active"]) == (abated, False)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Rheumatoid arthritis", True),
        ("Seropositive rheumatoid arthritis, erosive", True),
        ("类风湿关节炎", True),
        ("Family history of rheumatoid arthritis", False),
        ("Suspected rheumatoid arthritis", False),
        ("类风湿关节炎待排", False),
        ("Osteoarthritis", False),
    ],
)
def test_condition_told_in_words(text: str, found: bool) -> None:
    assert [row["confidence"] for row in rows("RA Conditions", condition(concept(text=text)))] == (
        ["text"] if found else []
    )


def test_words_beside_a_code_are_not_read() -> None:
    other = concept(ICD10("M79.7"), text="rheumatoid arthritis")
    assert rows("RA Conditions", condition(other)) == []


@pytest.mark.parametrize(
    ("define", "code"),
    [
        ("ILD Conditions", "J84.10"),
        ("Active TB Conditions", "A15.0"),
        ("LTBI Conditions", "Z22.7"),
        ("Zoster Conditions", "B02.9"),
        ("Fibromyalgia Conditions", "M79.7"),
        ("Osteoarthritis Conditions", "M17.0"),
        ("Depression Conditions", "F32.A"),
        ("Sleep Disorder Conditions", "G47.00"),
        ("COPD Conditions", "J44.9"),
        ("Bronchiectasis Conditions", "J47.9"),
    ],
)
def test_condition_by_code(define: str, code: str) -> None:
    assert len(rows(define, condition(ICD10(code)))) == 1
    assert rows(define, condition(ICD10("I10"))) == []


# ----- Has RA -----


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([condition(RA)], True),
        ([condition(ICD10("M05.79"))], True),
        ([condition(RA, clinical="remission")], True),
        ([condition(RA, clinical=None)], True),
        ([condition(RA, clinical="inactive")], False),
        ([condition(RA, clinical="resolved"), statement("methotrexate", "2026-01-05")], None),
        ([condition(RA, verification="provisional")], None),
        ([condition(concept(text="rheumatoid arthritis"))], None),
        ([condition(RA, verification="refuted")], False),
        ([condition(ICD10("M06.1"))], False),
        ([condition(ICD10("M06.4"))], False),
        ([], False),
        ([statement("methotrexate", "2026-01-05")], None),
        ([statement("prednisone", "2026-01-05")], False),
        ([statement("adalimumab", "2026-01-05", status="entered-in-error")], False),
        ([observation("das28-esr-4", 4.2)], None),
        ([observation("cdai", 12)], None),
        ([observation("tjc28", 4)], False),
    ],
)
def test_has_ra(resources: list[build.Json], expected: bool | None) -> None:
    assert rows("Has RA", *resources) is expected


@pytest.mark.parametrize(
    ("elements", "named"),
    [({}, False), ({"note": [{"text": "swollen"}]}, False), ({"valueString": "Swollen"}, True)],
)
def test_an_answer_is_named_by_its_words_and_by_nothing_else(
    elements: build.Json, named: bool
) -> None:
    name = "RAFindings.Foot Answers"
    answer = observation("swollen-ankle-mtp", interpretation="POS", **elements)
    [found] = build.evaluate(bundle(answer), [name])[name]
    assert (found["named"] is not None) is named
