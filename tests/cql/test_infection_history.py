"""G-INF2, G-INF3, G-NTM, G-COVID, G-IGG (clinical-spec 3.1, 8.16, 8.24, 8.25, 8.33)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import (
    ATC,
    ICD10,
    LOINC,
    SNOMED,
    Json,
    bundle,
    component,
    condition,
    evaluate,
    observation,
    request,
    statement,
)
from tests.cql.gate_records import BIOLOGIC, CONVENTIONAL, ago, check, gates, row

EDGE, OLD = "2025-11-23", "2025-11-22"


def pneumonia(onset: str | None, abated: str | None = None, **elements: Any) -> Json:
    if abated is not None:
        elements |= {"abatementDateTime": abated, "clinical": "resolved"}
    return condition(SNOMED("233604007"), onset, **elements)


def over(onset: str | None, **elements: Any) -> Json:
    return pneumonia(onset, clinical="resolved", **elements)


# ----- G-INF2 -----

YEAR = ("caution", "SERIOUS_INFECTION_LAST_YEAR")
YEAR_POSSIBLE = ("caution", "SERIOUS_INFECTION_LAST_YEAR_POSSIBLE")
NO_SERIOUS = ("ok", "NO_RECORD_OF_SERIOUS_INFECTION")
NOT_OBTAINED = ("unknown", "CONDITIONS_NOT_OBTAINED")

SERIOUS = [
    pytest.param([], NO_SERIOUS, id="none"),
    pytest.param([over(EDGE)], YEAR, id="12-months"),
    pytest.param([over(OLD)], NO_SERIOUS, id="12-months-and-1-day"),
    pytest.param([pneumonia("2025-01-10", EDGE)], YEAR, id="ended-12-months-ago"),
    pytest.param([pneumonia("2025-01-10", OLD)], NO_SERIOUS, id="ended-before"),
    pytest.param([pneumonia(ago(10))], YEAR, id="active"),
    pytest.param([over("2025-11")], YEAR_POSSIBLE, id="the-day-decides"),
    pytest.param([over("2025-12")], YEAR, id="a-month-within"),
    pytest.param([over("2025-10")], NO_SERIOUS, id="a-month-before"),
    pytest.param([over(None)], YEAR_POSSIBLE, id="undated"),
    pytest.param([over(ago(60), verification="provisional")], YEAR_POSSIBLE, id="provisional"),
    pytest.param([over(OLD, verification="provisional")], NO_SERIOUS, id="provisional-old"),
    pytest.param([over(ago(60), verification="refuted")], NO_SERIOUS, id="refuted"),
    pytest.param([condition({"text": "肺炎"}, ago(60))], YEAR_POSSIBLE, id="told-in-words"),
    pytest.param([over(ago(60)), over(None)], YEAR, id="a-certain-one-decides"),
]


@pytest.mark.parametrize(("entries", "expected"), SERIOUS)
def test_serious_infection(entries: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*entries)
    for drug_class in BIOLOGIC:
        assert check(found, drug_class, "G-INF2") == expected
    for drug_class in CONVENTIONAL:
        assert check(found, drug_class, "G-INF2") is None
    made = row(found, "TNFi", "G-INF2")
    possible = expected == YEAR_POSSIBLE
    assert made["dataMissing"] == (["infection-history"] if possible else [])
    assert (made["orders"], made["applies"]) == ([], "start")
    assert bool(made["dataUsed"]) is (expected != NO_SERIOUS)


def test_serious_infection_where_conditions_are_incomplete() -> None:
    found = gates(incomplete=("Condition",))
    assert check(found, "TNFi", "G-INF2") == NOT_OBTAINED
    assert row(found, "TNFi", "G-INF2")["dataMissing"] == ["infection-history"]
    assert check(gates(over(None), incomplete=("Condition",)), "TNFi", "G-INF2") == NOT_OBTAINED
    assert check(gates(over(EDGE), incomplete=("Condition",)), "TNFi", "G-INF2") == YEAR


# ----- G-INF3 -----


def course(start: str | None, stop: str | None = None, **elements: Any) -> Json:
    status = {} if stop is None else {"status": "completed"}
    return statement("amoxicillin", start, stop, **(status | elements))


RECURRENT = ("caution", "RECURRENT_INFECTION")
RECURRENT_POSSIBLE = ("caution", "RECURRENT_INFECTION_POSSIBLE")
NOT_RECURRENT = ("ok", "NO_RECORD_OF_RECURRENT_INFECTION")
TWO = [over(ago(200)), over(ago(100))]
THREE = [course(ago(d), ago(d - 7)) for d in (300, 200, 100)]

RECURRENCE = [
    pytest.param([], NOT_RECURRENT, id="none"),
    pytest.param([over(ago(100))], NOT_RECURRENT, id="one"),
    pytest.param(TWO, RECURRENT, id="two"),
    pytest.param([over(EDGE), over(ago(100))], RECURRENT, id="first-12-months-ago"),
    pytest.param([over(OLD), over(ago(100))], NOT_RECURRENT, id="first-before-12-months"),
    pytest.param([over(ago(114)), over(ago(100))], NOT_RECURRENT, id="14-days-are-one-illness"),
    pytest.param([over(ago(115)), over(ago(100))], RECURRENT, id="15-days-are-two"),
    pytest.param([over(ago(100)), over(ago(100))], NOT_RECURRENT, id="written-down-twice"),
    pytest.param(
        [over(ago(120)), over(ago(110)), over(ago(100))], NOT_RECURRENT, id="a-chain-is-one-illness"
    ),
    pytest.param([over(ago(100)), over(None)], RECURRENT_POSSIBLE, id="one-and-undated"),
    pytest.param([over(ago(100)), over("2026-03")], RECURRENT_POSSIBLE, id="one-and-a-month"),
    pytest.param([over("2026-03"), over("2026-06")], RECURRENT_POSSIBLE, id="two-months"),
    pytest.param(
        [over(ago(200)), over(ago(100), verification="provisional")],
        RECURRENT_POSSIBLE,
        id="one-suspected",
    ),
    pytest.param([over(None)], NOT_RECURRENT, id="one-undated"),
    pytest.param(THREE, RECURRENT, id="three-courses"),
    pytest.param(THREE[:2], NOT_RECURRENT, id="two-courses"),
    pytest.param([course("2025-11-10", EDGE), *THREE[1:]], RECURRENT, id="first-ended-12-months"),
    pytest.param([course("2025-11-10", OLD), *THREE[1:]], NOT_RECURRENT, id="first-ended-before"),
    pytest.param([*THREE[:2], course(ago(5))], RECURRENT, id="the-third-is-running"),
    pytest.param(
        [course("2025-10-20", "2025-11"), *THREE[1:]],
        RECURRENT_POSSIBLE,
        id="the-day-of-the-first-decides",
    ),
    pytest.param(
        [statement({"text": "amoxicillin"}, ago(300), ago(293), status="completed"), *THREE[1:]],
        RECURRENT_POSSIBLE,
        id="one-in-words",
    ),
    pytest.param([over(ago(100)), *THREE[:2]], NOT_RECURRENT, id="kinds-are-not-added"),
]


@pytest.mark.parametrize(("records", "expected"), RECURRENCE)
def test_recurrent_infection(records: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*records)
    for drug_class in BIOLOGIC:
        assert check(found, drug_class, "G-INF3") == expected
    for drug_class in CONVENTIONAL:
        assert check(found, drug_class, "G-INF3") is None
    made = row(found, "ABA", "G-INF3")
    possible = expected == RECURRENT_POSSIBLE
    assert made["dataMissing"] == (["infection-history"] if possible else [])
    assert made["orders"] == (["igg", "hrct"] if expected == RECURRENT else [])
    assert made["applies"] == "start"
    name = "InfectionHistory.Recurrent Infection"
    answer = {RECURRENT: True, RECURRENT_POSSIBLE: None, NOT_RECURRENT: False}[expected]
    assert evaluate(bundle(*records), [name])[name] is answer


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("Condition", "CONDITIONS_NOT_OBTAINED"),
        ("MedicationStatement", "MEDICATIONS_NOT_OBTAINED"),
        ("MedicationRequest", "MEDICATIONS_NOT_OBTAINED"),
        ("Medication", "MEDICATIONS_NOT_OBTAINED"),
    ],
)
def test_recurrent_infection_where_lists_are_incomplete(missing: str, reason: str) -> None:
    found = gates(over(ago(100)), incomplete=(missing,))
    assert check(found, "TNFi", "G-INF3") == ("unknown", reason)
    assert row(found, "TNFi", "G-INF3")["dataMissing"] == ["infection-history"]
    assert check(gates(*TWO, incomplete=(missing,)), "TNFi", "G-INF3") == RECURRENT


def igg(amount: float, day: str = "2026-11-20", **elements: Any) -> Json:
    return observation(LOINC("2465-3"), amount, "g/L", day, **elements)


def ct(day: str) -> Json:
    return observation("hrct-chest", ("urn:ra-cds-hooks:codes", "normal"), date=day)


@pytest.mark.parametrize(
    ("results", "orders"),
    [
        ([igg(11.0)], ["hrct"]),
        ([igg(5.0)], ["hrct"]),
        ([igg(11.0, status="preliminary")], ["hrct"]),
        ([igg(11.0, ago(181))], ["igg", "hrct"]),
        ([ct(EDGE)], ["igg"]),
        ([ct(OLD)], ["igg", "hrct"]),
    ],
)
def test_what_recurrence_orders(results: list[Json], orders: list[str]) -> None:
    assert row(gates(*TWO, *results), "TNFi", "G-INF3")["orders"] == orders


def test_recurrence_shows_its_data() -> None:
    made = row(gates(over(ago(100), id="p"), course(ago(50), ago(43), id="a")), "TNFi", "G-INF3")
    assert {(r["ref"], r["value"]) for r in made["dataUsed"]} == {
        ("Condition/p", "serious-infection"),
        ("MedicationStatement/a", "antibiotic"),
    }


# ----- G-NTM -----


def ntm(onset: str | None = "2025-03-02", **elements: Any) -> Json:
    return condition(ICD10("A31.0"), onset, **elements)


ETHAMBUTOL = statement(ATC("J04AK02"), "2025-04-01")
ACTIVE = ("block", "NTM_ACTIVE_UNTREATED")
TREATED = ("caution", "NTM_TREATED_OR_STABLE")
NTM_POSSIBLE = ("unknown", "NTM_POSSIBLE")
EARLIER = ("caution", "NTM_EARLIER_POSSIBLE")
NO_NTM = ("ok", "NO_RECORD_OF_NTM")

MYCOBACTERIA = [
    pytest.param([], NO_NTM, id="none"),
    pytest.param([ntm()], ACTIVE, id="active"),
    pytest.param([condition(SNOMED("88415009"))], ACTIVE, id="by-snomed"),
    pytest.param([ntm(), ETHAMBUTOL], TREATED, id="ethambutol"),
    pytest.param([ntm(), statement(ATC("J04AB02"), "2025-04-01")], TREATED, id="rifampicin"),
    pytest.param([ntm(), statement(ATC("J01FA10"), "2025-04-01")], ACTIVE, id="macrolide-alone"),
    pytest.param([ntm(), statement("isoniazid", "2025-04-01")], ACTIVE, id="isoniazid-alone"),
    pytest.param(
        [ntm(), statement(ATC("J04AK02"), "2025-04-01", ago(90), status="stopped")],
        ACTIVE,
        id="treatment-stopped",
    ),
    pytest.param(
        [ntm(), statement(ATC("J04AK02"), "2025-04-01", status="unknown")], ACTIVE, id="unknown"
    ),
    pytest.param(
        [ntm(), statement({"text": "ethambutol"}, "2025-04-01")], ACTIVE, id="treatment-in-words"
    ),
    pytest.param([ntm(clinical="resolved")], TREATED, id="resolved"),
    pytest.param([ntm(clinical="remission")], TREATED, id="remission"),
    pytest.param([ntm(clinical=None)], NTM_POSSIBLE, id="no-status"),
    pytest.param([ntm(verification="provisional")], NTM_POSSIBLE, id="provisional"),
    pytest.param(
        [ntm(verification="provisional"), ETHAMBUTOL], NTM_POSSIBLE, id="suspected-treated"
    ),
    pytest.param([condition({"text": "NTM"})], NTM_POSSIBLE, id="told-in-words"),
    pytest.param(
        [ntm(clinical="resolved", verification="provisional")], EARLIER, id="was-suspected"
    ),
    pytest.param([ntm(verification="refuted")], NO_NTM, id="refuted"),
    pytest.param([ntm(), ntm(clinical="resolved")], ACTIVE, id="the-worse-decides"),
    pytest.param(
        [ntm(verification="provisional"), ntm(clinical="resolved")],
        NTM_POSSIBLE,
        id="perhaps-again",
    ),
]


@pytest.mark.parametrize(("records", "expected"), MYCOBACTERIA)
def test_mycobacteria(records: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*records)
    for drug_class in BIOLOGIC:
        assert check(found, drug_class, "G-NTM") == expected
        made = row(found, drug_class, "G-NTM")
        last = expected[0] == "caution" and drug_class != "ABA"
        assert made["onlyIfNoAlternative"] is last
        assert made["applies"] == "both"
        assert made["orders"] == ([] if expected == NO_NTM else ["pulmonology-referral"])
        assert made["dataMissing"] == (["ntm-status"] if expected == NTM_POSSIBLE else [])
    for drug_class in CONVENTIONAL:
        assert check(found, drug_class, "G-NTM") is None


def test_mycobacteria_where_conditions_are_incomplete() -> None:
    found = gates(incomplete=("Condition",))
    assert check(found, "ABA", "G-NTM") == NOT_OBTAINED
    made = row(found, "ABA", "G-NTM")
    assert (made["orders"], made["dataMissing"]) == ([], ["ntm-status"])
    assert check(gates(ntm(), incomplete=("Condition",)), "ABA", "G-NTM") == ACTIVE
    earlier = gates(ntm(clinical="resolved"), incomplete=("Condition",))
    assert check(earlier, "ABA", "G-NTM") == NOT_OBTAINED


def test_mycobacteria_show_their_data() -> None:
    made = row(gates(ntm(id="n")), "TNFi", "G-NTM")
    assert made["dataUsed"] == [{"ref": "Condition/n", "date": "2025-03-02", "value": "ntm"}]


# ----- G-COVID -----


def covid(onset: str | None = "2026-11-15", **elements: Any) -> Json:
    return condition(ICD10("U07.1"), onset, **elements)


COVID = ("block", "COVID_ACTIVE")
COVID_UNCLEAR = ("unknown", "COVID_UNCLEAR")
NO_COVID = ("ok", "NO_RECORD_OF_COVID")

COVID_ENTRIES = [
    pytest.param([], NO_COVID, id="none"),
    pytest.param([covid()], COVID, id="active"),
    pytest.param([condition(SNOMED("840539006"), ago(5))], COVID, id="by-snomed"),
    pytest.param([covid(ago(90))], COVID, id="90-days"),
    pytest.param([covid(ago(91))], COVID_UNCLEAR, id="91-days-unclosed"),
    pytest.param([covid(ago(400), recordedDate=ago(90))], COVID, id="recorded-90-days"),
    pytest.param([covid(ago(400), recordedDate=ago(91))], COVID_UNCLEAR, id="recorded-91-days"),
    pytest.param([covid(None)], COVID_UNCLEAR, id="undated"),
    pytest.param([covid(clinical=None)], COVID_UNCLEAR, id="no-status"),
    pytest.param([covid(verification="provisional")], COVID_UNCLEAR, id="provisional"),
    pytest.param([condition({"text": "新冠"}, ago(5))], COVID_UNCLEAR, id="told-in-words"),
    pytest.param([covid(clinical="resolved")], NO_COVID, id="recovered"),
    pytest.param([covid(verification="refuted")], NO_COVID, id="refuted"),
    pytest.param([pneumonia(ago(5))], NO_COVID, id="another-infection"),
]


@pytest.mark.parametrize(("entries", "expected"), COVID_ENTRIES)
def test_covid(entries: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*entries)
    for drug_class in BIOLOGIC:
        assert check(found, drug_class, "G-COVID") == expected
    for drug_class in CONVENTIONAL:
        assert check(found, drug_class, "G-COVID") is None
    made = row(found, "RTX", "G-COVID")
    assert made["dataMissing"] == (["infection-status"] if expected == COVID_UNCLEAR else [])
    assert bool(made["dataUsed"]) is (expected != NO_COVID)
    assert made["applies"] == "both"


def test_covid_where_conditions_are_incomplete() -> None:
    assert check(gates(incomplete=("Condition",)), "RTX", "G-COVID") == NOT_OBTAINED
    assert check(gates(covid(), incomplete=("Condition",)), "RTX", "G-COVID") == COVID


# ----- G-IGG -----

NORMAL = ("ok", "IGG_NORMAL")
LOW = ("caution", "IGG_LOW")
LOW_RECURRENT = ("block", "IGG_LOW_RECURRENT_INFECTION")
LOW_UNKNOWN = ("unknown", "IGG_LOW_INFECTIONS_UNKNOWN")

IMMUNOGLOBULINS = [
    pytest.param([], ("do_first", "IGG_MISSING"), ["igg"], ["igg"], id="none"),
    pytest.param(
        [observation(LOINC("2465-3"))], ("do_first", "IGG_MISSING"), ["igg"], ["igg"], id="no-value"
    ),
    pytest.param(
        [observation(LOINC("24322-0"), components=[component(LOINC("2465-3"), None)])],
        ("do_first", "IGG_MISSING"),
        ["igg"],
        ["igg"],
        id="no-value-in-a-panel",
    ),
    pytest.param([igg(11.0)], NORMAL, [], [], id="normal"),
    pytest.param([igg(7.0)], NORMAL, [], [], id="at-the-limit"),
    pytest.param([igg(6.9)], LOW, [], [], id="low"),
    pytest.param([igg(11.0, ago(180))], NORMAL, [], [], id="180-days"),
    pytest.param(
        [igg(11.0, ago(181))], ("do_first", "IGG_EXPIRED"), ["igg"], ["igg"], id="181-days"
    ),
    pytest.param([igg(5.0, ago(400))], LOW, [], [], id="low-does-not-expire"),
    pytest.param(
        [igg(11.0, status="preliminary")], ("do_first", "IGG_PENDING"), ["igg"], [], id="pending"
    ),
    pytest.param(
        [igg(9.0, comparator="<")], ("do_first", "IGG_UNREADABLE"), ["igg"], ["igg"], id="a-bound"
    ),
    pytest.param(
        [igg(11.0, "2026-05")], ("unknown", "IGG_DATE_UNKNOWN"), ["igg"], ["igg"], id="imprecise"
    ),
    pytest.param([igg(5.0), *TWO], LOW_RECURRENT, [], [], id="low-and-recurrent"),
    pytest.param([igg(5.0), *THREE], LOW_RECURRENT, [], [], id="low-and-antibiotics"),
    pytest.param([igg(7.0), *TWO], NORMAL, [], [], id="normal-and-recurrent"),
    pytest.param([igg(5.0), over(ago(100))], LOW, [], [], id="low-and-one-infection"),
    pytest.param(
        [igg(5.0), over(ago(100)), over(None)],
        LOW_UNKNOWN,
        ["infection-history"],
        [],
        id="low-and-perhaps-recurrent",
    ),
]


@pytest.mark.parametrize(("records", "expected", "missing", "orders"), IMMUNOGLOBULINS)
def test_immunoglobulin_g(
    records: list[Json], expected: tuple[str, str], missing: list[str], orders: list[str]
) -> None:
    found = gates(*records)
    assert check(found, "RTX", "G-IGG") == expected
    made = row(found, "RTX", "G-IGG")
    assert (made["dataMissing"], made["orders"], made["applies"]) == (missing, orders, "both")
    for drug_class in ("TNFi", "IL6Ri", "ABA", "JAKi", *CONVENTIONAL):
        assert check(found, drug_class, "G-IGG") is None


def test_immunoglobulin_g_where_lists_are_incomplete() -> None:
    found = gates(incomplete=("Observation",))
    assert check(found, "RTX", "G-IGG") == ("unknown", "OBSERVATIONS_NOT_OBTAINED")
    assert row(found, "RTX", "G-IGG")["orders"] == ["igg"]
    assert check(gates(igg(5.0), incomplete=("Condition",)), "RTX", "G-IGG") == LOW_UNKNOWN
    assert check(gates(igg(11.0), incomplete=("Condition",)), "RTX", "G-IGG") == NORMAL


def test_immunoglobulin_g_in_full() -> None:
    made = row(gates(igg(11.0, id="i")), "RTX", "G-IGG")
    assert made["validUntil"] == "2027-05-19"
    assert [r["ref"] for r in made["dataUsed"]] == ["Observation/i"]
    made = row(gates(igg(5.0, id="i"), *TWO), "RTX", "G-IGG")
    assert made["validUntil"] is None
    assert len(made["dataUsed"]) == 3
    assert len(row(gates(igg(11.0, id="i"), *TWO), "RTX", "G-IGG")["dataUsed"]) == 1


def test_an_order_of_an_antibiotic_is_a_course() -> None:
    orders = [request("amoxicillin", ago(d), status="completed") for d in (300, 200, 100)]
    assert check(gates(*orders), "TNFi", "G-INF3") == RECURRENT
