"""Rheumatoid arthritis laid over a patient who has none: drawn by a seeded generator.

The draw knows a course of disease and writes what a record would show of it, with gaps, in the
units and codes of different systems. It does not know the rules that will read it; what each
patient's answer should be is nowhere written down.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tools.interop import overlay_codes as codes
from tools.interop.overlay_codes import Drug, concept

Resource = dict[str, Any]

# Course -> how often it is drawn.
COURSES = {
    "remission": 3,
    "partial": 4,
    "none": 5,
    "lost": 4,
    "subjective": 4,
    "mild": 3,
}
# Activity -> ranges of tender, swollen, ESR (mm/h), CRP (mg/L), patient and evaluator global (mm).
ACTIVITY = {
    "high": ((9, 22), (6, 16), (35, 85), (14, 70), (55, 90), (50, 80)),
    "moderate": ((3, 8), (2, 5), (18, 40), (6, 20), (30, 55), (25, 45)),
    "low": ((1, 3), (0, 1), (8, 18), (1, 5), (10, 25), (5, 20)),
    "remission": ((0, 1), (0, 0), (2, 10), (0, 3), (0, 10), (0, 5)),
    "subjective": ((8, 20), (0, 0), (4, 15), (0, 4), (55, 90), (10, 30)),
}
# Course -> activity before the drug, on the way, now.
PATHS = {
    "remission": ("high", "low", "remission"),
    "partial": ("high", "moderate", "moderate"),
    "none": ("high", "high", "high"),
    "lost": ("high", "low", "high"),
    "subjective": ("high", "moderate", "subjective"),
    "mild": ("moderate", "low", "low"),
}


@dataclass
class Overlay:
    """What is laid over one patient. ``resources`` reference the patient and have own ids."""

    patient_id: str
    index: int
    course: str
    drug: str | None
    months: int
    resources: list[Resource] = field(default_factory=list, repr=False)

    def add(self, kind: str, subject: str = "subject", **members: Any) -> None:
        """One more resource."""
        number = len(self.resources) + 1
        resource = {"resourceType": kind, "id": f"ra-{self.patient_id[:40]}-{number}"}
        self.resources.append(
            resource | {subject: {"reference": f"Patient/{self.patient_id}"}} | members
        )


def overlay(patient_id: str, *, index: int, seed: int, as_of: date) -> Overlay:
    """The overlay of one patient; the same arguments give the same overlay."""
    draw = random.Random(f"{seed}:{index}")
    course = draw.choices(list(COURSES), weights=list(COURSES.values()))[0]
    months = draw.randint(1, 30)
    # Conventional drugs only, or none at all, for some.
    kind = draw.choices(("advanced", "conventional", "none"), weights=(14, 5, 1))[0]
    drug = {
        "advanced": draw.choice(codes.ADVANCED),
        "conventional": draw.choice(codes.CONVENTIONAL),
        "none": None,
    }[kind]
    made = Overlay(patient_id, index, course, drug.name if drug else None, months)
    start = as_of - timedelta(days=round(30.44 * months) + draw.randint(-9, 9))
    _diagnosis(made, draw, start)
    if drug is not None:
        _treatment(made, draw, drug, start, as_of)
        if drug is not codes.METHOTREXATE and draw.random() < 0.6:
            before = start - timedelta(days=draw.randint(120, 900))
            _statement(made, draw, codes.METHOTREXATE, before.isoformat())
    _visits(made, draw, start, as_of)
    _adherence(made, draw, as_of)
    _ultrasound(made, draw, as_of)
    _screening(made, draw, as_of)
    _comorbidity(made, draw, as_of)
    return made


def _diagnosis(made: Overlay, draw: random.Random, start: date) -> None:
    onset = start - timedelta(days=draw.randint(200, 3000))
    status = draw.choices(("confirmed", "provisional"), weights=(19, 1))[0]
    _condition(made, draw.choice(codes.RA_CODINGS), onset, "rheumatoid arthritis", status)


def _condition(
    made: Overlay,
    codings: Sequence[tuple[str, str]],
    onset: date,
    text: str,
    verification: str = "confirmed",
) -> None:
    terminology = "http://terminology.hl7.org/CodeSystem"
    made.add(
        "Condition",
        clinicalStatus=concept((f"{terminology}/condition-clinical", "active")),
        verificationStatus=concept((f"{terminology}/condition-ver-status", verification)),
        code=concept(*codings, text=text),
        onsetDateTime=onset.isoformat(),
        recordedDate=onset.isoformat(),
    )


def _medication(draw: random.Random, drug: Drug) -> Resource:
    """The drug as one of several systems codes it."""
    way = draw.choices(("rxnorm", "atc", "old atc", "both", "text"), weights=(4, 3, 1, 3, 1))[0]
    codings = {
        "rxnorm": [(codes.RXNORM, drug.rxnorm)],
        "atc": [(codes.ATC, drug.atc[0])],
        "old atc": [(codes.ATC, drug.atc[-1])],
        "both": [(codes.RXNORM, drug.rxnorm), (codes.ATC, drug.atc[0])],
        "text": [],
    }[way]
    return concept(*codings, text=drug.name)


def _statement(
    made: Overlay, draw: random.Random, drug: Drug, start: str, stop: date | None = None
) -> None:
    period = {"start": start} | ({"end": stop.isoformat()} if stop else {})
    members: Resource = {
        "status": "stopped" if stop else "active",
        "medicationCodeableConcept": _medication(draw, drug),
        "effectivePeriod": period,
    }
    if stop and draw.random() < 0.8:
        members["statusReason"] = [concept((codes.LOCAL, draw.choice(codes.STOP_REASONS)))]
    made.add("MedicationStatement", **members)


def _treatment(made: Overlay, draw: random.Random, drug: Drug, start: date, as_of: date) -> None:
    stop = as_of - timedelta(days=draw.randint(5, 60)) if draw.random() < 0.1 else None
    if stop and stop > start:
        _statement(made, draw, drug, start.isoformat(), stop)
        return
    if draw.random() < 0.1:  # only the month is known, and it matters most around three months
        unsure = as_of - timedelta(days=92)
        _statement(made, draw, drug, f"{unsure:%Y-%m}")
        return
    ways = ("administered", "both") if drug.infused else ("statement", "request", "filled", "both")
    way = draw.choice(ways)
    if way in ("statement", "both"):
        _statement(made, draw, drug, start.isoformat())
    if way in ("request", "filled"):
        made.add(
            "MedicationRequest",
            status="active",
            intent="order",
            medicationCodeableConcept=_medication(draw, drug),
            authoredOn=start.isoformat(),
        )
    if drug.infused:
        _given(made, draw, drug, start, as_of)
    elif way in ("filled", "both"):
        _given(made, draw, drug, start, as_of, fills=True)


def _given(
    made: Overlay,
    draw: random.Random,
    drug: Drug,
    start: date,
    as_of: date,
    *,
    fills: bool = False,
) -> None:
    """Infusions or fills, each in turn missed with a chance that belongs to the patient."""
    missing = draw.choice((0.0, 0.0, 0.05, 0.3, 0.5))
    medication = _medication(draw, drug)
    day = start
    while day <= as_of:
        if day == start or draw.random() >= missing:
            if fills:
                made.add(
                    "MedicationDispense",
                    status="completed",
                    medicationCodeableConcept=medication,
                    whenHandedOver=day.isoformat(),
                    daysSupply={
                        "value": drug.days,
                        "unit": "d",
                        "system": codes.UCUM,
                        "code": "d",
                    },
                )
            else:
                made.add(
                    "MedicationAdministration",
                    status="completed",
                    medicationCodeableConcept=medication,
                    effectiveDateTime=f"{day}T10:00:00+01:00",
                )
        day += timedelta(days=drug.days)


def _visits(made: Overlay, draw: random.Random, start: date, as_of: date) -> None:
    before, between, now = PATHS[made.course]
    if draw.random() < 0.85:
        _visit(made, draw, start - timedelta(days=draw.randint(0, 40)), before)
    if draw.random() < 0.6 and (as_of - start).days > 100:
        _visit(made, draw, start + timedelta(days=draw.randint(45, 80)), between)
    when = draw.choices(("recent", "old", "never"), weights=(17, 1, 2))[0]
    if when != "never":
        ago = draw.randint(0, 40) if when == "recent" else draw.randint(100, 200)
        _visit(made, draw, as_of - timedelta(days=ago), now)


def _visit(made: Overlay, draw: random.Random, day: date, activity: str) -> None:
    low_high = ACTIVITY[activity]
    tender, swollen, esr, crp, patient, evaluator = (draw.randint(*pair) for pair in low_high)
    _quantity(made, codes.TJC28, day, tender, "{count}", "exam")
    if draw.random() < 0.93:
        _quantity(made, codes.SJC28, day, swollen, "{count}", "exam")
    if draw.random() < 0.75:
        _quantity(made, codes.ESR, day, esr, "mm/h", "laboratory")
    if draw.random() < 0.85:
        _crp(made, draw, day, crp)
    if draw.random() < 0.9:
        if draw.random() < 0.5:
            _quantity(made, codes.LOCAL_PATIENT_GLOBAL, day, patient, "mm", "survey")
        else:
            _quantity(made, codes.PATIENT_GLOBAL, day, patient / 10, "{score}", "survey")
    if draw.random() < 0.8:
        _quantity(made, codes.EVALUATOR_GLOBAL, day, evaluator / 10, "cm", "survey")


def _crp(made: Overlay, draw: random.Random, day: date, crp: int) -> None:
    if crp < 3 and draw.random() < 0.5:
        _quantity(made, codes.CRP, day, 3, "mg/L", "laboratory", comparator="<")
    elif draw.random() < 0.3:
        _quantity(made, codes.CRP, day, crp / 10, "mg/dL", "laboratory")
    else:
        _quantity(made, codes.CRP, day, crp, "mg/L", "laboratory")


def _quantity(
    made: Overlay,
    code: tuple[str, str],
    day: date,
    value: float,
    unit: str,
    category: str,
    **more: str,
) -> None:
    quantity = {"value": value, "unit": unit, "system": codes.UCUM, "code": unit} | more
    _observation(made, code, day, category, valueQuantity=quantity)


def _observation(
    made: Overlay, code: tuple[str, str], day: date, category: str, **members: Any
) -> None:
    made.add(
        "Observation",
        status="final",
        category=[concept((codes.CATEGORY, category))],
        code=concept(code),
        effectiveDateTime=day.isoformat(),
        **members,
    )


def _adherence(made: Overlay, draw: random.Random, as_of: date) -> None:
    if draw.random() < 0.4:
        missed = draw.choices((0, 1, 2, 4), weights=(6, 2, 1, 1))[0]
        day = as_of - timedelta(days=draw.randint(0, 30))
        _observation(made, codes.MISSED_DOSES, day, "survey", valueInteger=missed)
    if draw.random() < 0.1:
        _observation(made, codes.EVER_RESPONDED, as_of, "survey", valueBoolean=draw.random() < 0.5)


def _ultrasound(made: Overlay, draw: random.Random, as_of: date) -> None:
    if draw.random() >= 0.5:
        return
    day = as_of - timedelta(days=draw.randint(0, 80))
    if made.course == "subjective":
        grey, doppler = draw.choice(((0, 0), (1, 0), (0, 0), (2, 0)))
    elif made.course in ("none", "lost", "partial"):
        grey, doppler = draw.choice(((2, 2), (3, 2), (2, 1), (1, 0)))
    else:
        grey, doppler = 0, 0
    _observation(made, codes.US_GREY_SCALE, day, "imaging", valueInteger=grey)
    _observation(made, codes.US_POWER_DOPPLER, day, "imaging", valueInteger=doppler)
    if grey == 0 and doppler == 0:
        _observation(made, codes.US_NEGATIVE, day, "imaging", valueBoolean=True)


def _screening(made: Overlay, draw: random.Random, as_of: date) -> None:
    igra = draw.choices(
        ("negative", "old negative", "positive", "indeterminate", "none"), weights=(11, 2, 2, 1, 4)
    )[0]
    if igra != "none":
        ago = draw.randint(400, 700) if igra == "old negative" else draw.randint(5, 300)
        _igra(made, draw, as_of - timedelta(days=ago), igra.removeprefix("old "))
    _reading(made, draw, codes.CXR, as_of, {"normal": 13, "abnormal": 2, "tb-suggestive": 1}, 0.8)
    hrct = {"normal": 10, "ild-uip": 2, "ild-nsip": 1, "bronchiectasis": 1, "emphysema": 1}
    _reading(made, draw, codes.HRCT, as_of, hrct, 0.55)
    if draw.random() < 0.35:
        day = as_of - timedelta(days=draw.randint(5, 300))
        _quantity(made, codes.FVC_PERCENT, day, draw.randint(55, 110), "%", "procedure")
        _quantity(made, codes.DLCO_PERCENT, day, draw.randint(45, 105), "%", "procedure")
    if draw.random() < 0.8:
        text, code = draw.choice(list(codes.SMOKING_ANSWERS.items()))
        day = as_of - timedelta(days=draw.randint(0, 300))
        answer = concept(code, text=text)
        _observation(made, codes.SMOKING, day, "social-history", valueCodeableConcept=answer)
    if draw.random() < 0.7:
        day = as_of - timedelta(days=draw.randint(100, 900))
        _quantity(
            made,
            codes.RHEUMATOID_FACTOR,
            day,
            draw.choice((5, 18, 60, 200)),
            "[IU]/mL",
            "laboratory",
        )
        _quantity(made, codes.ANTI_CCP, day, draw.choice((4, 30, 250)), "U/mL", "laboratory")


def _igra(made: Overlay, draw: random.Random, day: date, answer: str) -> None:
    """The same answer as a coded value, as an interpretation, or as bare text."""
    code, flag = codes.ANSWERS[answer]
    v3 = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
    members: Mapping[str, Any] = draw.choice(
        (
            {"valueCodeableConcept": concept(code, text=answer)},
            {"interpretation": [concept((v3, flag))], "valueString": "see interpretation"},
            {"valueCodeableConcept": concept(text=answer)},
        )
    )
    _observation(made, codes.IGRA, day, "laboratory", **members)


def _reading(
    made: Overlay,
    draw: random.Random,
    code: tuple[str, str],
    as_of: date,
    readings: Mapping[str, int],
    chance: float,
) -> None:
    if draw.random() >= chance:
        return
    reading = draw.choices(list(readings), weights=list(readings.values()))[0]
    day = as_of - timedelta(days=draw.randint(5, 340))
    value = concept((codes.LOCAL, reading))
    _observation(made, code, day, "imaging", valueCodeableConcept=value)


def _comorbidity(made: Overlay, draw: random.Random, as_of: date) -> None:
    chances = {
        "pneumonia": 0.06,
        "tuberculosis": 0.02,
        "latent tuberculosis": 0.04,
        "interstitial lung disease": 0.06,
        "fibromyalgia": 0.4 if made.course == "subjective" else 0.08,
        "osteoarthritis": 0.15,
        "depression": 0.1,
    }
    for name, chance in chances.items():
        if draw.random() < chance:
            ago = draw.randint(3, 40) if name == "pneumonia" else draw.randint(100, 2000)
            onset = as_of - timedelta(days=ago)
            _condition(made, codes.CONDITIONS[name], onset, name)
