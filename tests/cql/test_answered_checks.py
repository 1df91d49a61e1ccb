"""RARecommendations.Gate Summary: the results that answer the infection and lung checks."""

from __future__ import annotations

from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import Date
from tests.cql.build import Json
from tests.cql.gate_records import cxr, igra
from tests.cql.test_gate_composition import row
from tests.cql.test_next_option import BTS
from tests.cql.test_recommendations import CLEAN, FAILING, ask, gate_summary

JUNE, JULY = "2026-06-10", "2026-07-01"
NEXT_MAY, NEXT_JUNE = "2027-05-31", "2027-06-10"
SHOWN = ["G-TB2", "G-TB3", "G-TB5", "G-HBV2", "G-HBV3", "G-HCV", "G-HIV", "G-ILD0"]


def date(text: str | None) -> Date | None:
    return None if text is None else Date.parse(text)


def answered(
    check: str = "G-TB2", *days: str | None, until: str | None = None, **changed: Any
) -> Json:
    """A row that is ok and rests on data of these days (one in June where none is given)."""
    used = [{"ref": "Observation/x", "date": date(day), "value": "NEG"} for day in days or (JUNE,)]
    found: Json = row(BTS, "ok", "start", check=check)
    return found | {"dataUsed": used, "validUntil": date(until)} | changed


def said(check: str, day: str | None = JUNE) -> Json:
    return {"id": check, "reason": "ok-start", "date": day, "validUntil": None}


def checked(*rows: Json) -> Any:
    return gate_summary(list(rows), *FAILING)["checked"]


@pytest.mark.parametrize("check", SHOWN)
def test_each_infection_and_lung_check_is_shown(check: str) -> None:
    assert checked(answered(check)) == [said(check)]


def test_in_the_order_of_the_gate_and_each_once() -> None:
    same = answered("G-TB2", classes=["RTX"])
    rows = [answered("G-TB5"), answered("G-TB2"), same, answered("G-HCV")]
    assert checked(*rows) == [said("G-TB5"), said("G-TB2"), said("G-HCV")]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"id": "G-HBV1"}, id="said-by-two-others"),
        pytest.param({"id": "G-BRX"}, id="another-check"),
        pytest.param({"verdict": "caution"}, id="a-finding"),
        pytest.param({"verdict": "unknown"}, id="unknown"),
        pytest.param({"verdict": None}, id="no-verdict"),
        pytest.param({"applies": "continue"}, id="not-of-a-start"),
        pytest.param({"classes": ["MTX", "LEF"]}, id="of-conventional-drugs"),
        pytest.param({"dataUsed": []}, id="nothing-on-record"),
        pytest.param({"dataUsed": None}, id="data-unknown"),
    ],
)
def test_what_answers_nothing_is_not_shown(changed: Json) -> None:
    assert checked(answered() | changed) == []


@pytest.mark.parametrize("applies", ["start", "both"])
@pytest.mark.parametrize("name", BTS)
def test_one_class_that_may_be_started_is_enough(name: str, applies: str) -> None:
    assert checked(answered(classes=[name, "MTX"], applies=applies)) == [said("G-TB2")]


def test_the_date_is_of_the_first_datum_that_has_one() -> None:
    assert checked(answered("G-HCV", None, JULY, JUNE)) == [said("G-HCV", JULY)]
    assert checked(answered("G-HCV", None)) == [said("G-HCV", None)]


@pytest.mark.parametrize(
    ("untils", "all_hold_until"),
    [
        ([NEXT_JUNE, NEXT_MAY], NEXT_MAY),
        ([NEXT_MAY, NEXT_JUNE], NEXT_MAY),
        ([None, NEXT_JUNE], NEXT_JUNE),
        ([None], None),
        ([], None),
    ],
)
def test_all_hold_until_the_first_lapses(
    untils: list[str | None], all_hold_until: str | None
) -> None:
    rows = [answered(check, until=day) for check, day in zip(SHOWN, untils, strict=False)]
    assert gate_summary(rows, *FAILING)["validUntil"] == all_hold_until


def test_of_a_whole_record() -> None:
    found = ask("Gate Summary", *FAILING, *CLEAN)
    ids = ["G-TB5", "G-TB2", "G-ILD0", "G-HBV2", "G-HBV3", "G-HCV", "G-HIV"]
    assert [c["id"] for c in found["checked"]] == ids
    assert found["validUntil"] == NEXT_JUNE


def test_a_positive_screening_is_told_as_such() -> None:
    found = ask("Gate Summary", *FAILING, igra("POS"), cxr())
    assert ("G-TB2", "TB_SCREEN_POSITIVE") in [(c["id"], c["reason"]) for c in found["checked"]]
    assert found["verdict"] != "ok"
