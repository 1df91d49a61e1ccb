"""G-BRX, G-COPD and G-SPO2 (clinical-spec 3.2, 8.16, 8.24, 8.31): verdicts and reasons."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import LOCAL, LOINC, SNOMED, Json, component, condition, observation
from tests.cql.gate_records import BIOLOGIC, CONVENTIONAL, ago, check, gates, row

EDGE, OLD = "2025-11-23", "2025-11-22"


def bronchiectasis(onset: str | None = "2015-01-10", **elements: Any) -> Json:
    return condition(SNOMED("12295008"), onset, **elements)


def culture(day: str | None = EDGE, **elements: Any) -> Json:
    return observation(LOINC("543-9"), SNOMED("260385009"), date=day, **elements)


def hrct(reading: str) -> Json:
    return observation("hrct-chest", LOCAL(reading), date="2024-03-10")


NONE = ("ok", "NO_RECORD_OF_BRONCHIECTASIS")
FIRST = ("do_first", "BRONCHIECTASIS_NOT_CULTURED")
PENDING = ("do_first", "BRONCHIECTASIS_CULTURE_PENDING")
OPEN = ("unknown", "BRONCHIECTASIS_CULTURE_UNKNOWN")
CULTURED = ("caution", "BRONCHIECTASIS_CULTURED")
POSSIBLE = ("unknown", "BRONCHIECTASIS_POSSIBLE")
POSSIBLE_CULTURED = ("caution", "BRONCHIECTASIS_POSSIBLE_CULTURED")
BRX = bronchiectasis()
MAYBE = bronchiectasis(verification="provisional")

BRONCHIECTASIS = [
    pytest.param([], NONE, id="none"),
    pytest.param([culture()], NONE, id="a-culture-alone"),
    pytest.param([BRX], FIRST, id="never-cultured"),
    pytest.param([bronchiectasis(clinical="resolved")], FIRST, id="it-does-not-pass"),
    pytest.param([bronchiectasis(verification="refuted")], NONE, id="refuted"),
    pytest.param([hrct("bronchiectasis")], FIRST, id="on-hrct"),
    pytest.param([hrct("emphysema")], NONE, id="something-else-on-hrct"),
    pytest.param([BRX, culture(EDGE)], CULTURED, id="12-months"),
    pytest.param([BRX, culture(OLD)], FIRST, id="12-months-and-1-day"),
    pytest.param([BRX, culture("2025-11")], OPEN, id="the-day-decides"),
    pytest.param([BRX, culture("2025-12")], CULTURED, id="a-month-within"),
    pytest.param([BRX, culture("2025-10")], FIRST, id="a-month-before"),
    pytest.param([BRX, culture("2025-11"), culture(ago(9))], CULTURED, id="a-certain-one"),
    pytest.param([BRX, culture(None)], FIRST, id="undated-belongs-to-no-visit"),
    pytest.param([BRX, culture(ago(3), status="preliminary")], PENDING, id="pending"),
    pytest.param([BRX, culture("2026-11-24")], FIRST, id="of-tomorrow"),
    pytest.param(
        [BRX, observation(LOCAL("sputum-culture-ntm"), "NTM", date=EDGE)], CULTURED, id="own"
    ),
    pytest.param([MAYBE], POSSIBLE, id="suspected"),
    pytest.param([condition({"text": "支气管扩张"})], POSSIBLE, id="in-words"),
    pytest.param([observation("hrct-chest", "bronchiectasis")], POSSIBLE, id="hrct-in-words"),
    pytest.param([MAYBE, culture()], POSSIBLE_CULTURED, id="suspected-and-cultured"),
    pytest.param([MAYBE, culture(ago(3), status="preliminary")], POSSIBLE, id="suspected-pending"),
    pytest.param([MAYBE, culture("2025-11")], OPEN, id="suspected-the-day-decides"),
    pytest.param([MAYBE, hrct("bronchiectasis"), culture()], CULTURED, id="suspected-and-seen"),
]
WANTED = {FIRST, PENDING, OPEN, POSSIBLE}


@pytest.mark.parametrize(("records", "expected"), BRONCHIECTASIS)
def test_bronchiectasis(records: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*records)
    for drug_class in BIOLOGIC:
        made = row(found, drug_class, "G-BRX")
        assert (made["verdict"], made["reason"]) == expected
        assert made["dataMissing"] == (["sputum-culture"] if expected in WANTED else [])
        assert made["orders"] == (["sputum-culture"] if expected in WANTED - {PENDING} else [])
        assert made["applies"] == "start"
        # only if there is no alternative: TNF inhibitors
        assert made["onlyIfNoAlternative"] is (drug_class == "TNFi" and expected != NONE)
    for drug_class in CONVENTIONAL:
        assert check(found, drug_class, "G-BRX") is None


def test_what_is_shown_of_bronchiectasis() -> None:
    made = row(gates(BRX, hrct("bronchiectasis"), culture()), "RTX", "G-BRX")
    assert [(used["date"], used["value"]) for used in made["dataUsed"]] == [
        ("2015-01-10", "bronchiectasis"),
        ("2024-03-10", "bronchiectasis"),
        (EDGE, "sputum-culture"),
    ]


def test_bronchiectasis_where_lists_are_incomplete() -> None:
    found = gates(culture(), incomplete=("Condition",))
    assert check(found, "TNFi", "G-BRX") == ("unknown", "CONDITIONS_NOT_OBTAINED")
    made = row(found, "TNFi", "G-BRX")
    assert (made["dataMissing"], made["orders"]) == (["lung-history"], [])
    assert made["onlyIfNoAlternative"] is False
    assert check(gates(BRX, incomplete=("Condition",)), "TNFi", "G-BRX") == FIRST
    assert check(gates(BRX, incomplete=("Observation",)), "TNFi", "G-BRX") == OPEN
    assert check(gates(BRX, culture(), incomplete=("Observation",)), "TNFi", "G-BRX") == CULTURED
    assert check(gates(incomplete=("Observation",)), "TNFi", "G-BRX") == NONE
    assert check(gates(incomplete=("AdverseEvent",)), "TNFi", "G-BRX") == NONE


# ----- G-COPD -----


def copd(**elements: Any) -> Json:
    return condition(SNOMED("13645005"), "2015-01-10", **elements)


NO_COPD = ("ok", "NO_RECORD_OF_COPD")
COPD = ("caution", "COPD_ABATACEPT")
MAYBE_COPD = ("caution", "COPD_POSSIBLE")


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([], NO_COPD, id="none"),
        pytest.param([copd()], COPD, id="copd"),
        pytest.param([copd(clinical="inactive")], COPD, id="inactive"),
        pytest.param([copd(verification="provisional")], MAYBE_COPD, id="suspected"),
        pytest.param([copd(verification="refuted")], NO_COPD, id="refuted"),
        pytest.param([condition({"text": "慢阻肺"})], MAYBE_COPD, id="in-words"),
        pytest.param([copd(verification="provisional"), copd()], COPD, id="suspected-and-known"),
        # emphysema alone is not COPD (5.3)
        pytest.param(
            [condition(("http://hl7.org/fhir/sid/icd-10-cm", "J43.9"))], NO_COPD, id="emphysema"
        ),
    ],
)
def test_copd(records: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*records)
    assert check(found, "ABA", "G-COPD") == expected
    others = NO_COPD if expected == NO_COPD else ("ok", "COPD_NO_OBJECTION")
    for drug_class in ("TNFi", "IL6Ri", "RTX", "JAKi"):
        assert check(found, drug_class, "G-COPD") == others
    for drug_class in CONVENTIONAL:
        assert check(found, drug_class, "G-COPD") is None
    made = row(found, "ABA", "G-COPD")
    assert (made["applies"], made["dataMissing"], made["orders"]) == ("both", [], [])
    assert {used["value"] for used in made["dataUsed"]} == (
        set() if expected == NO_COPD else {"copd"}
    )


def test_copd_where_conditions_are_incomplete() -> None:
    found = gates(incomplete=("Condition",))
    assert check(found, "ABA", "G-COPD") == ("unknown", "CONDITIONS_NOT_OBTAINED")
    assert row(found, "ABA", "G-COPD")["dataMissing"] == ["lung-history"]
    # for the others COPD would be no objection
    assert check(found, "RTX", "G-COPD") == ("ok", "COPD_NO_OBJECTION")
    assert check(gates(copd(), incomplete=("Condition",)), "ABA", "G-COPD") == COPD


# ----- G-SPO2 -----


def saturation(
    value: float, day: str | None = "2026-11-20", unit: str | None = "%", **e: Any
) -> Json:
    return observation(LOINC("59408-5"), value, unit, day, **e)


LOW = ("do_first", "SPO2_LOW")
FINE = ("ok", "SPO2_NOT_LOW")
MISSING = ("unknown", "SPO2_MISSING")
EXPIRED = ("unknown", "SPO2_EXPIRED")
IMPRECISE = ("unknown", "SPO2_DATE_UNKNOWN")


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([], MISSING, id="none"),
        pytest.param([saturation(92)], FINE, id="92"),
        pytest.param([saturation(91.9)], LOW, id="91.9"),
        pytest.param([saturation(98, ago(90))], FINE, id="90-days"),
        pytest.param([saturation(98, ago(91))], EXPIRED, id="91-days"),
        pytest.param([saturation(98, "2026-08")], IMPRECISE, id="the-day-decides"),
        pytest.param([saturation(98, "2026-09")], FINE, id="a-month-within"),
        pytest.param([saturation(98, None)], MISSING, id="undated"),
        # what is low stays so until a later value says otherwise (8.31)
        pytest.param([saturation(88, ago(400))], LOW, id="low-long-ago"),
        pytest.param([saturation(88, ago(400)), saturation(95)], FINE, id="better-since"),
        pytest.param([saturation(95, ago(40)), saturation(88)], LOW, id="worse-since"),
        pytest.param([saturation(95, id="a"), saturation(88, id="b")], LOW, id="lowest-of-the-day"),
        pytest.param([saturation(88, id="a"), saturation(95, id="b")], LOW, id="in-any-order"),
        pytest.param([saturation(0.98, unit=None)], MISSING, id="unit-missing"),
        pytest.param([saturation(101)], MISSING, id="impossible"),
        pytest.param([saturation(100)], FINE, id="100"),
        pytest.param([saturation(88, "2026-11-24")], MISSING, id="of-tomorrow"),
        pytest.param([saturation(88, status="preliminary")], MISSING, id="preliminary"),
        pytest.param(
            [observation(LOINC("85353-1"), components=[component(LOINC("59408-5"), 91, "%")])],
            LOW,
            id="in-a-panel",
        ),
    ],
)
def test_saturation(records: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*records)
    for drug_class in BIOLOGIC:
        assert check(found, drug_class, "G-SPO2") == expected
    for drug_class in CONVENTIONAL:
        assert check(found, drug_class, "G-SPO2") is None
    made = row(found, "TNFi", "G-SPO2")
    orders = {"do_first": ["pulmonology-referral"], "unknown": ["oxygen-saturation"], "ok": []}
    assert made["orders"] == orders[expected[0]]
    assert made["dataMissing"] == (["oxygen-saturation"] if expected[0] == "unknown" else [])
    assert made["applies"] == "start"
    assert bool(made["dataUsed"]) is (expected != MISSING)
    assert (made["validUntil"] is not None) is (expected == FINE)


def test_how_long_a_saturation_holds() -> None:
    made = row(gates(saturation(97)), "RTX", "G-SPO2")
    assert made["validUntil"] == "2027-02-18"
    assert [(used["date"], used["value"]) for used in made["dataUsed"]] == [
        ("2026-11-20", "SpO2 97 %")
    ]


def test_saturation_where_observations_are_incomplete() -> None:
    lost = ("unknown", "OBSERVATIONS_NOT_OBTAINED")
    assert check(gates(incomplete=("Observation",)), "TNFi", "G-SPO2") == lost
    assert (
        check(gates(saturation(98, ago(91)), incomplete=("Observation",)), "TNFi", "G-SPO2") == lost
    )
    assert check(gates(saturation(98), incomplete=("Observation",)), "TNFi", "G-SPO2") == FINE
    assert check(gates(saturation(88), incomplete=("Observation",)), "TNFi", "G-SPO2") == LOW
