"""FHIR Quantity as truth tables: comparators, UCUM conversion, units that do not fit, nulls.

A Quantity with a comparator ("< 5") has no one value, so FHIRHelpers.ToQuantity gives null and
every comparison is unknown; the comparator itself can be read. Units that do not fit, or that UCUM
does not have, make a comparison null (CQL reference, Comparison Operators).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import Quantity
from tests.cql_engine_lite.build import Json, observation, value

T, F, N = True, False, None
UCUM = "http://unitsofmeasure.org"


def quantity(number: Any, code: str | None, **members: Any) -> Json:
    """A FHIR Quantity; `number` None leaves the value out."""
    coded = {} if code is None else {"system": UCUM, "code": code, "unit": code}
    return coded | ({} if number is None else {"value": number}) | members


def ask(define: str, element: Json | None) -> Any:
    """The define's answer for one Observation with this valueQuantity."""
    members = {} if element is None else {"valueQuantity": element}
    (answer,) = value("FhirTables", define, observation("o", **members))
    return answer


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (quantity(5, "mg/L"), T),
        (quantity(4.9, "mg/L"), F),
        (quantity(0.5, "mg/dL"), T),
        (quantity(0.49, "mg/dL"), F),
        (quantity(0.005, "g/L"), T),
        (quantity(5, "ug/mL"), T),
        # with a comparator the value is not known
        (quantity(5, "mg/L", comparator="<"), N),
        (quantity(5, "mg/L", comparator="<="), N),
        (quantity(5, "mg/L", comparator=">="), N),
        (quantity(500, "mg/L", comparator=">"), N),
        # without UCUM code the unit's text counts
        ({"value": 6, "unit": "mg/L"}, T),
        ({"value": 6, "code": "mg/L"}, T),
        # another dimension, an unknown unit, no unit
        (quantity(5, "mmol/L"), N),
        (quantity(5, "cm"), N),
        (quantity(5, "MG/L"), N),
        (quantity(5, None), N),
        # no value
        (quantity(None, "mg/L"), N),
        ({"_value": {"extension": [{"url": "u", "valueCode": "unknown"}]}}, N),
        ({}, N),
        (None, N),
    ],
)
def test_at_least_5_mg_per_l(element: Json | None, expected: bool | None) -> None:
    assert ask("At Least 5 mg/L", element) is expected


@pytest.mark.parametrize(
    ("element", "equal", "equivalent"),
    [
        (quantity(10, "mg/L"), T, T),
        (quantity(1, "mg/dL"), T, T),
        (quantity(0.01, "g/L"), T, T),
        (quantity(1.1, "mg/dL"), F, F),
        (quantity(10, "mg/L", comparator="<"), N, F),
        (quantity(10, "mm"), N, F),
        (None, N, F),
    ],
)
def test_equality_converts_and_equivalence_is_never_null(
    element: Json | None, equal: bool | None, equivalent: bool
) -> None:
    assert ask("Equals 10 mg/L", element) is equal
    assert ask("Equivalent To 10 mg/L", element) is equivalent


@pytest.mark.parametrize(
    ("define", "number", "code", "expected"),
    [
        ("In mg/L", 1.2, "mg/dL", "12"),
        ("In mg/L", 0.3, "mg/dL", "3"),
        ("In mg/L", 12, "ug/mL", "12"),
        ("In g/L", 13.7, "g/dL", "137"),
        ("In g/L", 4250, "mg/dL", "42.5"),
        ("In mm", 5.5, "cm", "55"),
        ("In mm", 0.055, "m", "55"),
        ("In 10*9/L", 7.1, "10*3/uL", "7.1"),
        ("In 10*9/L", 7.1, "10^3/uL", "7.1"),
        ("In 10*9/L", 7100, "/uL", "7.1"),
        ("In 10*9/L", 7.1, "10*9/L", "7.1"),
        ("In [IU]/L", 0.35, "[IU]/mL", "350"),
        ("In [IU]/L", 0.35, "[iU]/mL", "350"),
        ("In [IU]/L", 17, "k[IU]/L", "17000"),
        # null rows: another dimension, an arbitrary unit that is not the same, no such unit
        ("In mg/L", 1, "mmol/L", None),
        ("In g/L", 1, "g", None),
        ("In mm", 1, "mm2", None),
        ("In 10*9/L", 7, "10*9", None),
        ("In [IU]/L", 17, "U/L", None),
        ("In mm", 1, "centimetres", None),
        ("In mm", None, "cm", None),
    ],
)
def test_conversion_of_units(
    define: str, number: float | None, code: str, expected: str | None
) -> None:
    found = ask(define, quantity(number, code))
    assert found == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize("comparator", ["<", "<=", ">=", ">"])
def test_the_comparator_can_be_read(comparator: str) -> None:
    element = quantity(5, "mg/L", comparator=comparator)
    assert ask("Comparator", element) == comparator
    assert ask("Quantity", element) is None


def test_without_comparator_it_is_the_quantity() -> None:
    assert ask("Comparator", quantity(5, "mg/L")) is None
    assert ask("Quantity", quantity(5, "mg/L")) == Quantity(Decimal(5), "mg/L")
    assert ask("Comparator", None) is None
    assert ask("Quantity", None) is None
