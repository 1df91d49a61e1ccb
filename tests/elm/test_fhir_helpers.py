"""FHIRHelpers has every conversion of the FHIR model info, and converts honestly."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import load
from ra_cds_hooks.cql_engine_lite.values import Code, Concept, Date, Interval, Quantity, Ratio
from tools.elm.elm import CQL_DIRECTORY
from tools.elm.translator import NODE_MODULES, install_packages, translate

MODEL_INFO = NODE_MODULES / "cql-exec-fhir" / "lib" / "modelInfos" / "fhir-modelinfo-4.0.1.xml"
CONVERSION = re.compile(
    r'functionName="FHIRHelpers\.(?P<function>\w+)" fromType="FHIR\.(?P<type>[\w.]+)"'
)
AS_OF = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
UCUM = "http://unitsofmeasure.org"
PROBE = """
library Probe version '1'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1'
context Patient
define Row: singleton from ([Observation])
define "Quantity": FHIRHelpers.ToQuantity(Row.value as FHIR.Quantity)
define "Comparator": (Row.value as FHIR.Quantity).comparator.value
define "Raw": (Row.value as FHIR.Quantity).value.value
define "Range": FHIRHelpers.ToInterval(Row.value as FHIR.Range)
define "Period": FHIRHelpers.ToInterval(Row.value as FHIR.Period)
define "Ratio": FHIRHelpers.ToRatio(Row.value as FHIR.Ratio)
define "Concept": FHIRHelpers.ToConcept(Row.code)
define "Status": Row.status = 'final'
define "Birth": FHIRHelpers.ToDate(Patient.birthDate)
"""


def functions_by_operand() -> set[tuple[str, str]]:
    """(function, FHIR type) of every function of the translated FHIRHelpers."""
    document = json.loads((CQL_DIRECTORY / "elm" / "FHIRHelpers.json").read_text(encoding="utf-8"))
    return {
        (definition["name"], operand["operandTypeSpecifier"]["name"].rpartition("}")[2])
        for definition in document["library"]["statements"]["def"]
        for operand in definition["operand"]
    }


@pytest.mark.node
def test_every_conversion_of_the_model_info_exists() -> None:
    install_packages()
    text = MODEL_INFO.read_text(encoding="utf-8")
    wanted = {(match["function"], match["type"]) for match in CONVERSION.finditer(text)}
    assert len(wanted) > 200
    assert wanted - functions_by_operand() == set()


class OneObservation:
    """A record that holds one Observation with the given elements."""

    def __init__(self, elements: Mapping[str, Any]) -> None:
        self.resource = {
            "resourceType": "Observation",
            "id": "o",
            "status": "final",
            "code": {"text": "probe"},
            **elements,
        }

    def retrieve(self, resource_type: str) -> Sequence[Mapping[str, Any]]:
        if resource_type == "Patient":
            return [{"resourceType": "Patient", "id": "p", "birthDate": "1970-05"}]
        return [self.resource] if resource_type == "Observation" else []


class NoTerminology:
    def expand(self, value_set_url: str) -> frozenset[tuple[str, str]]:
        raise KeyError(value_set_url)


@pytest.fixture(scope="module")
def program() -> Any:
    helpers = (CQL_DIRECTORY / "FHIRHelpers.cql").read_text(encoding="utf-8")
    elm = json.loads((CQL_DIRECTORY / "elm" / "FHIRHelpers.json").read_text(encoding="utf-8"))
    (probe,) = translate([("Probe", PROBE)], {"FHIRHelpers": helpers})
    assert probe.elm is not None, probe.messages
    return load([elm, probe.elm])


def evaluate(program: Any, define: str, **elements: Any) -> Any:
    name = f"Probe.{define}"
    results = program.evaluate(OneObservation(elements), NoTerminology(), {}, AS_OF, [name])
    return results[name]


def ucum(value: float, code: str, **more: str) -> dict[str, Any]:
    return {"value": Decimal(str(value)), "unit": code, "system": UCUM, "code": code, **more}


@pytest.mark.node
@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (ucum(5, "mg/L"), Quantity(Decimal(5), "mg/L")),
        (ucum(5, "mg/L", comparator="<"), None),
        (ucum(5, "mg/L", comparator=">="), None),
        ({"unit": "mg/L", "system": UCUM, "code": "mg/L"}, None),
        ({"value": 28}, Quantity(Decimal(28), "1")),
        ({"value": 5, "unit": "mg/dl"}, Quantity(Decimal(5), "mg/dl")),
        # A code of another system is no UCUM unit: the text is passed on.
        (
            {"value": 5, "unit": "joints", "system": "urn:other", "code": "mg"},
            Quantity(Decimal(5), "joints"),
        ),
        (ucum(3, "mo"), Quantity(Decimal(3), "month")),
        (ucum(3, "a"), Quantity(Decimal(3), "year")),
        (ucum(3, "wk"), Quantity(Decimal(3), "week")),
        (ucum(3, "d"), Quantity(Decimal(3), "day")),
    ],
)
def test_to_quantity(program: Any, quantity: dict[str, Any], expected: Quantity | None) -> None:
    assert evaluate(program, "Quantity", valueQuantity=quantity) == expected


@pytest.mark.node
def test_a_comparator_and_its_bound_stay_readable(program: Any) -> None:
    below = ucum(5, "mg/L", comparator="<")
    assert evaluate(program, "Comparator", valueQuantity=below) == "<"
    assert evaluate(program, "Raw", valueQuantity=below) == Decimal(5)


@pytest.mark.node
def test_period_without_start_is_unknown_and_without_end_goes_on(program: Any) -> None:
    start, end = "2026-01-02T00:00:00Z", "2026-02-03T00:00:00Z"

    def bounds(**period: str) -> tuple[Any, ...] | None:
        interval = evaluate(program, "Period", valuePeriod=period)
        if interval is None:
            return None
        assert isinstance(interval, Interval)
        return (
            interval.low and interval.low.isoformat()[:10],
            interval.low_closed,
            interval.high and interval.high.isoformat()[:10],
            interval.high_closed,
        )

    assert bounds(start=start, end=end) == ("2026-01-02", True, "2026-02-03", True)
    assert bounds(start=start) == ("2026-01-02", True, None, True)
    assert bounds(end=end) == (None, False, "2026-02-03", True)
    assert bounds(id="x") is None


@pytest.mark.node
def test_range_sides_that_are_missing_are_unknown(program: Any) -> None:
    low, high = ucum(1, "mg"), ucum(2, "mg")
    assert evaluate(program, "Range", valueRange={"low": low, "high": high})[:4] == (
        Quantity(Decimal(1), "mg"),
        Quantity(Decimal(2), "mg"),
        True,
        True,
    )
    only_low = evaluate(program, "Range", valueRange={"low": low})
    assert (only_low.high, only_low.low_closed, only_low.high_closed) == (None, True, False)
    only_high = evaluate(program, "Range", valueRange={"high": high})
    assert (only_high.low, only_high.low_closed, only_high.high_closed) == (None, False, True)
    assert evaluate(program, "Range", valueRange={"id": "x"}) is None


@pytest.mark.node
def test_ratio_concept_and_string(program: Any) -> None:
    ratio = {"numerator": {"value": 1}, "denominator": ucum(160, "mL")}
    assert evaluate(program, "Ratio", valueRatio=ratio) == Ratio(
        Quantity(Decimal(1), "1"), Quantity(Decimal(160), "mL")
    )
    assert evaluate(program, "Ratio", valueRatio={"numerator": {"value": 1}}) is None
    code = {"coding": [{"system": "urn:s", "code": "c", "display": "C"}], "text": "T"}
    concept = evaluate(program, "Concept", code=code)
    assert isinstance(concept, Concept)
    assert list(concept.codes) == [Code("c", "urn:s", None, "C")]
    assert concept.display == "T"
    assert evaluate(program, "Status") is True
    assert evaluate(program, "Status", status="amended") is False


@pytest.mark.node
def test_a_date_keeps_its_precision(program: Any) -> None:
    assert evaluate(program, "Birth") == Date(1970, 5)


@pytest.mark.node
def test_an_element_of_another_type_or_missing_is_null(program: Any) -> None:
    for define in ("Quantity", "Range", "Period", "Ratio"):
        assert evaluate(program, define) is None
        assert evaluate(program, define, valueString="text") is None
