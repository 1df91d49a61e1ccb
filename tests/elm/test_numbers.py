"""Numbers live in parameters, with unit, default and source: the rules themselves hold none.

Every number and quantity literal of a rule library is looked up below; 0 and 1 are free (counting,
comparing with nothing), but not as a quantity. An entry names the define, its literals in their
order, and why they are no parameter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ELM = Path(__file__).resolve().parents[2] / "cql" / "elm"
NUMBER = re.compile(r"\}(Integer|Long|Decimal)$")
FREE = {"0", "1", "0.0", "1.0"}

# reason -> {"Library.define": its literals}
ALLOWED: dict[str, dict[str, list[str]]] = {
    "coefficients of a published equation (spec 2.1, 8.17)": {
        "ActivityScores.Joint Part of DAS28": ["0.56", "0.5", "0.28", "0.5"],
        "ActivityScores.ESR Part of DAS28": ["0.70"],
        "ActivityScores.CRP Part of DAS28": ["0.36"],
        "ActivityScores.DAS28-ESR4": ["0.014"],
        "ActivityScores.DAS28-ESR3": ["1.08", "0.16"],
        "ActivityScores.DAS28-CRP4": ["0.014", "0.96"],
        "ActivityScores.DAS28-CRP3": ["1.10", "1.15"],
        "KidneyLiverSafety.CKD-EPI 2021": [
            "142.0",
            "0.7",
            "0.241",
            "0.7",
            "1.2",
            "0.9938",
            "1.012",
            "142.0",
            "0.9",
            "0.302",
            "0.9",
            "1.2",
            "0.9938",
        ],
        "KidneyLiverSafety.Cockcroft-Gault": ["140.0", "0.85", "72.0", "140.0", "72.0"],
        "ObjectiveInflammation.DAS28-P": ["0.56", "0.5", "0.014"],
    },
    "a unit turned into another by definition": {
        "ActivityScores.CDAI": ["10.0"],
        "ActivityScores.SDAI": ["10.0"],
        "DoseNotes.Weekly": ["7.0", "2"],
        "DrugLevels.Level In mg/L": ["1000.0"],
        "RADosage.Times Per Day In Periods": ["24.0", "7.0"],
        "RADosage.Times On Named Days": ["7.0"],
        "RADosage.Milligrams": ["1000.0"],
        "RADosage.Days Of Unit": ["7.0"],
        "RAExposures.Days In": ["7.0"],
        "RALaboratoryUnits.Cells In 10*9/L": ["1000.0"],
        "RALaboratoryUnits.Hemoglobin In g/dL": ["10.0"],
        "RALaboratoryUnits.Albumin In g/L": ["10.0"],
        "RALaboratoryUnits.Mass In kg": ["1000.0"],
        "RAReadings.CRP In mg/L": ["10.0"],
        "RAReadings.Global In mm": ["10.0", "10.0", "10.0", "10.0"],
        "RAReadings.Proportion": ["100.0"],
        "RAReadings.Volume In L": ["1000.0"],
        "RAReadings.Length In mm": ["10.0"],
        "RAReadings.In Scale": ["10.0"],
        "RASerology.In g/L": ["100.0", "10.0", "1000.0"],
        "Vaccination.Methotrexate Per Week": ["7.0", "2"],
    },
    "the ends of a scale by its definition": {
        "AirwaySafety.Saturation Readings": ["100.0"],
        "DifficultToTreat.HAQ-DI Readings": ["3.0"],
        "RAMeasurements.Evaluator Global Readings": ["10.0"],
        "RAMeasurements.Reported DAS28-ESR4 Readings": ["10.0"],
        "RAMeasurements.Reported DAS28-ESR3 Readings": ["10.0"],
        "RAMeasurements.Reported DAS28-CRP4 Readings": ["10.0"],
        "RAMeasurements.Reported DAS28-CRP3 Readings": ["10.0"],
        "RAMeasurements.Reported CDAI Readings": ["76.0"],
        "RAMeasurements.Reported SDAI Readings": ["146.0"],
        "RAMeasurements.RAPID3 Readings": ["30.0"],
        "RAMeasurements.US Grey Scale Readings": ["3.0"],
        "RAMeasurements.US Power Doppler Readings": ["3.0"],
        "RAMeasurements.Sharp Progression Readings": ["448.0", "448.0"],
        "RAMeasurements.MARS-5 Readings": ["5.0", "25.0"],
        "RAMeasurements.Missed Doses Readings": ["6.0"],
    },
    "what a laboratory can report; beyond it a data issue, no threshold of a rule": {
        "RAHistories.Pack-Years Results": ["300.0"],
        "RAHistories.Smoking Years Results": ["100.0"],
        "RALaboratory.White Cell Readings": ["1000.0"],
        "RALaboratory.Neutrophil Readings": ["500.0"],
        "RALaboratory.Lymphocyte Readings": ["1000.0"],
        "RALaboratory.Platelet Readings": ["5000.0"],
        "RALaboratory.Hemoglobin Readings": ["30.0"],
        "RALaboratory.eGFR Readings": ["250.0"],
        "RALaboratory.Albumin Readings": ["5.0", "80.0"],
        "RALaboratory.Weight Readings": ["20.0", "400.0"],
        "RALaboratory.Creatinine Readings": ["0.1", "30.0"],
        "RALaboratory.ALT Readings": ["20000.0"],
        "RALaboratory.AST Readings": ["20000.0"],
        "RAMeasurements.FVC Percent Readings": ["200.0"],
        "RAMeasurements.FVC Volume Readings": ["12.0"],
        "RAMeasurements.DLCO Percent Readings": ["200.0"],
        "RAMeasurements.BMI Readings": ["8.0", "100.0"],
        "RAMeasurements.TST Readings": ["100.0"],
    },
    "the next or the last possible day of a date": {
        "Adherence.Longest Window Start": ["1 day"],
        "Adherence.Days In Window": ["1 day"],
        "Adherence.With Fill": ["1 day"],
        "DiseaseActivity.Earlier On-Drug Assessments": ["1 day"],
        "JAKRiskGroups.Risk Valid Until": ["1 day"],
        "RADates.Last Possible Day": ["31", "12", "1 month", "1 day"],
    },
    "places in an order, no quantity": {
        "NextOption.Candidates": ["2", "3", "4", "5"],
        "NextOption.Place": ["2", "3", "4", "5"],
        "NextOption.Placed Candidates": ["100000", "10"],
        "OrderSafety.Verdict Rank": ["2", "3", "4"],
        "OrderSafety.Conventional Alternatives": ["2", "3", "4"],
        "RARecommendations.Row Rank": ["5", "2", "3", "4"],
        "RARecommendations.Gate Findings": ["10"],
    },
    "a code written as a number (NYHA class, how often a day)": {
        "HeartFailureSafety.Heart Failure Finding": ["4", "3"],
        "RADosage.Times Per Day": ["2.0", "3.0", "4.0", "0.5", "7.0"],
        "RAHistories.NYHA Results": ["4", "3", "2"],
    },
    "the length of a part of a name, fixed by the value set or the naming rule": {
        "RAMedications.Sounds Like A Targeted Drug": ["3", "4", "5"],
        "RAMedications.Biosimilar Suffix": ["4"],
    },
    "decimals that are kept, so that equal doses compare as equal": {
        "DosageSafety.Is Above": ["2", "2"],
        "DosageSafety.Dose Evidence": ["2"],
    },
    "how many biologic and targeted classes there are (spec 0.11)": {
        "RARecommendations.Named": ["5"],
    },
}


def literals(tree: Any) -> Iterator[str]:
    """Number and quantity literals under an ELM expression, but the free ones."""
    if isinstance(tree, list):
        for item in tree:
            yield from literals(item)
    elif isinstance(tree, dict):
        kind = tree.get("type")
        if kind == "Literal" and NUMBER.search(tree.get("valueType", "")):
            if tree["value"] not in FREE:
                yield tree["value"]
        elif kind == "Quantity" and "value" in tree:
            yield f"{tree['value']} {tree.get('unit')}"
        for value in tree.values():
            yield from literals(value)


def of_library(library: dict[str, Any]) -> dict[str, list[str]]:
    """``Library.define`` -> its literals, for the defines that hold any."""
    name = library["identifier"]["id"]
    found: dict[str, list[str]] = {}
    for define in library.get("statements", {}).get("def", []):
        held = list(literals(define.get("expression", {})))
        if held:
            found.setdefault(f"{name}.{define['name']}", []).extend(held)
    return found


def rule_libraries() -> list[dict[str, Any]]:
    return [
        json.loads(path.read_text("utf-8"))["library"]
        for path in sorted(ELM.glob("*.json"))
        if path.stem not in {"manifest", "FHIRHelpers"} and not path.stem.endswith("Parameters")
    ]


def test_no_rule_holds_a_number_that_is_not_listed() -> None:
    allowed = {name: held for entries in ALLOWED.values() for name, held in entries.items()}
    found = {
        name: held for library in rule_libraries() for name, held in of_library(library).items()
    }
    strangers = {name: held for name, held in found.items() if allowed.get(name) != held}
    assert strangers == {}, "make it a parameter, or list it here with its reason"
    assert sorted(set(allowed) - set(found)) == [], "no such number any more: take it off the list"


def test_every_entry_stands_under_one_reason() -> None:
    names = [name for entries in ALLOWED.values() for name in entries]
    assert len(names) == len(set(names))
    assert all(reason and entries for reason, entries in ALLOWED.items())


def integer(value: str) -> dict[str, str]:
    return {"type": "Literal", "valueType": "{urn:hl7-org:elm-types:r1}Integer", "value": value}


def test_a_planted_number_is_seen() -> None:
    """The search itself: integers, decimals and quantities count, words and 0 and 1 do not."""
    word = {"type": "Literal", "valueType": "{urn:hl7-org:elm-types:r1}String", "value": "1000"}
    month = {"type": "Quantity", "value": 1, "unit": "month"}
    tree = {"type": "Less", "operand": [integer("1000"), {"operand": [integer("1"), word, month]}]}
    library = {
        "identifier": {"id": "Some"},
        "statements": {"def": [{"name": "Rule", "expression": tree}, {"name": "None"}]},
    }
    assert of_library(library) == {"Some.Rule": ["1000", "1 month"]}
