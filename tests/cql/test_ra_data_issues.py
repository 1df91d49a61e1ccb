"""RAData "Data Issues" (clinical-spec 0.6, 0.7, 8.15): each is told with its kind, once."""

from __future__ import annotations

import pytest

from tests.cql.build import LOINC, Json, bundle, evaluate, observation


@pytest.mark.parametrize(
    ("result", "code", "detail"),
    [
        # measurements and laboratory results name the unit, where there is one
        (observation("crp", 12, id="x"), "UNKNOWN_UNIT", "crp"),
        (observation("crp", 12, "mmol/L", id="x"), "UNKNOWN_UNIT", "crp mmol/L"),
        (observation(LOINC("751-8"), 4.2, id="x"), "UNKNOWN_UNIT", "anc"),
        (observation(LOINC("751-8"), 4.2, "kg", id="x"), "UNKNOWN_UNIT", "anc kg"),
        # findings and serology
        (observation("igra", date="2026-11-24", interpretation="NEG", id="x"),
         "FUTURE_DATED_DATA", "igra"),
        (observation("swollen-ankle-mtp", True, date="2026-11-24", id="x"),
         "FUTURE_DATED_DATA", "feet"),
        (observation(LOINC("5196-1"), date="2026-11-24", interpretation="NEG", id="x"),
         "FUTURE_DATED_DATA", "hbsag"),
    ],
)  # fmt: skip
def test_what_could_not_be_used(result: Json, code: str, detail: str) -> None:
    found = evaluate(bundle(result), ["RAData.Data Issues"])["RAData.Data Issues"]
    assert found == [{"code": code, "ref": "Observation/x", "detail": detail}]


@pytest.mark.parametrize(
    "result",
    [
        observation("crp", 12, "mg/L", status="preliminary"),
        observation("swollen-ankle-mtp", status="registered"),
        observation("igra", status="registered"),
        observation(LOINC("751-8"), status="registered"),
        observation(LOINC("5196-1"), status="registered"),
    ],
)
def test_what_is_on_its_way_is_no_issue(result: Json) -> None:
    found = evaluate(bundle(result), ["RAData.Data Issues", "RAData.Pending Results"])
    assert found["RAData.Data Issues"] == []
    assert len(found["RAData.Pending Results"]) == 1
