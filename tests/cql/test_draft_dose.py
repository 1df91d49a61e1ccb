"""G-DOSE of a draft order (clinical-spec 3.4, 8.25, 8.45): its own dose, or none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import (
    Json,
    bundle,
    evaluate,
    request,
    statement,
)
from tests.cql.dose_records import (
    AS_NEEDED,
    DAILY,
    FINE,
    FREE_TEXT,
    HIGHEST,
    MTX,
    NO_DOSE,
    NO_WEIGHT,
    NOT_TOLD,
    ORAL,
    POSSIBLY,
    PREGNANCY,
    TABLETS,
    THEN_MORE,
    UNREAD,
    WOMAN,
    Row,
    dosage,
    egfr,
    named,
    weight,
)
from tests.cql.gate_records import (
    ago,
    ra,
)


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
