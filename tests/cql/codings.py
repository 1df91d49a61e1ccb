"""Codings that the records of the truth tables carry, by system and by short name."""

from __future__ import annotations

from collections.abc import Mapping

Coding = tuple[str, str]


def LOINC(code: str) -> Coding:
    """A LOINC coding."""
    return ("http://loinc.org", code)


def SNOMED(code: str) -> Coding:
    """A SNOMED CT coding."""
    return ("http://snomed.info/sct", code)


def RXNORM(code: str) -> Coding:
    """An RxNorm coding."""
    return ("http://www.nlm.nih.gov/research/umls/rxnorm", code)


def ATC(code: str) -> Coding:
    """An ATC coding."""
    return ("http://www.whocc.no/atc", code)


def ICD10(code: str) -> Coding:
    """An ICD-10-CM coding."""
    return ("http://hl7.org/fhir/sid/icd-10-cm", code)


def LOCAL(code: str) -> Coding:
    """A code of the project's own system (clinical-spec 5.5)."""
    return ("urn:ra-cds-hooks:codes", code)


def INTERPRETATION(code: str) -> Coding:
    """A result interpretation such as POS or NEG."""
    return ("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", code)


# Names that tests use, by a code that the record could carry.
OBSERVATIONS: Mapping[str, Coding] = {
    "tjc28": LOINC("88981-6"),
    "sjc28": LOINC("88980-8"),
    "crp": LOINC("1988-5"),
    "crp-molar": LOINC("76485-2"),
    "esr": LOINC("4537-7"),
    "ptgh-0-10": LOINC("75894-6"),
    "ega-0-10": LOINC("75846-6"),
    "cdai": LOINC("75847-4"),
    "sdai": LOINC("75845-8"),
    "rf": LOINC("11572-5"),
    "anti-ccp": LOINC("33935-8"),
    "igra": LOINC("71773-6"),
    "smoking": LOINC("72166-2"),
    "bmi": LOINC("39156-5"),
    "fvc-l": LOINC("19876-2"),
}
DRUGS: Mapping[str, Coding] = {
    "adalimumab": RXNORM("327361"),
    "etanercept": RXNORM("214555"),
    "infliximab": RXNORM("191831"),
    "tocilizumab": RXNORM("612865"),
    "rituximab": RXNORM("121191"),
    "abatacept": RXNORM("614391"),
    "anakinra": RXNORM("72435"),
    "tofacitinib": RXNORM("1357536"),
    "baricitinib": RXNORM("2047232"),
    "upadacitinib": RXNORM("2196092"),
    "methotrexate": RXNORM("6851"),
    "leflunomide": RXNORM("27169"),
    "sulfasalazine": RXNORM("9524"),
    "hydroxychloroquine": RXNORM("5521"),
    "prednisone": RXNORM("8640"),
    "methylprednisolone": RXNORM("6902"),
    "isoniazid": ATC("J04AC01"),
    "amoxicillin": ATC("J01CA04"),
}
