"""DoseNotes.cql, clinical-spec 8.47: the dose and the time before a failure is called one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import ask, on, visit
from tests.cql.build import ATC, LOINC, Json, observation, request, resource, statement

START = "2026-03-02"
NAMES: dict[str, Any] = {
    "certolizumab pegol": ATC("L04AB05"),
    "sarilumab": ATC("L04AC14"),
    "baricitinib": ATC("L04AF02"),
    "upadacitinib": ATC("L04AF03"),
}
BASELINE = visit("2026-02-28", das28Esr4=6.4, cdai=36.0)
FAILING = [*BASELINE, *visit(das28Esr4=6.0, cdai=32.0), *visit(sjc28=6)]
AT_TARGET = [*BASELINE, *visit(das28Esr4=2.5, cdai=4.0), *visit(sjc28=0)]


def dosage(milligrams: float, period: float, unit: str, frequency: int = 1) -> list[Json]:
    repeat = {"frequency": frequency, "period": period, "periodUnit": unit}
    dose = {"value": milligrams, "unit": "mg", "code": "mg"}
    return [{"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": dose}]}]


def taken(
    drug: str, milligrams: float, period: float, unit: str, frequency: int = 1, **more: Any
) -> Json:
    made = dosage(milligrams, period, unit, frequency)
    return statement(NAMES.get(drug, drug), START, dosage=made, **more)


def notes(*resources: Json) -> list[tuple[str, str]]:
    rows, flags = ask(list(resources), "DoseNotes.Dose Notes", "DoseNotes.Dose Flags")
    assert set(flags) == {row["code"] for row in rows}
    return [(row["code"], row["ingredient"]) for row in rows]


@pytest.mark.parametrize(
    ("dose", "low"),
    [
        ((14.9, 1, "wk"), True),
        ((15.0, 1, "wk"), False),
        ((12.5, 1, "wk"), True),
        ((7.5, 1, "wk", 2), False),
    ],
)
def test_methotrexate_below_15_mg_a_week(dose: tuple[Any, ...], low: bool) -> None:
    expected = [("MTX_DOSE_LOW", "methotrexate")] if low else []
    # beside a failing biologic, and as the drug that fails
    beside = [on("adalimumab", START), taken("methotrexate", *dose)]
    assert notes(*beside, *FAILING) == expected
    assert notes(taken("methotrexate", *dose), *FAILING) == expected
    # nothing to call a failure
    assert notes(*beside, *AT_TARGET) == []


def test_a_dose_in_words_is_unknown() -> None:
    words = statement("methotrexate", START, dosage=[{"text": "10 mg once a week"}])
    assert notes(words, *FAILING) == []
    assert notes(on("methotrexate", START), *FAILING) == []


@pytest.mark.parametrize(
    ("drug", "enough", "less"),
    [
        ("adalimumab", (40.0, 2, "wk"), (39.9, 2, "wk")),
        ("adalimumab", (40.0, 14, "d"), (40.0, 15, "d")),
        ("etanercept", (50.0, 1, "wk"), (25.0, 1, "wk")),
        ("certolizumab pegol", (200.0, 2, "wk"), (199.0, 2, "wk")),
        ("certolizumab pegol", (400.0, 4, "wk"), (400.0, 5, "wk")),
        ("sarilumab", (150.0, 2, "wk"), (149.0, 2, "wk")),
        ("tofacitinib", (5.0, 1, "d", 2), (5.0, 1, "d")),
        ("tofacitinib", (10.0, 1, "d"), (9.9, 1, "d")),
        ("baricitinib", (2.0, 1, "d"), (1.0, 1, "d")),
        ("upadacitinib", (15.0, 1, "d"), (7.5, 1, "d")),
    ],
)
def test_the_index_drug_below_its_dose(
    drug: str, enough: tuple[Any, ...], less: tuple[Any, ...]
) -> None:
    assert notes(taken(drug, *enough), *FAILING) == []
    assert notes(taken(drug, *less), *FAILING) == [("UNDERDOSED", drug)]
    assert notes(taken(drug, *less), *AT_TARGET) == []


@pytest.mark.parametrize("drug", ["infliximab", "rituximab", "tocilizumab", "abatacept"])
def test_other_drugs_have_no_dose_to_compare(drug: str) -> None:
    assert notes(taken(drug, 1.0, 4, "wk"), *FAILING) == []


def test_evidence() -> None:
    record = [taken("adalimumab", 20.0, 2, "wk", id="pen"), *FAILING]
    [[row]] = ask(record, "DoseNotes.Dose Notes")
    assert (row["weeklyDose"], row["usualDose"]) == (10.0, 20.0)
    [used] = row["dataUsed"]
    assert (used["ref"], used["date"]) == ("MedicationStatement/pen", START)
    assert used["value"].startswith("adalimumab 10.0")


def event(drug: str) -> Json:
    return resource(
        "AdverseEvent",
        actuality="actual",
        subject={"reference": "Patient/p"},
        date="2026-04-06",
        suspectEntity=[{"instance": {"display": drug}}],
    )


def allergy(drug: str, clinical: str = "active") -> Json:
    system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
    return resource(
        "AllergyIntolerance",
        patient={"reference": "Patient/p"},
        clinicalStatus={"coding": [{"system": system, "code": clinical}]},
        code={"text": drug},
    )


LOW = taken("methotrexate", 10.0, 1, "wk")


@pytest.mark.parametrize(
    ("resources", "noted"),
    [
        ([event("methotrexate")], False),
        ([event("adalimumab")], True),
        ([allergy("methotrexate")], False),
        ([allergy("methotrexate", "inactive")], True),
        ([allergy("sulfasalazine")], True),
        # a kidney in which a check of the gate stands against methotrexate
        ([observation(LOINC("98979-8"), 25.0, "mL/min/{1.73_m2}", "2026-11-20")], False),
        # liver enzymes, neutrophils, and methotrexate ordered every day
        ([observation(LOINC("1742-6"), 200.0, "U/L", "2026-11-20", upper=40)], False),
        ([observation(LOINC("1742-6"), 20.0, "U/L", "2026-11-20", upper=40)], True),
        ([observation(LOINC("751-8"), 0.4, "10*9/L", "2026-11-20")], False),
        ([observation(LOINC("751-8"), 4.0, "10*9/L", "2026-11-20")], True),
        ([observation(LOINC("98979-8"), 90.0, "mL/min/{1.73_m2}", "2026-11-20")], True),
    ],
)
def test_a_documented_limit(resources: list[Json], noted: bool) -> None:
    found = notes(on("etanercept", START), LOW, *FAILING, *resources)
    assert (("MTX_DOSE_LOW", "methotrexate") in found) is noted


def test_methotrexate_every_day_is_a_question_of_the_gate() -> None:
    assert notes(on("etanercept", START), taken("methotrexate", 2.0, 1, "d"), *FAILING) == []


def test_a_dose_that_is_over_does_not_count() -> None:
    past = statement(
        "methotrexate", "2025-01-06", "2026-01-05", status="stopped", dosage=dosage(10, 1, "wk")
    )
    assert notes(on("adalimumab", START), past, *FAILING) == []


def test_the_statement_before_the_order() -> None:
    order = request("methotrexate", "2026-03-02", dosageInstruction=dosage(10, 1, "wk"))
    enough = taken("methotrexate", 15.0, 1, "wk")
    assert notes(on("adalimumab", START), order, enough, *FAILING) == []
    found = notes(on("adalimumab", START), order, *FAILING)
    assert found == [("MTX_DOSE_LOW", "methotrexate")]


@pytest.mark.parametrize(
    ("start", "end", "reason", "short"),
    [
        ("2023-01-11", "2023-04-10", "stop-ineffective", True),
        ("2023-01-10", "2023-04-10", "stop-ineffective", False),
        ("2023-01", "2023-04-10", "stop-ineffective", False),
        ("2023-01-11", "2023-04-10", "stop-adverse-event", False),
        ("2023-01-11", "2023-04-10", None, False),
    ],
)
def test_a_failure_after_less_than_three_months(
    start: str, end: str, reason: str | None, short: bool
) -> None:
    record = on("adalimumab", start, end, reason=reason)
    assert notes(record) == ([("SHORT_EXPOSURE", "adalimumab")] if short else [])


def test_short_exposure_from_words_alone_is_not_counted() -> None:
    record = statement(
        {"text": "adalimumab"}, "2023-01-11", "2023-04-10", status="stopped",
        reason="stop-ineffective", id="words",
    )  # fmt: skip
    assert notes(record) == []
    coded = on("adalimumab", "2023-01-11", "2023-04-10", reason="stop-ineffective", id="coded")
    [[row]] = ask([coded], "DoseNotes.Dose Notes")
    assert row["dataUsed"] == [
        {"ref": "MedicationStatement/coded", "date": "2023-01-11", "value": "adalimumab"}
    ]
