"""G-DDI (clinical-spec 8.36, 5.2): which drugs beside which, and what is not certain."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import ATC, RXNORM, Json, bundle, evaluate, statement

OK = ("ok", "NO_RECORD_OF_INTERACTION")
INDUCER = "STRONG_CYP3A4_INDUCER"
INHIBITOR = "STRONG_CYP3A4_INHIBITOR"
IMMUNE = "STRONG_IMMUNOSUPPRESSANT_WITH_JAK_INHIBITOR"
CYP = ("tofacitinib", "upadacitinib")


def rows(*resources: Json, incomplete: tuple[str, ...] = ()) -> list[Json]:
    name = "InteractionSafety.Checks"
    parameters = {"RAParameters.Incomplete Data": list(incomplete)}
    found: list[Json] = evaluate(bundle(*resources), [name], parameters=parameters)[name]
    return found


def of(found: list[Json], drug_class: str) -> list[tuple[Any, ...]]:
    return [
        (tuple(r["molecules"]), r["verdict"], r["reason"])
        for r in found
        if drug_class in r["classes"]
    ]


QUIET = [((), *OK)]


@pytest.mark.parametrize(
    ("drug", "jak", "mtx"),
    [
        (ATC("J04AB02"), [(CYP, "do_first", INDUCER)], QUIET),
        (ATC("J04AB05"), [(CYP, "do_first", INDUCER)], QUIET),
        (ATC("N03AF01"), [(CYP, "do_first", INDUCER)], QUIET),
        (ATC("J02AC02"), [(CYP, "caution", INHIBITOR)], QUIET),
        (ATC("J01FA09"), [(CYP, "caution", INHIBITOR)], QUIET),
        (ATC("M04AB01"), [(("baricitinib",), "caution", "PROBENECID_WITH_BARICITINIB")], QUIET),
        (ATC("L04AX01"), [((), "block", IMMUNE)], QUIET),
        (ATC("L04AD01"), [((), "block", IMMUNE)], QUIET),
        (ATC("L04AD02"), [((), "block", IMMUNE)], QUIET),
        (ATC("J01EE01"), QUIET, [((), "block", "TRIMETHOPRIM_WITH_METHOTREXATE")]),
        (RXNORM("10831"), QUIET, [((), "block", "TRIMETHOPRIM_WITH_METHOTREXATE")]),
        (ATC("J01CA04"), QUIET, QUIET),
        (ATC("J04AC01"), QUIET, QUIET),
        ("prednisone", QUIET, QUIET),
    ],
)
def test_drug_beside(drug: Any, jak: list[Any], mtx: list[Any]) -> None:
    found = rows(statement(drug, "2026-11-01", id="it"))
    assert (of(found, "JAKi"), of(found, "MTX")) == (jak, mtx)
    for row in found:
        refs = [d["ref"] for d in row["dataUsed"]]
        assert refs == ([] if row["verdict"] == "ok" else ["MedicationStatement/it"])
        assert (row["applies"], row["dataMissing"]) == ("both", [])


def test_nothing_taken_and_a_drug_of_the_past() -> None:
    over = statement(ATC("L04AX01"), "2025-01-01", "2025-06-01", status="completed")
    for found in (rows(), rows(over)):
        assert (of(found, "JAKi"), of(found, "MTX")) == (QUIET, QUIET)


@pytest.mark.parametrize(
    ("record", "verdict"),
    [
        (statement({"text": "azathioprine"}, "2026-11-01"), "unknown"),
        (statement(ATC("L04AX01"), "2026-11-01", status="unknown"), "unknown"),
        (statement({"text": "itraconazole"}, "2026-11-01"), "caution"),
    ],
)
def test_words_and_unknown_status_never_block(record: Json, verdict: str) -> None:
    [row] = [r for r in rows(record) if r["classes"] == ["JAKi"]]
    assert (row["verdict"], row["dataMissing"]) == (verdict, ["medication-taken"])


@pytest.mark.parametrize("missing", ["MedicationStatement", "MedicationRequest"])
def test_incomplete_list_is_unknown_but_what_is_found_counts(missing: str) -> None:
    found = rows(statement(ATC("L04AX01"), "2026-11-01"), incomplete=(missing,))
    assert of(found, "JAKi") == [((), "block", IMMUNE)]
    assert of(found, "MTX") == [((), "unknown", "MEDICATIONS_NOT_OBTAINED")]
