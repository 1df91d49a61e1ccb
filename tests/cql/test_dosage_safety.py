"""G-DOSE (clinical-spec 3.4, 8.45) of what is taken: limits at the edge and beyond."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import (
    Json,
    bundle,
    concept,
    evaluate,
    quantity,
    statement,
)
from tests.cql.dose_records import (
    BESIDE,
    DAILY,
    FINE,
    FREE_TEXT,
    HEAVY,
    HIGHEST,
    KIDNEY,
    MAYBE_PREGNANT,
    MTX,
    MTX_OVER,
    NO_WEIGHT,
    POSSIBLY,
    PREGNANCY,
    PREGNANT,
    TABLETS,
    TAKEN_UNREAD,
    TAKEN_UNREAD_REMARK,
    WEEK,
    WOMAN,
    Row,
    dosage,
    egfr,
    named,
    on_days,
    weight,
)
from tests.cql.gate_records import (
    ago,
    ra,
)


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
