"""Truth tables of drugs: recognition (5.2), exposure (0.6), intolerance, dose."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql import build
from tests.cql.build import (
    ATC,
    LOCAL,
    RXNORM,
    administration,
    bundle,
    concept,
    dispense,
    medication,
    quantity,
    request,
    resource,
    statement,
)


def rows(define: str, *resources: build.Json, **options: Any) -> Any:
    name = f"RAData.{define}"
    return build.evaluate(bundle(*resources), [name], **options)[name]


def episodes(*resources: build.Json, **options: Any) -> list[Any]:
    return list(rows("Treatment Episodes", *resources, **options))


def ingredients(*resources: build.Json) -> list[tuple[str, str]]:
    return [(e["ingredient"], e["confidence"]) for e in episodes(*resources)]


# ----- which drug -----


@pytest.mark.parametrize(
    ("drug", "expected"),
    [
        (RXNORM("327361"), [("adalimumab", "coded")]),
        (RXNORM("352334"), [("adalimumab", "coded")]),
        (RXNORM("2103479"), [("adalimumab", "coded")]),
        (ATC("L04AB04"), [("adalimumab", "coded")]),
        (ATC("L01XC02"), [("rituximab", "coded")]),
        (ATC("L01FA01"), [("rituximab", "coded")]),
        (ATC("L04AA29"), [("tofacitinib", "coded")]),
        (ATC("L01BA01"), [("methotrexate", "coded")]),
        (LOCAL("iguratimod"), [("iguratimod", "coded")]),
        (concept(text="Adalimumab-atto 40 mg/0.8 mL pen"), [("adalimumab", "text")]),
        (concept(text="HUMIRA 40MG"), [("adalimumab", "text")]),
        (concept(text="certolizumab pegol"), [("certolizumab pegol", "text")]),
        (concept(text="阿达木单抗注射液"), [("adalimumab", "text")]),
        (concept(text="甲氨蝶呤片 2.5mg"), [("methotrexate", "text")]),
        (concept(text="硫酸羟氯喹片"), [("hydroxychloroquine", "text")]),
        (concept(text="paracetamol"), []),
        (concept(ATC("N02BE01"), text="paracetamol"), []),
        ({"reference": "Medication/x", "display": "Etanercept 50 mg"}, [("etanercept", "text")]),
    ],
)
def test_drug_is_recognised(drug: Any, expected: list[tuple[str, str]]) -> None:
    assert ingredients(statement(drug, "2026-05-04")) == expected


@pytest.mark.parametrize(
    "reference",
    ["Medication/m1", "https://ehr.example.org/fhir/Medication/m1", "urn:uuid:m1"],
)
def test_medication_resource(reference: str) -> None:
    record = statement({"reference": reference}, "2026-05-04")
    assert ingredients(record, medication("m1", "adalimumab")) == [("adalimumab", "coded")]
    assert ingredients(record, medication("m1", None, "etanercept")) == [("etanercept", "coded")]
    assert ingredients(record, medication("m2", "adalimumab")) == []


@pytest.mark.parametrize(
    ("display", "text"), [("pen 40 mg", "adalimumab"), ("adalimumab", "pen 40 mg")]
)
def test_any_of_its_names_names_a_drug(display: str, text: str) -> None:
    coding = {"system": "http://example.org/local-drugs", "code": "77", "display": display}
    record = statement({"coding": [coding], "text": text}, "2026-05-04")
    assert ingredients(record) == [("adalimumab", "text")]


def test_what_the_reference_says_stands_in_for_a_code_that_nobody_knows() -> None:
    record = statement({"reference": "Medication/m1", "display": "Etanercept 50 mg"}, "2026-05-04")
    unknown = medication("m1", ("http://example.org/local-drugs", "77"))
    assert ingredients(record, unknown) == [("etanercept", "text")]


def test_contained_medication() -> None:
    record = statement(
        {"reference": "#m1"}, "2026-05-04", contained=[medication("m1", "tocilizumab")]
    )
    assert ingredients(record) == [("tocilizumab", "coded")]


@pytest.mark.parametrize(
    ("drug", "moa", "kind"),
    [
        ("adalimumab", "TNFi", "bDMARD"),
        ("tocilizumab", "IL6Ri", "bDMARD"),
        ("abatacept", "ABA", "bDMARD"),
        ("rituximab", "RTX", "bDMARD"),
        ("anakinra", "IL1Ri", "bDMARD"),
        ("tofacitinib", "JAKi", "tsDMARD"),
        ("methotrexate", "csDMARD", "csDMARD"),
        ("prednisone", "GC", "GC"),
        ("isoniazid", "TPT", "other"),
        ("amoxicillin", "ANTIBIOTIC", "other"),
        (LOCAL("tripterygium"), "otherDMARD", "other"),
        (ATC("L04AX01"), "otherDMARD", "other"),
    ],
)
def test_class(drug: Any, moa: str, kind: str) -> None:
    (episode,) = episodes(statement(drug, "2026-05-04"))
    assert (episode["moa"], episode["kind"]) == (moa, kind)


@pytest.mark.parametrize(
    ("drug", "ingredient", "moa"),
    [
        (ATC("J04AB02"), "rifampicin", "TPT"),
        (ATC("J04AB05"), "rifapentine", "TPT"),
        (ATC("N03AF01"), "strong CYP3A4 inducer", "CYP3A4_INDUCER"),
        (concept(text="卡马西平片"), "strong CYP3A4 inducer", "CYP3A4_INDUCER"),
        (ATC("J02AC02"), "strong CYP3A4 inhibitor", "CYP3A4_INHIBITOR"),
        (ATC("J01FA09"), "clarithromycin", "ANTIBIOTIC"),
        (concept(text="克拉霉素"), "clarithromycin", "ANTIBIOTIC"),
        (ATC("J01FA10"), "prophylactic antibiotic", "PROPHYLAXIS"),
        (ATC("J01EE01"), "trimethoprim", "PROPHYLAXIS"),
        (ATC("J01CA04"), "antibiotic", "ANTIBIOTIC"),
        (ATC("M04AB01"), "probenecid", "URICOSURIC"),
        (ATC("B01AF02"), "anticoagulant", "ANTICOAGULANT"),
        (ATC("M01AH01"), "NSAID", "NSAID"),
        (ATC("N02AX02"), "opioid", "OPIOID"),
        (ATC("J05AF10"), "hepatitis B antiviral", "HBV_ANTIVIRAL"),
        (ATC("L01AA01"), "cyclophosphamide", "otherDMARD"),
        (ATC("L01EX09"), "antifibrotic", "ANTIFIBROTIC"),
    ],
)
def test_drugs_beside_the_dmards(drug: Any, ingredient: str, moa: str) -> None:
    (episode,) = episodes(statement(drug, "2026-05-04"))
    assert (episode["ingredient"], episode["moa"], episode["kind"]) == (ingredient, moa, "other")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Denosumab 60 mg", True),
        ("luspatercept", True),
        ("imatinib", True),
        ("omeprazole", False),
        # a word needs six letters to sound like a drug
        ("abcmab", True),
        ("abmab", False),
    ],
)
def test_unmapped_name_is_asked_about(text: str, asked: bool) -> None:
    issues = rows("Data Issues", statement(concept(text=text), "2026-05-04", id="it"))
    expected = [("UNMAPPED_MEDICATION", "MedicationStatement/it")] if asked else []
    assert [(i["code"], i["ref"]) for i in issues] == expected


def test_unmapped_tinib_is_asked_about() -> None:
    issues = rows("Data Issues", statement(concept(text="Deucravacitinib"), "2026-05-04"))
    assert [i["code"] for i in issues] == ["UNMAPPED_MEDICATION"]


# ----- what counts as exposure -----


@pytest.mark.parametrize(
    ("record", "counts"),
    [
        (statement("adalimumab", "2026-05-04"), True),
        (statement("adalimumab", "2026-05-04", status="completed"), True),
        (statement("adalimumab", "2026-05-04", status="on-hold"), True),
        (statement("adalimumab", "2026-05-04", status="intended"), False),
        (statement("adalimumab", "2026-05-04", status="not-taken"), False),
        (statement("adalimumab", "2026-05-04", status="entered-in-error"), False),
        (request("adalimumab", "2026-05-04"), True),
        (request("adalimumab", "2026-05-04", status="draft"), False),
        (request("adalimumab", "2026-05-04", status="cancelled"), False),
        (request("adalimumab", "2026-05-04", intent="plan"), False),
        (request("adalimumab", "2026-05-04", doNotPerform=True), False),
        (administration("infliximab", "2026-05-04"), True),
        (administration("infliximab", "2026-05-04", status="not-done"), False),
        (dispense("adalimumab", "2026-05-04"), True),
        (dispense("adalimumab", "2026-05-04", status="cancelled"), False),
        (dispense("adalimumab", "2026-05-04", status="declined"), False),
    ],
)
def test_exposure(record: build.Json, counts: bool) -> None:
    assert len(episodes(record)) == (1 if counts else 0)


def test_planned_start_is_no_exposure_yet() -> None:
    record = statement("adalimumab", "2026-12-01", id="it")
    assert episodes(record) == []
    assert [i["code"] for i in rows("Data Issues", record)] == ["FUTURE_DATED_DATA"]


# ----- intolerance -----


def allergy(drug: str, clinical: str = "active", verification: str = "confirmed") -> build.Json:
    system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-"
    return resource(
        "AllergyIntolerance",
        patient={"reference": "Patient/p"},
        code=concept(build.DRUGS[drug]),
        clinicalStatus=concept((system + "clinical", clinical)),
        verificationStatus=concept((system + "verification", verification)),
        recordedDate="2026-06-01",
    )


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (allergy("adalimumab"), [("adalimumab", "2026-06-01", True, "confirmed")]),
        (allergy("adalimumab", "resolved"), [("adalimumab", "2026-06-01", False, "confirmed")]),
        (allergy("adalimumab", verification="unconfirmed"),
         [("adalimumab", "2026-06-01", True, "possible")]),
        (allergy("adalimumab", verification="refuted"), []),
        (allergy("amoxicillin"), []),
    ],
)  # fmt: skip
def test_allergies(record: build.Json, expected: list[Any]) -> None:
    found = rows("DMARD Allergies", record)
    assert [(r["ingredient"], r["date"], r["active"], r["verification"]) for r in found] == expected


def adverse_event(suspect: build.Json, date: str = "2026-06-01") -> build.Json:
    return resource(
        "AdverseEvent",
        subject={"reference": "Patient/p"},
        actuality="actual",
        date=date,
        suspectEntity=[{"instance": suspect}],
    )


@pytest.mark.parametrize(
    ("suspect", "expected"),
    [
        ({"reference": "MedicationStatement/s"}, ["adalimumab"]),
        ({"reference": "https://ehr.example.org/fhir/MedicationStatement/s"}, ["adalimumab"]),
        ({"reference": "Medication/m"}, ["etanercept"]),
        ({"display": "Infliximab"}, ["infliximab"]),
        ({"reference": "Device/d"}, []),
    ],
)
def test_suspect_of_an_adverse_event(suspect: build.Json, expected: list[str]) -> None:
    resources = [
        statement("adalimumab", "2026-05-04", id="s"),
        medication("m", "etanercept"),
        adverse_event(suspect),
    ]
    assert [r["ingredient"] for r in rows("DMARD Adverse Events", *resources)] == expected


def test_potential_event_is_none() -> None:
    event = adverse_event({"display": "adalimumab"}) | {"actuality": "potential"}
    assert rows("DMARD Adverse Events", event) == []


def test_events_of_the_index_drug_belong_to_its_episode() -> None:
    drug = statement("adalimumab", "2026-05-04")
    suspect = {"display": "adalimumab"}
    early, late = adverse_event(suspect, "2026-05-01"), adverse_event(suspect, "2026-06-01")
    found = rows("Index Drug Adverse Events", drug, early, late)
    assert [r["date"] for r in found] == ["2026-06-01"]


# ----- glucocorticoids -----


def dosage(value: float, unit: str = "mg", period: float = 1, per: str = "d") -> build.Json:
    return {
        "timing": {"repeat": {"frequency": 1, "period": period, "periodUnit": per}},
        "doseAndRate": [{"doseQuantity": quantity(value, unit)}],
    }


@pytest.mark.parametrize(
    ("resources", "dose"),
    [
        ([], 0),
        ([statement("methotrexate", "2026-05-04")], 0),
        ([statement("prednisone", "2026-05-04", dosage=[dosage(7.5)])], 7.5),
        ([statement("prednisone", "2026-05-04", dosage=[dosage(10), dosage(5)])], 15),
        ([statement("prednisone", "2026-05-04", dosage=[dosage(10, period=2)])], 5),
        ([statement("methylprednisolone", "2026-05-04", dosage=[dosage(8)])], 10),
        ([request("prednisone", "2026-05-04", dosageInstruction=[dosage(5)])], 5),
        ([statement("prednisone", "2026-05-04")], None),
        ([statement("prednisone", "2026-05-04", dosage=[dosage(2, "{tablet}")])], None),
        ([statement("prednisone", "2026-05-04", dosage=[dosage(5) | {"asNeededBoolean": True}])],
         None),
        ([statement("prednisone", "2026-05-04", dosage=[
            dosage(20) | {"sequence": 1}, dosage(10) | {"sequence": 2}])], None),
        ([statement("prednisone", "2026-05-04", "2026-06-04", status="completed",
                    dosage=[dosage(5)])], 0),
    ],
)  # fmt: skip
def test_prednisone_equivalent(resources: list[build.Json], dose: float | None) -> None:
    assert rows("Prednisone Equivalent Dose", *resources) == (
        None if dose is None else pytest.approx(dose)
    )


def test_single_injection_is_no_daily_dose() -> None:
    injection = administration("methylprednisolone", "2026-11-10")
    assert rows("Prednisone Equivalent Dose", injection) == 0


def test_incomplete_medications_leave_the_dose_unknown() -> None:
    incomplete = {"RAParameters.Incomplete Data": ["MedicationStatement"]}
    assert rows("Prednisone Equivalent Dose", parameters=incomplete) is None


# ----- preventive therapy -----


def test_tb_preventive_therapy_records() -> None:
    stated = statement(
        "isoniazid", "2025-01-13", "2025-07-18", status="completed", category=concept(LOCAL("tpt"))
    )
    procedure = resource(
        "Procedure",
        subject={"reference": "Patient/p"},
        status="in-progress",
        code=concept(LOCAL("tpt")),
        performedPeriod={"start": "2026-10-01"},
    )
    found = rows("TB Preventive Therapy Records", stated, procedure)
    assert [(r["status"], r["start"], r["stop"]) for r in found] == [
        ("completed", "2025-01-13", "2025-07-18"),
        ("active", "2026-10-01", None),
    ]


@pytest.mark.parametrize(
    ("days", "unit", "expected"),
    [
        (999, "d", 999),
        (1000, "d", None),
        (1, None, 1),
        (0, "d", None),
        (33, "mo", 990),
        (34, "mo", None),
        (2, "wk", 14),
    ],
)
def test_supply_that_lasts_for_years_is_unknown(
    days: float, unit: str | None, expected: int | None
) -> None:
    [row] = rows("Exposure Rows", dispense("adalimumab", "2026-05-04", days, unit=unit))
    assert row["supplyDays"] == expected


@pytest.mark.parametrize(("length", "recognised"), [(200, True), (201, False)])
def test_a_drug_is_looked_for_in_the_first_200_characters(length: int, recognised: bool) -> None:
    text = "x" * (length - len(" adalimumab")) + " adalimumab"
    assert len(text) == length
    found = episodes(statement(concept(text=text), "2026-05-04"))
    assert [e["ingredient"] for e in found] == (["adalimumab"] if recognised else [])


@pytest.mark.parametrize(
    ("supply", "expected"),
    [
        ({"value": 28, "unit": "days"}, 28),
        ({"value": 28, "unit": "x", "code": "d"}, 28),
        ({"value": 4, "unit": "weeks"}, 28),
        ({"value": 4, "unit": "x", "code": "wk"}, 28),
        ({"value": 2, "unit": "months"}, 60),
        ({"value": 2, "unit": "x", "code": "mo"}, 60),
        ({"value": 28}, 28),
        ({"value": 4, "unit": "{pen}"}, None),
    ],
)
def test_supply_by_the_code_of_its_unit_or_by_its_words(
    supply: build.Json, expected: int | None
) -> None:
    record = dispense("adalimumab", "2026-05-04", None, daysSupply=supply)
    [row] = rows("Exposure Rows", record)
    assert row["supplyDays"] == expected


def test_when_a_drug_was_taken_given_or_handed_out() -> None:
    def start(record: build.Json) -> str | None:
        [row] = rows("Exposure Rows", record)
        found: str | None = row["start"]
        return found

    on_a_day = statement("adalimumab") | {"effectiveDateTime": "2026-05-04"}
    assert start(on_a_day) == "2026-05-04"
    assert start(statement("adalimumab", "2026-05-04", "2026-06-01")) == "2026-05-04"
    period = {"effectivePeriod": {"start": "2026-05-04", "end": "2026-05-05"}}
    assert start(build.administration("adalimumab", None) | period) == "2026-05-04"
    assert start(build.administration("adalimumab", "2026-05-04")) == "2026-05-04"
    assert start(dispense("adalimumab", None) | {"whenPrepared": "2026-05-04"}) == "2026-05-04"
    prepared = dispense("adalimumab", "2026-05-06") | {"whenPrepared": "2026-05-04"}
    assert start(prepared) == "2026-05-06"
