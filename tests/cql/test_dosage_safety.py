"""G-DOSE (clinical-spec 3.4, 8.45): limits at the edge and beyond, taken and drafted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import (
    ICD10,
    LOINC,
    Json,
    bundle,
    concept,
    condition,
    evaluate,
    observation,
    patient,
    quantity,
    request,
    statement,
)
from tests.cql.gate_records import ago, ra

Row = tuple[str, str, str]
HIGHEST: Row = ("G-DOSE", "block", "DOSE_ABOVE_HIGHEST")
KIDNEY: Row = ("G-DOSE", "do_first", "DOSE_ABOVE_KIDNEY_LIMIT")
PREGNANT: Row = ("G-DOSE", "do_first", "DOSE_ABOVE_PREGNANCY_LIMIT")
MAYBE_PREGNANT: Row = ("G-DOSE", "unknown", "DOSE_ABOVE_PREGNANCY_LIMIT")
HEAVY: Row = ("G-DOSE", "caution", "DOSE_ABOVE_WEIGHT_LIMIT")
BESIDE: Row = ("G-DOSE", "caution", "ADALIMUMAB_DOSE_WITH_METHOTREXATE")
DAILY: Row = ("G-DOSE", "block", "METHOTREXATE_DAILY")
NO_WEIGHT: Row = ("G-DOSE0", "caution", "WEIGHT_MISSING")
NO_DOSE: Row = ("G-DOSE0", "caution", "DOSE_NOT_STATED")
NOT_TOLD: Row = ("G-DOSE", "unknown", "DOSE_NOT_STATED")
UNREAD: Row = ("G-DOSE", "unknown", "DOSE_NOT_READABLE")
TAKEN_UNREAD: Row = ("G-DOSE", "unknown", "DOSE_TAKEN_NOT_READABLE")
TAKEN_UNREAD_REMARK: Row = ("G-DOSE0", "caution", "DOSE_TAKEN_NOT_READABLE")
FINE: Row = ("G-DOSE", "ok", "DOSE_WITHIN_LIMITS")


def dosage(
    milligrams: float | None, unit: str = "d", frequency: int = 1, period: float = 1
) -> Json:
    made: Json = {
        "timing": {"repeat": {"frequency": frequency, "period": period, "periodUnit": unit}}
    }
    if milligrams is not None:
        made["doseAndRate"] = [{"doseQuantity": quantity(milligrams, "mg")}]
    return made


FREE_TEXT: Json = {"text": "one tablet as told"}
TABLETS: Json = {
    **dosage(None, frequency=2),
    "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}],
}
ORAL: Json = {"route": concept(text="oral")}
AS_NEEDED: Json = {**dosage(5), "asNeededBoolean": True}
THEN_MORE: list[Json] = [{**dosage(5), "sequence": 1}, {**dosage(10), "sequence": 2}]


def on_days(*days: str, unit: str | None = "d", frequency: int | None = 1) -> Json:
    repeat: Json = {"dayOfWeek": list(days)}
    if unit is not None:
        repeat |= {"period": 1, "periodUnit": unit}
    if frequency is not None:
        repeat["frequency"] = frequency
    return {"timing": {"repeat": repeat}}


WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def egfr(value: float, day: str = "2026-11-20") -> Json:
    return observation(LOINC("98979-8"), value, "mL/min/{1.73_m2}", day, id="egfr")


def weight(value: float, day: str = "2026-11-20") -> Json:
    return observation(LOINC("29463-7"), value, "kg", day, id="weight")


def named(found: list[Json]) -> list[Row]:
    return sorted((r["id"], r["verdict"], r["reason"]) for r in found)


def taken(
    drug: Any, dose: Json | list[Json], *others: Json, profile: str = "STRICT", **elements: Any
) -> list[Json]:
    """The rows of this drug, taken for 200 days."""
    doses = dose if isinstance(dose, list) else [dose]
    entry = statement(drug, ago(200), id="taken", dosage=doses, **elements)
    name = "DosageSafety.Checks"
    parameters = {"RAParameters.RegProfile": profile}
    record = bundle(ra(), entry, *others)
    found: list[Json] = evaluate(record, [name], parameters=parameters)[name]
    return found


WOMAN = patient("female", "1990-05-20")
PREGNANCY = condition(ICD10("Z33.1"), "2026-09-14")
POSSIBLY = condition(ICD10("Z33.1"), "2026-09-14", verification="provisional")
MTX = statement("methotrexate", ago(200), id="mtx")
MTX_OVER = statement("methotrexate", ago(400), ago(300), id="mtx", status="stopped")


@pytest.mark.parametrize(
    ("drug", "dose", "others", "expected"),
    [
        ("tofacitinib", dosage(5, frequency=2), [], [FINE]),
        ("tofacitinib", dosage(11), [], [FINE]),
        ("tofacitinib", dosage(11.01), [], [HIGHEST]),
        ("tofacitinib", dosage(10, frequency=2), [], [HIGHEST]),
        # the limit of 60 (STRICT) and the reduced dose of 5 mg a day
        ("tofacitinib", dosage(5, frequency=2), [egfr(60)], [FINE]),
        ("tofacitinib", dosage(5, frequency=2), [egfr(59)], [KIDNEY]),
        ("tofacitinib", dosage(5.01), [egfr(59)], [KIDNEY]),
        ("tofacitinib", dosage(5), [egfr(59)], [FINE]),
        ("tofacitinib", dosage(10, frequency=2), [egfr(59)], [HIGHEST, KIDNEY]),
        ("baricitinib", dosage(4), [egfr(60)], [FINE]),
        ("baricitinib", dosage(1.01), [egfr(59)], [KIDNEY]),
        ("baricitinib", dosage(1), [egfr(59)], [FINE]),
        ("filgotinib", dosage(200), [egfr(60)], [FINE]),
        ("filgotinib", dosage(100), [egfr(59)], [FINE]),
        ("filgotinib", dosage(101), [egfr(59)], [KIDNEY]),
        ("upadacitinib", dosage(30), [egfr(30)], [FINE]),
        ("upadacitinib", dosage(15), [egfr(29)], [FINE]),
        ("upadacitinib", dosage(15.01), [egfr(29)], [KIDNEY]),
        # 90 days on the drug, then the value is too old to lower a limit (G-EGFR asks for it)
        ("upadacitinib", dosage(30), [egfr(29, ago(90))], [KIDNEY]),
        ("upadacitinib", dosage(30), [egfr(29, ago(91))], [FINE]),
        ("hydroxychloroquine", dosage(200, frequency=2), [weight(80)], [FINE]),
        ("hydroxychloroquine", dosage(200, frequency=2), [weight(79.9)], [HEAVY]),
        ("hydroxychloroquine", dosage(200), [], [NO_WEIGHT]),
        ("hydroxychloroquine", dosage(200), [weight(80, ago(180))], [FINE]),
        ("hydroxychloroquine", dosage(200), [weight(80, ago(181))], [NO_WEIGHT]),
        ("hydroxychloroquine", dosage(400), [WOMAN, PREGNANCY, weight(90)], [FINE]),
        ("hydroxychloroquine", dosage(401), [WOMAN, PREGNANCY, weight(90)], [PREGNANT]),
        ("hydroxychloroquine", dosage(401), [WOMAN, POSSIBLY, weight(90)], [MAYBE_PREGNANT]),
        ("hydroxychloroquine", dosage(401), [WOMAN, weight(90)], [FINE]),
        ("hydroxychloroquine", dosage(401), [WOMAN, PREGNANCY], [PREGNANT, NO_WEIGHT]),
        ("sulfasalazine", dosage(1000, frequency=2), [WOMAN, PREGNANCY], [FINE]),
        ("sulfasalazine", dosage(2000.01), [WOMAN, PREGNANCY], [PREGNANT]),
        ("sulfasalazine", dosage(1500, frequency=2), [WOMAN, PREGNANCY], [PREGNANT]),
        ("sulfasalazine", dosage(1500, frequency=2), [WOMAN], [FINE]),
        ("adalimumab", dosage(40, "wk", period=2), [MTX], [FINE]),
        ("adalimumab", dosage(41, "wk", period=2), [MTX], [BESIDE]),
        ("adalimumab", dosage(40, "wk"), [MTX], [BESIDE]),
        ("adalimumab", dosage(80, "wk", period=2), [MTX], [BESIDE]),
        ("adalimumab", dosage(40, "wk"), [], [FINE]),
        ("adalimumab", dosage(40, "wk"), [MTX_OVER], [FINE]),
        # nobody knows whether methotrexate is still taken
        ("adalimumab", dosage(40, "wk"), [MTX | {"status": "unknown"}], [BESIDE]),
        ("methotrexate", dosage(15, "wk"), [], [FINE]),
        ("methotrexate", dosage(15), [], [DAILY]),
        ("methotrexate", dosage(None), [], [DAILY]),
        ("methotrexate", dosage(2.5, "wk", frequency=3), [], [FINE]),
        ("methotrexate", dosage(15, "h", period=24), [], [DAILY]),
        ("methotrexate", dosage(15, "h", period=25), [], [FINE]),
        ("methotrexate", [dosage(15, "wk"), dosage(5)], [], [DAILY]),
        # taken in a dose that cannot be read: asked for where a limit holds
        ("methotrexate", FREE_TEXT, [], [TAKEN_UNREAD]),
        ("methotrexate", [], [], [TAKEN_UNREAD]),
        ("tofacitinib", FREE_TEXT, [], [TAKEN_UNREAD]),
        ("hydroxychloroquine", FREE_TEXT, [], [TAKEN_UNREAD_REMARK]),
        ("hydroxychloroquine", FREE_TEXT, [WOMAN, PREGNANCY], [TAKEN_UNREAD]),
        ("baricitinib", FREE_TEXT, [egfr(60)], []),
        ("baricitinib", FREE_TEXT, [egfr(59)], [TAKEN_UNREAD]),
        ("adalimumab", FREE_TEXT, [], []),
        ("adalimumab", FREE_TEXT, [MTX], [TAKEN_UNREAD_REMARK]),
        ("sulfasalazine", FREE_TEXT, [WOMAN], []),
        ("sulfasalazine", FREE_TEXT, [WOMAN, POSSIBLY], [TAKEN_UNREAD]),
        # how often is known, how much is not: methotrexate alone is held against that
        ("tofacitinib", TABLETS, [], [TAKEN_UNREAD]),
        ("hydroxychloroquine", TABLETS, [weight(80)], [TAKEN_UNREAD_REMARK]),
        ("methotrexate", TABLETS, [], [DAILY]),
        ("abatacept", dosage(125, "wk"), [], []),
        ("abatacept", FREE_TEXT, [], []),
        ("prednisone", dosage(5), [], []),
    ],
)
def test_taken(drug: str, dose: Any, others: list[Json], expected: list[Row]) -> None:
    found = [r for r in taken(drug, dose, *others) if r["molecules"] == [drug]]
    assert named(found) == sorted(expected)
    for row in found:
        assert row["applies"] == "continue"
        assert row["dataUsed"][0]["ref"] == "MedicationStatement/taken"
        if row["reason"] == "WEIGHT_MISSING":
            assert (row["dataMissing"], row["orders"]) == (["weight"], ["weight"])
        elif row["reason"] == "DOSE_TAKEN_NOT_READABLE":
            assert (row["dataMissing"], row["orders"]) == (["dose"], [])
            shown = row["dataUsed"][0]
            assert (shown["date"], shown["value"]) == (ago(200), f"{drug}, dose not structured")
        elif row["verdict"] == "unknown":
            assert (row["dataMissing"], row["orders"]) == (["pregnancy-test"], ["hcg"])
        else:
            assert (row["dataMissing"], row["orders"]) == ([], [])


@pytest.mark.parametrize(
    ("drug", "profile", "milligrams", "filtration", "expected"),
    [
        ("baricitinib", "US", 2, 59, KIDNEY),
        ("baricitinib", "EU", 2, 59, FINE),
        ("baricitinib", "EU", 2.01, 59, KIDNEY),
        ("baricitinib", "CN", 2, 59, FINE),
        ("tofacitinib", "US", 10, 59, KIDNEY),
        ("tofacitinib", "EU", 10, 59, FINE),
        ("tofacitinib", "EU", 10, 30, FINE),
        ("tofacitinib", "EU", 10, 29, KIDNEY),
    ],
)
def test_profile(
    drug: str, profile: str, milligrams: float, filtration: float, expected: Row
) -> None:
    assert named(taken(drug, dosage(milligrams), egfr(filtration), profile=profile)) == [expected]


def test_what_the_limit_rests_on_is_shown() -> None:
    [row] = taken("baricitinib", dosage(4), egfr(45))
    assert [(d["ref"], d["value"]) for d in row["dataUsed"]] == [
        ("MedicationStatement/taken", "baricitinib 4 mg/day"),
        ("Observation/egfr", "eGFR 45"),
    ]
    assert row["classes"] == ["JAKi"]
    [row] = taken("hydroxychloroquine", dosage(400), weight(70))
    assert [d["value"] for d in row["dataUsed"]] == [
        "hydroxychloroquine 400 mg/day",
        "weight 70 kg",
    ]
    assert row["classes"] == ["HCQ"]
    # how often is enough to see that methotrexate is dosed daily
    [row] = taken("methotrexate", dosage(None))
    [shown] = [d["value"] for d in row["dataUsed"]]
    assert shown in {"methotrexate, 1 doses/day", "methotrexate, 1.0 doses/day"}


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        (
            {"code": concept(("http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation", "QD"))},
            DAILY,
        ),
        (
            {"code": concept(("http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation", "QOD"))},
            FINE,
        ),
        # named days of the week, with a period that somebody left at one day, or with none
        (on_days("mon")["timing"], FINE),
        (on_days("mon", unit=None, frequency=None)["timing"], FINE),
        (on_days(*WEEK[:6])["timing"], FINE),
        (on_days(*WEEK)["timing"], DAILY),
        (on_days(*WEEK, unit=None)["timing"], DAILY),
        (on_days("mon", "mon", *WEEK[1:6])["timing"], FINE),
        (on_days("mon", frequency=7)["timing"], DAILY),
        (on_days("mon", "thu", unit="wk", frequency=2)["timing"], FINE),
        (on_days(*WEEK, unit="wk", frequency=7)["timing"], DAILY),
    ],
)
def test_daily_methotrexate_written_otherwise(timing: Json, expected: Row) -> None:
    assert named(taken("methotrexate", {"timing": timing})) == [expected]


def test_a_dose_on_named_days_is_no_dose_of_every_day() -> None:
    ten = {**on_days(*WEEK[:5]), "doseAndRate": [{"doseQuantity": quantity(14, "mg")}]}
    [row] = taken("tofacitinib", ten)
    assert row["dataUsed"][0]["value"] == "tofacitinib 10.0 mg/day"


@pytest.mark.parametrize(
    ("drug", "dose", "expected"),
    [
        ("tofacitinib", FREE_TEXT, 0),
        ("tofacitinib", TABLETS, 0),
        ("tofacitinib", dosage(5), 1),
        ("methotrexate", dosage(None, "wk"), 1),
        ("methotrexate", FREE_TEXT, 0),
        ("abatacept", FREE_TEXT, 0),
    ],
)
def test_doses_taken_are_those_that_can_be_read(drug: str, dose: Json, expected: int) -> None:
    record = bundle(ra(), statement(drug, ago(200), id="taken", dosage=[dose]))
    name = "DosageSafety.Doses Taken"
    assert len(evaluate(record, [name])[name]) == expected


def test_a_dose_not_readable_makes_no_class_ok() -> None:
    names = ["SafetyGate.Gates", "SafetyGate.Gate Gaps"]
    entry = statement("methotrexate", ago(200), id="taken", dosage=[FREE_TEXT])
    found = evaluate(bundle(ra(), entry), names)
    [row] = [r for r in found[names[0]]["MTX"]["checks"] if r["id"] == "G-DOSE"]
    assert row["verdict"] == "unknown"
    asked = [(g["what"], g["why"], g["order"]) for g in found[names[1]] if g["what"] == "dose"]
    assert asked == [("dose", "DOSE_TAKEN_NOT_READABLE", None)]


def test_a_drug_stopped_or_never_taken_leaves_no_dose_open() -> None:
    name = "DosageSafety.Checks"
    over = statement("tofacitinib", ago(300), ago(200), status="stopped", dosage=[FREE_TEXT])
    assert evaluate(bundle(ra(), over), [name])[name] == []
    assert evaluate(bundle(ra()), [name])[name] == []


def test_only_the_course_that_goes_on_is_shown() -> None:
    over = statement("tofacitinib", ago(800), ago(600), id="over", status="stopped")
    [row] = taken("tofacitinib", FREE_TEXT, over)
    assert [d["ref"] for d in row["dataUsed"]] == ["MedicationStatement/taken"]


def test_words_alone_ask_and_a_stopped_drug_is_not_asked_about() -> None:
    by_words = concept(text="methotrexate")
    assert named(taken(by_words, dosage(15))) == [("G-DOSE", "unknown", "METHOTREXATE_DAILY")]
    assert named(taken(by_words, dosage(15, "wk"))) == [FINE]
    assert taken("methotrexate", dosage(15), status="stopped") == []


def test_newest_entry_with_a_dose_counts() -> None:
    older = statement("methotrexate", ago(300), id="older", dosage=[dosage(15)])
    assert named(taken("methotrexate", dosage(15, "wk"), older)) == [FINE]
    newer = statement("methotrexate", ago(20), id="newer", dosage=[FREE_TEXT])
    assert named(taken("methotrexate", dosage(15), newer)) == [DAILY]


# --- a draft order brings its own dose ------------------------------------------------------------


def drafted(drug: str, doses: list[Json], *others: Json, **given: Any) -> Json:
    """What the checks say of one draft; ``given`` are more parameters of RAParameters."""
    draft = request(drug, id="draft", status="draft", dosageInstruction=doses)
    parameters = {
        "RAParameters.Draft Orders": ["MedicationRequest/draft"],
        "RAParameters.Orders In Question": ["MedicationRequest/draft"],
        **given,
    }
    name = "OrderSafety.Draft Orders"
    record = bundle(ra(), draft, *others)
    [found] = evaluate(record, [name], parameters=parameters)[name]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("drug", "dose", "expected"),
    [
        ("methotrexate", dosage(15), [DAILY]),
        ("methotrexate", dosage(15, "wk"), [FINE]),
        ("tofacitinib", dosage(10, frequency=2), [HIGHEST]),
        ("hydroxychloroquine", dosage(400), [NO_WEIGHT]),
        # told, and not to be read: unknown, never ok
        ("methotrexate", FREE_TEXT, [UNREAD]),
        ("tofacitinib", FREE_TEXT, [UNREAD]),
        ("hydroxychloroquine", FREE_TEXT, [UNREAD]),
        ("adalimumab", FREE_TEXT, [UNREAD]),
        ("tofacitinib", TABLETS, [UNREAD]),
        ("tofacitinib", AS_NEEDED, [UNREAD]),
        ("tofacitinib", THEN_MORE, [UNREAD]),
        ("methotrexate", TABLETS, [DAILY]),
        ("methotrexate", [dosage(15, "wk"), FREE_TEXT], [UNREAD]),
        ("methotrexate", [dosage(15), FREE_TEXT], [DAILY, UNREAD]),
        ("abatacept", FREE_TEXT, []),
        ("leflunomide", FREE_TEXT, []),
        # words for the patient are words; a route or a timing alone tells no dose
        ("tofacitinib", {"patientInstruction": "one in the morning"}, [UNREAD]),
        ("tofacitinib", ORAL, [NOT_TOLD]),
        ("tofacitinib", dosage(None), [NOT_TOLD]),
        ("methotrexate", ORAL, [NOT_TOLD]),
        ("methotrexate", dosage(None, "wk"), [FINE]),
        ("methotrexate", [dosage(15, "wk"), ORAL], [UNREAD]),
        ("methotrexate", [dosage(None, "wk"), ORAL], [NOT_TOLD]),
        ("methotrexate", [], [NOT_TOLD]),
        ("tofacitinib", [], [NOT_TOLD]),
        ("hydroxychloroquine", [], [NO_DOSE]),
        ("hydroxychloroquine", ORAL, [NO_DOSE]),
    ],
)
def test_draft(drug: str, dose: Json | list[Json], expected: list[Row]) -> None:
    doses = dose if isinstance(dose, list) else [dose]
    found = drafted(drug, doses)
    rows = [r for r in found["rows"] if r["id"].startswith("G-DOSE")]
    assert named(rows) == expected
    for row in rows:
        if row["reason"] in {"DOSE_NOT_READABLE", "DOSE_NOT_STATED"}:
            assert (row["dataMissing"], row["orders"]) == (["dose"], [])
            told = (
                "dose not structured" if row["reason"] == "DOSE_NOT_READABLE" else "no dose stated"
            )
            assert [(d["ref"], d["value"]) for d in row["dataUsed"]] == [
                ("MedicationRequest/draft", f"{drug}, {told}")
            ]
    if {UNREAD, NOT_TOLD} & set(expected) and DAILY not in expected:
        assert found["verdict"] in {"unknown", "do_first"}


@pytest.mark.parametrize(
    ("drug", "others", "expected", "while_selected"),
    [
        # a limit for everybody
        ("tofacitinib", [], [NOT_TOLD], [NO_DOSE]),
        ("methotrexate", [], [NOT_TOLD], [NO_DOSE]),
        ("hydroxychloroquine", [weight(80)], [NO_DOSE], [NO_DOSE]),
        # a limit by what is found: kidney function, pregnancy, methotrexate
        ("baricitinib", [egfr(60)], [], []),
        ("baricitinib", [egfr(59)], [NOT_TOLD], [NO_DOSE]),
        ("filgotinib", [egfr(60)], [], []),
        ("filgotinib", [egfr(59)], [NOT_TOLD], [NO_DOSE]),
        ("upadacitinib", [egfr(30)], [], []),
        ("upadacitinib", [egfr(29)], [NOT_TOLD], [NO_DOSE]),
        ("sulfasalazine", [WOMAN], [], []),
        ("sulfasalazine", [WOMAN, POSSIBLY], [NOT_TOLD], [NO_DOSE]),
        ("sulfasalazine", [WOMAN, PREGNANCY], [NOT_TOLD], [NO_DOSE]),
        ("hydroxychloroquine", [WOMAN, PREGNANCY], [NOT_TOLD], [NO_DOSE]),
        # above that limit is only a caution, so that not knowing is no more
        ("adalimumab", [], [], []),
        ("adalimumab", [MTX], [NO_DOSE], [NO_DOSE]),
        # no limit on file
        ("leflunomide", [], [], []),
        ("etanercept", [], [], []),
    ],
)
def test_draft_without_a_dose_asks_where_a_limit_holds(
    drug: str, others: list[Json], expected: list[Row], while_selected: list[Row]
) -> None:
    signed = drafted(drug, [], *others)
    selected = drafted(drug, [], *others, **{"RAParameters.Orders Are Signed": False})
    for found, rows in ((signed, expected), (selected, while_selected)):
        assert named([r for r in found["rows"] if r["id"].startswith("G-DOSE")]) == rows


def test_what_the_limit_of_an_untold_dose_rests_on_is_shown() -> None:
    rows = drafted("baricitinib", [], egfr(45))["rows"]
    [row] = [r for r in rows if r["id"] == "G-DOSE"]
    assert row["molecules"] == ["baricitinib"]
    assert [(d["ref"], d["value"]) for d in row["dataUsed"]] == [
        ("MedicationRequest/draft", "baricitinib, no dose stated"),
        ("Observation/egfr", "eGFR 45"),
    ]


def test_a_corrected_dose_is_not_held_against_the_old_one() -> None:
    old = statement("methotrexate", ago(200), id="old", dosage=[dosage(15)])
    draft = drafted("methotrexate", [dosage(15, "wk")], old)
    assert draft["renewal"] is True
    assert named([r for r in draft["rows"] if r["id"] == "G-DOSE"]) == [FINE]


@pytest.mark.parametrize(
    ("kilograms", "indicator"), [([], "info"), ([weight(80)], None), ([weight(60)], "warning")]
)
def test_weight_missing_is_a_remark(kilograms: list[Json], indicator: str | None) -> None:
    rows = drafted("hydroxychloroquine", [dosage(400)], *kilograms)["rows"]
    ids = [r["id"] for r in rows if r["verdict"] == "caution" and r["id"].startswith("G-DOSE")]
    name = "OrderSafety.Checks Worth A Remark"
    remarks = evaluate(bundle(), [name])[name]
    expected = {"info": ["G-DOSE0"], "warning": ["G-DOSE"], None: []}
    assert ids == expected[indicator]
    assert all((i in remarks) is (indicator == "info") for i in ids)
