"""Codes that the overlay writes: clinical specification, section 5 (5.1, 5.2, 5.3, 5.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
UCUM = "http://unitsofmeasure.org"
LOCAL = "urn:ra-cds-hooks:codes"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"

TJC28 = (LOINC, "88981-6")
SJC28 = (LOINC, "88980-8")
ESR = (LOINC, "4537-7")
CRP = (LOINC, "1988-5")
PATIENT_GLOBAL = (LOINC, "75894-6")
EVALUATOR_GLOBAL = (LOINC, "75846-6")
LOCAL_PATIENT_GLOBAL = (LOCAL, "pt-global")
IGRA = (LOINC, "71773-6")
CXR = (LOCAL, "cxr")
HRCT = (LOCAL, "hrct-chest")
FVC_PERCENT = (LOINC, "19872-1")
DLCO_PERCENT = (LOCAL, "dlco-pct")
SMOKING = (LOINC, "72166-2")
RHEUMATOID_FACTOR = (LOINC, "15205-0")
ANTI_CCP = (LOINC, "33935-8")
US_GREY_SCALE = (LOCAL, "us-gs-max")
US_POWER_DOPPLER = (LOCAL, "us-pd-max")
US_NEGATIVE = (LOCAL, "us-negative")
MISSED_DOSES = (LOCAL, "missed-doses-of-6")
EVER_RESPONDED = (LOCAL, "ever-responded")

# Rheumatoid arthritis as different systems record it.
RA_CODINGS: tuple[tuple[tuple[str, str], ...], ...] = (
    ((SNOMED, "69896004"),),
    ((SNOMED, "239791005"), (ICD10CM, "M05.79")),
    ((ICD10CM, "M06.9"),),
    ((SNOMED, "239792003"), (ICD10CM, "M06.09")),
    ((ICD10, "M05.9"),),
)
CONDITIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "pneumonia": ((SNOMED, "233604007"),),
    "tuberculosis": ((SNOMED, "56717001"),),
    "latent tuberculosis": ((ICD10CM, "Z22.7"),),
    "interstitial lung disease": ((SNOMED, "233703007"), (ICD10CM, "J84.9")),
    "fibromyalgia": ((SNOMED, "203082005"), (ICD10CM, "M79.7")),
    "osteoarthritis": ((SNOMED, "396275006"),),
    "depression": ((SNOMED, "35489007"),),
}
ANSWERS = {
    "positive": ((SNOMED, "10828004"), "POS"),
    "negative": ((SNOMED, "260385009"), "NEG"),
    "indeterminate": ((SNOMED, "82334004"), "IND"),
}
SMOKING_ANSWERS = {
    "current smoker": (SNOMED, "449868002"),
    "ex-smoker": (SNOMED, "8517006"),
    "never smoked": (SNOMED, "266919005"),
}
STOP_REASONS = (
    "stop-adverse-event",
    "stop-allergy",
    "stop-lab-toxicity",
    "stop-cost",
    "stop-ineffective",
)


@dataclass(frozen=True)
class Drug:
    """One drug: RxNorm ingredient, ATC codes (current first), days between doses or fills."""

    name: str
    rxnorm: str
    atc: tuple[str, ...]
    days: int = 28
    infused: bool = False


METHOTREXATE = Drug("methotrexate", "6851", ("L04AX03",))
CONVENTIONAL = (
    METHOTREXATE,
    Drug("leflunomide", "27169", ("L04AK01", "L04AA13")),
    Drug("sulfasalazine", "9524", ("A07EC01",)),
    Drug("hydroxychloroquine", "5521", ("P01BA02",)),
)
ADVANCED = (
    Drug("adalimumab", "327361", ("L04AB04",)),
    Drug("etanercept", "214555", ("L04AB01", "L04AA11")),
    Drug("infliximab", "191831", ("L04AB02",), days=56, infused=True),
    Drug("golimumab", "819300", ("L04AB06",)),
    Drug("tocilizumab", "612865", ("L04AC07",), infused=True),
    Drug("abatacept", "614391", ("L04AA24",), infused=True),
    Drug("rituximab", "121191", ("L01FA01", "L01XC02"), days=168, infused=True),
    Drug("tofacitinib", "1357536", ("L04AF01", "L04AA29")),
    Drug("baricitinib", "2047232", ("L04AF02", "L04AA37")),
    Drug("upadacitinib", "2196092", ("L04AF03", "L04AA44")),
)


def concept(*codings: tuple[str, str], text: str | None = None) -> dict[str, Any]:
    """A CodeableConcept."""
    listed = [{"system": system, "code": code} for system, code in codings]
    return ({"coding": listed} if listed else {}) | ({"text": text} if text else {})
