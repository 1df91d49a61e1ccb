"""G-VAX and G-LIVE (clinical-spec 3.1, 8.15, 8.20, 8.25): verdicts and reasons, null rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import (
    ATC,
    LOINC,
    Coding,
    Json,
    administration,
    concept,
    observation,
    quantity,
    request,
    statement,
)
from tests.cql.gate_records import BIOLOGIC, CONVENTIONAL, ago, check, gates, row
from tests.cql.vaccine_records import (
    COVID,
    FLU,
    HEPB,
    HEPB_OF_TWO,
    MMR,
    PCV13,
    PCV20,
    PPSV23,
    RZV,
    vaccine,
)

EDGE, OLD = "2025-11-23", "2025-11-22"
SERIES = [
    *[vaccine(RZV, day) for day in ("2024-05-19", "2024-08-18")],
    *[vaccine(HEPB, day) for day in ("2020-01-10", "2020-02-10", "2020-07-10")],
]
OTHERS = {
    "influenza": [vaccine(FLU, "2026-10-12")],
    "covid-19": [vaccine(COVID, "2026-10-12")],
    "pneumococcal": [vaccine(PCV20, "2020-05-19")],
    "zoster": SERIES[:2],
    "hepatitis-b": SERIES[2:],
}


def all_but(kind: str) -> list[Json]:
    return [dose for name, doses in OTHERS.items() if name != kind for dose in doses]


CURRENT, DUE, UNCLEAR = "VACCINES_CURRENT", "VACCINES_DUE", "VACCINES_UNCLEAR"
VERDICT = {CURRENT: "ok", DUE: "caution", UNCLEAR: "unknown"}


def held(kind: str, doses: list[Json], reason: str) -> None:
    found = gates(*all_but(kind), *doses)
    for drug_class in ("TNFi", "IL6Ri", "ABA", "JAKi"):
        assert check(found, drug_class, "G-VAX") == (VERDICT[reason], reason)
    made = row(found, "TNFi", "G-VAX")
    assert made["dataMissing"] == ([] if reason == CURRENT else [f"vaccine-{kind}"])
    assert made["applies"] == "start"
    assert made["orders"] == []
    for drug_class in CONVENTIONAL:
        assert check(found, drug_class, "G-VAX") is None


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [("influenza", FLU, "流感疫苗"), ("covid-19", COVID, "新冠疫苗")],
)
def test_yearly_vaccines(kind: str, code: Coding, words: str) -> None:
    held(kind, [], DUE)
    held(kind, [vaccine(code, EDGE)], CURRENT)
    held(kind, [vaccine(code, OLD)], DUE)
    # the missing day decides, or does not (0.4)
    held(kind, [vaccine(code, "2025-11")], UNCLEAR)
    held(kind, [vaccine(code, "2025-12")], CURRENT)
    held(kind, [vaccine(code, "2025-10")], DUE)
    held(kind, [vaccine(code, None)], UNCLEAR)
    # words alone prove nothing, but may say that it was given (5.2)
    held(kind, [vaccine(words, ago(60))], UNCLEAR)
    held(kind, [vaccine(words, OLD)], DUE)
    # a certain dose settles it
    held(kind, [vaccine(code, None), vaccine(code, EDGE)], CURRENT)


NOT_A_DOSE: list[dict[str, Any]] = [
    {"status": "not-done"},
    {"status": "entered-in-error"},
    {"isSubpotent": True},
    {"occurrenceDateTime": "2026-11-24"},
]


@pytest.mark.parametrize("elements", NOT_A_DOSE)
def test_what_is_no_dose(elements: dict[str, Any]) -> None:
    held("influenza", [vaccine(FLU, ago(60)) | elements], DUE)


def test_a_dose_that_is_not_subpotent() -> None:
    held("influenza", [vaccine(FLU, ago(60), isSubpotent=False)], CURRENT)


PNEUMOCOCCAL = [
    pytest.param([], DUE, id="none"),
    pytest.param([vaccine(PCV20, "2001-05-19")], CURRENT, id="pcv20-ever"),
    pytest.param([vaccine(PCV20, None)], CURRENT, id="pcv20-undated"),
    pytest.param([vaccine("PCV20", "2024-05-19")], UNCLEAR, id="pcv20-in-words"),
    pytest.param([vaccine(PCV13, "2020-05-19")], DUE, id="pcv13-alone"),
    pytest.param([vaccine(PPSV23, "2020-05-19")], DUE, id="ppsv23-alone"),
    pytest.param([vaccine(PCV13, "2020-05-19"), vaccine(PPSV23, "2020-05-20")], CURRENT, id="both"),
    pytest.param([vaccine(PCV13, "2020-05-19"), vaccine(PPSV23, "2020-05-19")], DUE, id="same-day"),
    pytest.param([vaccine(PCV13, "2020-05-19"), vaccine(PPSV23, "2019-05-19")], DUE, id="before"),
    pytest.param([vaccine(PCV13, "2020-05-19"), vaccine(PPSV23, "2020")], UNCLEAR, id="in-2020"),
    pytest.param([vaccine(PCV13, None), vaccine(PPSV23, "2020-05-19")], UNCLEAR, id="undated"),
    pytest.param(
        [vaccine(PCV13, "2020-05-19"), vaccine("PPSV23", "2021-05-19")], UNCLEAR, id="in-words"
    ),
]


@pytest.mark.parametrize(("doses", "reason"), PNEUMOCOCCAL)
def test_pneumococcal(doses: list[Json], reason: str) -> None:
    held("pneumococcal", doses, reason)


def doses_of(code: Coding | str, *days: str | None) -> list[Json]:
    return [vaccine(code, day) for day in days]


def last_of(number: int, total: int) -> list[Json]:
    series = {"doseNumberPositiveInt": number, "seriesDosesPositiveInt": total}
    return [vaccine(HEPB, "2020-01-10", protocolApplied=[series])]


ZOSTER = [
    pytest.param(doses_of(RZV, "2024-05-19"), DUE, id="one"),
    pytest.param(doses_of(RZV, "2024-05-19", "2024-08-18"), CURRENT, id="two"),
    pytest.param(doses_of(RZV, "2024-05-19", "2024-05-19"), DUE, id="one-recorded-twice"),
    # without a date it may be the same dose
    pytest.param(doses_of(RZV, "2024-05-19", None), UNCLEAR, id="one-undated"),
    pytest.param(doses_of(RZV, "2024-05-19", None, None), UNCLEAR, id="two-undated"),
    pytest.param(doses_of(RZV, None), DUE, id="undated-alone"),
    pytest.param([*doses_of(RZV, "2024-05-19"), vaccine("Shingrix", ago(90))], UNCLEAR, id="words"),
]


@pytest.mark.parametrize(("doses", "reason"), ZOSTER)
def test_zoster_series(doses: list[Json], reason: str) -> None:
    held("zoster", doses, reason)


def anti_hbs(value: float, unit: str = "[IU]/L", day: str | None = "2012-06-10") -> Json:
    return observation(LOINC("5193-8"), value, unit, day)


def serology(code: str, answer: str, day: str = "2012-06-10", **elements: Any) -> Json:
    return observation(LOINC(code), None, date=day, interpretation=answer, **elements)


HEPATITIS_B = [
    pytest.param([], DUE, id="none"),
    pytest.param(doses_of(HEPB, "2020-01-10", "2020-02-10"), DUE, id="two-of-three"),
    pytest.param(doses_of(HEPB, "2020-01-10", "2020-02-10", "2020-07-10"), CURRENT, id="three"),
    pytest.param(doses_of(HEPB, "2020-01-10", "2020-02-10", None), UNCLEAR, id="one-undated"),
    pytest.param(
        doses_of("乙肝疫苗", "2020-01-10", "2020-02-10", "2020-07-10"), UNCLEAR, id="words"
    ),
    pytest.param(doses_of(HEPB_OF_TWO, "2020-01-10"), DUE, id="one-of-two"),
    pytest.param(doses_of(HEPB_OF_TWO, "2020-01-10", "2020-02-10"), CURRENT, id="two-of-two"),
    pytest.param(doses_of(HEPB_OF_TWO, "2020-01-10", None), UNCLEAR, id="two-of-two-undated"),
    pytest.param(last_of(3, 3), CURRENT, id="third-of-three-by-the-record"),
    pytest.param(last_of(4, 3), CURRENT, id="a-booster"),
    pytest.param(last_of(2, 3), DUE, id="second-of-three-by-the-record"),
    # anti-HBs of 10 IU/L or more protects, whenever it was measured
    pytest.param([anti_hbs(10)], CURRENT, id="anti-hbs-10"),
    pytest.param([anti_hbs(9.9)], DUE, id="anti-hbs-9.9"),
    pytest.param([anti_hbs(10, "m[IU]/mL")], CURRENT, id="mIU"),
    pytest.param([anti_hbs(500, "ng/mL")], UNCLEAR, id="another-unit"),
    pytest.param([anti_hbs(500), anti_hbs(9, day="2013-06-10")], DUE, id="lost-since"),
    pytest.param([anti_hbs(500, "ng/mL"), anti_hbs(9, day="2013-06-10")], DUE, id="known-since"),
    pytest.param([anti_hbs(500, "ng/mL"), *SERIES[2:]], CURRENT, id="series-and-another-unit"),
    pytest.param([anti_hbs(500, day="2026-11-24")], DUE, id="anti-hbs-of-tomorrow"),
    pytest.param([anti_hbs(500) | {"status": "preliminary"}], DUE, id="anti-hbs-pending"),
    # who met the virus needs no vaccine (8.20)
    pytest.param([serology("5196-1", "POS")], CURRENT, id="hbsag-positive"),
    pytest.param([serology("13952-7", "POS")], CURRENT, id="anti-hbc-positive"),
    pytest.param([serology("5196-1", "NEG"), serology("13952-7", "NEG")], DUE, id="both-negative"),
]


@pytest.mark.parametrize(("records", "reason"), HEPATITIS_B)
def test_hepatitis_b(records: list[Json], reason: str) -> None:
    held("hepatitis-b", records, reason)


def test_what_was_not_obtained() -> None:
    nothing = gates(incomplete=("Immunization",))
    assert check(nothing, "TNFi", "G-VAX") == ("unknown", "IMMUNIZATIONS_NOT_OBTAINED")
    assert check(nothing, "RTX", "G-VAX") == ("unknown", "IMMUNIZATIONS_NOT_OBTAINED")
    assert row(nothing, "TNFi", "G-VAX")["dataMissing"] == ["vaccine-history"]
    # what is there counts, complete or not
    full = gates(*all_but(""), incomplete=("Immunization",))
    assert check(full, "TNFi", "G-VAX") == ("ok", CURRENT)
    # anti-HBs or the infection may be among what is missing
    unknown = gates(*all_but("hepatitis-b"), incomplete=("Observation",))
    assert check(unknown, "TNFi", "G-VAX") == ("unknown", UNCLEAR)
    series = gates(*all_but(""), incomplete=("Observation",))
    assert check(series, "TNFi", "G-VAX") == ("ok", CURRENT)
    # one unclear and one due: unknown, and both are named
    both = gates(*all_but("influenza")[:-5], vaccine(FLU, None))
    assert check(both, "TNFi", "G-VAX") == ("unknown", UNCLEAR)
    assert set(row(both, "TNFi", "G-VAX")["dataMissing"]) == {
        *("vaccine-influenza", "vaccine-zoster", "vaccine-hepatitis-b")
    }


def test_how_long_current_holds() -> None:
    made = row(gates(*all_but("")), "TNFi", "G-VAX")
    assert made["validUntil"] == "2027-10-12"
    assert {used["value"] for used in made["dataUsed"]} == {"vaccine"}
    assert len(made["dataUsed"]) == 8
    earlier = row(gates(*all_but("covid-19"), vaccine(COVID, "2026-02")), "TNFi", "G-VAX")
    assert earlier["validUntil"] == "2027-02-01"
    assert row(gates(), "TNFi", "G-VAX")["validUntil"] is None


def infusion(day: str) -> Json:
    return administration("rituximab", day)


RITUXIMAB = [
    pytest.param([], "VACCINES_DUE_BEFORE_RITUXIMAB", id="never"),
    pytest.param([infusion("2026-05-23")], "VACCINES_DUE_BETWEEN_RITUXIMAB", id="6-months"),
    pytest.param([infusion("2026-05-24")], "VACCINES_DUE_SOON_AFTER_RITUXIMAB", id="1-day-less"),
    pytest.param(
        [infusion("2026-05")], "VACCINES_DUE_RITUXIMAB_DATE_UNKNOWN", id="the-day-decides"
    ),
    pytest.param(
        [infusion("2024-01-10"), infusion("2026-10-10")],
        "VACCINES_DUE_SOON_AFTER_RITUXIMAB",
        id="the-last-counts",
    ),
    pytest.param(
        [statement("rituximab", "2025-01-10")], "VACCINES_DUE_RITUXIMAB_DATE_UNKNOWN", id="stated"
    ),
    pytest.param(
        [statement("rituximab", "2025-01-10", "2026-05-23", status="stopped")],
        "VACCINES_DUE_BETWEEN_RITUXIMAB",
        id="stopped",
    ),
]


@pytest.mark.parametrize(("records", "reason"), RITUXIMAB)
def test_vaccines_due_with_rituximab(records: list[Json], reason: str) -> None:
    found = gates(*all_but("influenza"), *records)
    assert check(found, "RTX", "G-VAX") == ("caution", reason)
    made = row(found, "RTX", "G-VAX")
    asked = ["rituximab-last-dose"] if reason == "VACCINES_DUE_RITUXIMAB_DATE_UNKNOWN" else []
    assert sorted(made["dataMissing"]) == sorted(["vaccine-influenza", *asked])
    assert made["applies"] == "both"
    assert ("rituximab" in {used["value"] for used in made["dataUsed"]}) is bool(records)


def test_vaccines_due_where_rituximab_is_unknown() -> None:
    found = gates(*all_but("influenza"), incomplete=("MedicationAdministration",))
    assert check(found, "RTX", "G-VAX") == ("caution", "VACCINES_DUE_RITUXIMAB_DATE_UNKNOWN")


JUST_NOW = ("caution", "VACCINE_JUST_BEFORE_RITUXIMAB")


@pytest.mark.parametrize(
    ("day", "expected"), [(ago(27), JUST_NOW), (ago(28), ("ok", CURRENT)), (ago(0), JUST_NOW)]
)
def test_a_vaccine_between_infusions(day: str, expected: tuple[str, str]) -> None:
    doses = [*all_but("influenza"), vaccine(FLU, day)]
    assert check(gates(*doses, infusion("2026-05-10")), "RTX", "G-VAX") == expected
    # before a first infusion nothing has to wait
    assert check(gates(*doses), "RTX", "G-VAX") == ("ok", CURRENT)
    unknown = gates(*doses, incomplete=("MedicationStatement",))
    assert check(unknown, "RTX", "G-VAX") == expected
    assert check(unknown, "TNFi", "G-VAX") == ("ok", CURRENT)


# ----- G-LIVE -----

NONE = ("ok", "NO_RECENT_LIVE_VACCINE")
RECENT = ("do_first", "LIVE_VACCINE_RECENT")
PLANNED = ("do_first", "LIVE_VACCINE_PLANNED")
OPEN = ("unknown", "LIVE_VACCINE_UNCLEAR")
ORDER = {"text": "MMR"}

LIVE = [
    pytest.param([], NONE, id="none"),
    pytest.param([vaccine(MMR, ago(28))], RECENT, id="28-days"),
    pytest.param([vaccine(MMR, ago(29))], NONE, id="29-days"),
    pytest.param([vaccine(ATC("J07BL01"), ago(28))], RECENT, id="yellow-fever-by-atc-28-days"),
    pytest.param([vaccine(ATC("J07BD52"), ago(29))], NONE, id="mmr-by-atc-29-days"),
    pytest.param([vaccine(ATC("J07BN01"), ago(10))], NONE, id="covid-by-atc-is-not-live"),
    pytest.param([vaccine(FLU, ago(10))], NONE, id="not-live"),
    pytest.param([vaccine(MMR, "2026-11-24")], NONE, id="of-tomorrow"),
    pytest.param([vaccine(MMR, ago(5), status="not-done")], NONE, id="not-done"),
    pytest.param([vaccine(MMR, ago(5), isSubpotent=True)], RECENT, id="half-a-dose"),
    pytest.param([vaccine(MMR, "2026-10")], OPEN, id="the-day-decides"),
    pytest.param([vaccine(MMR, "2026-11")], RECENT, id="a-month-within"),
    pytest.param([vaccine(MMR, "2026-09")], NONE, id="a-month-before"),
    pytest.param([vaccine(MMR, None)], OPEN, id="undated"),
    # it was not given after it was recorded
    pytest.param([vaccine(MMR, None, recorded=ago(29))], NONE, id="recorded-29-days-ago"),
    pytest.param([vaccine(MMR, None, recorded=ago(28))], OPEN, id="recorded-28-days-ago"),
    pytest.param([vaccine("MMR", ago(5))], OPEN, id="in-words"),
    pytest.param([vaccine("MMR", ago(29))], NONE, id="in-words-29-days"),
    pytest.param([vaccine("MMR", None), vaccine(MMR, ago(28))], RECENT, id="a-certain-one"),
    pytest.param([request(concept(MMR), ago(2))], PLANNED, id="ordered"),
    pytest.param([request(concept(MMR), ago(2), status="draft")], PLANNED, id="drafted"),
    pytest.param([request(concept(MMR), ago(2), status="completed")], NONE, id="order-done"),
    pytest.param([request(concept(MMR), ago(2), doNotPerform=True)], NONE, id="not-to-be-given"),
    pytest.param([request(ORDER, ago(2))], OPEN, id="ordered-in-words"),
    pytest.param([vaccine(MMR, ago(5)), request(concept(MMR), ago(2))], RECENT, id="both"),
]


@pytest.mark.parametrize(("records", "expected"), LIVE)
def test_live_vaccine(records: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*records)
    for drug_class in BIOLOGIC:
        assert check(found, drug_class, "G-LIVE") == expected
    for drug_class in ("LEF", "SSZ", "HCQ"):
        assert check(found, drug_class, "G-LIVE") is None
    made = row(found, "TNFi", "G-LIVE")
    assert made["dataMissing"] == (["live-vaccine-date"] if expected == OPEN else [])
    assert {used["value"] for used in made["dataUsed"]} == (
        set() if expected == NONE else {"live-vaccine"}
    )
    assert made["applies"] == "both"
    if expected in (NONE, OPEN):
        assert check(found, "MTX", "G-LIVE") == expected
        assert row(found, "MTX", "G-LIVE")["dataMissing"] == made["dataMissing"]


def test_live_vaccine_where_lists_are_incomplete() -> None:
    found = gates(incomplete=("Immunization",))
    assert check(found, "TNFi", "G-LIVE") == ("unknown", "IMMUNIZATIONS_NOT_OBTAINED")
    assert row(found, "TNFi", "G-LIVE")["dataMissing"] == ["vaccine-history"]
    orders = gates(incomplete=("MedicationRequest",))
    assert check(orders, "TNFi", "G-LIVE") == ("unknown", "MEDICATIONS_NOT_OBTAINED")
    assert check(gates(incomplete=("AdverseEvent",)), "TNFi", "G-LIVE") == NONE
    given = gates(vaccine(MMR, ago(5)), incomplete=("Immunization", "MedicationRequest"))
    assert check(given, "TNFi", "G-LIVE") == RECENT


def weekly(milligrams: float, **elements: Any) -> Json:
    timing = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}}
    dose = {"timing": timing, "doseAndRate": [{"doseQuantity": quantity(milligrams, "mg")}]}
    return statement("methotrexate", "2026-01-10", dosage=[dose], **elements)


LOW = ("ok", "LIVE_VACCINE_LOW_DOSE_METHOTREXATE")
DOSE = ("unknown", "LIVE_VACCINE_METHOTREXATE_DOSE_UNKNOWN")


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([weekly(20)], LOW, id="20-mg"),
        pytest.param([weekly(20.1)], RECENT, id="20.1-mg"),
        pytest.param([weekly(20), request("methotrexate", ago(30))], LOW, id="order-without-dose"),
        pytest.param([statement("methotrexate", "2026-01-10")], DOSE, id="no-dose"),
        pytest.param([], DOSE, id="not-taken"),
        pytest.param([weekly(15, status="stopped")], DOSE, id="stopped"),
    ],
)
def test_live_vaccine_on_methotrexate(records: list[Json], expected: tuple[str, str]) -> None:
    found = gates(vaccine(MMR, ago(5)), *records)
    assert check(found, "MTX", "G-LIVE") == expected
    assert row(found, "MTX", "G-LIVE")["dataMissing"] == (
        ["methotrexate-dose"] if expected == DOSE else []
    )
    assert check(found, "TNFi", "G-LIVE") == RECENT
