"""Doses as records write them, and the rows of G-DOSE (clinical-spec 3.4, 8.45)."""

from __future__ import annotations

from tests.cql.build import (
    ICD10,
    LOINC,
    Json,
    concept,
    condition,
    observation,
    patient,
    quantity,
    statement,
)
from tests.cql.gate_records import (
    ago,
)

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


WOMAN = patient("female", "1990-05-20")
PREGNANCY = condition(ICD10("Z33.1"), "2026-09-14")
POSSIBLY = condition(ICD10("Z33.1"), "2026-09-14", verification="provisional")
MTX = statement("methotrexate", ago(200), id="mtx")
MTX_OVER = statement("methotrexate", ago(400), ago(300), id="mtx", status="stopped")
