"""The committed table of units against the UCUM library it was made with, and what it allows."""

from __future__ import annotations

import copy
import json
import math
import re
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ucumvert import PintUcumRegistry

from ra_cds_hooks.cql_engine_lite.units import (
    conversion_factor,
    equivalence_factor,
    multiply_units,
    parse_unit,
)
from ra_cds_hooks.cql_engine_lite.values import Quantity
from tools.units import make_table

# UCUM 2.2 gives 133.3220 kPa for m[Hg]; pint has the conventional 133.322387415 kPa.
TOLERANCE = {"m[Hg]": 1e-5}

# UCUM codes as laboratories and record systems write them.
CLINICAL_UNITS = tuple(
    re.findall(
        r"\S+",
        """
        mg/dL mg/L g/dL g/L ug/mL ug/L ng/mL ng/L pg/mL kg g mg ug pg mm cm m mL L dL uL fL
        10*3/uL 10^3/uL 10*9/L 10*6/uL 10*12/L /uL /mL {cells}/uL U/L U/mL mU/L mmol/L umol/L
        nmol/L mol/L mmol/mol meq/L osm/kg mm/h mL/min mL/min/{1.73_m2} L/min kg/m2 ms s min h d
        wk % {score} {joints} 1 mm[Hg] kPa kcal kJ g/(24.h) mg/kg mg/kg/d mg/m2 ug/(kg.h)
        nmol/min/mL mg{total}/dL [in_i] [ft_i] [lb_av] [oz_av]
        """,
    )
)


@pytest.fixture(scope="module")
def registry() -> PintUcumRegistry:
    return PintUcumRegistry()


def factor_by_library(registry: PintUcumRegistry, code: str, target: str) -> float:
    """One `code` in `target`, by the library; arbitrary float error included."""
    source, goal = (registry.from_ucum(unit) for unit in (code, target))
    return float((1 * source).to((1 * goal).units).magnitude / (1 * goal).magnitude)


def test_the_committed_table_is_what_the_script_writes() -> None:
    text = files("ra_cds_hooks.cql_engine_lite").joinpath("ucum_units.json").read_text("utf-8")
    assert json.loads(text) == make_table.table()


def test_every_factor_agrees_with_the_library(registry: PintUcumRegistry) -> None:
    atoms = make_table.table()["atoms"]
    checked = 0
    for code, atom in atoms.items():
        if code in make_table.OWN_DIMENSION or any(
            base in make_table.OWN_DIMENSION and base != "mol" for base in atom["dimension"]
        ):
            continue
        base = ".".join(f"{name}{power}" for name, power in atom["dimension"].items()) or "1"
        expected = factor_by_library(registry, code, base)
        found = float(Fraction(atom["factor"]))
        assert math.isclose(found, expected, rel_tol=TOLERANCE.get(code, 1e-9)), code
        checked += 1
    assert checked > 50


def test_every_prefix_agrees_with_the_library(registry: PintUcumRegistry) -> None:
    for prefix, value in make_table.table()["prefixes"].items():
        if prefix in ("Ki", "Mi", "Gi", "Ti"):  # binary: no clinical unit, the library lacks them
            continue
        expected = factor_by_library(registry, f"{prefix}g", "g")
        assert math.isclose(float(Fraction(value)), expected, rel_tol=1e-9), prefix


def test_clinical_units_are_all_known() -> None:
    assert [unit for unit in CLINICAL_UNITS if parse_unit(unit) is None] == []


def test_conversions_between_clinical_units_agree_with_the_library(
    registry: PintUcumRegistry,
) -> None:
    checked = 0
    plain = [unit for unit in CLINICAL_UNITS if not unit.startswith("{")]
    for source in plain:
        for target in plain:
            factor = conversion_factor(source, target)
            if factor is None:
                continue
            expected = factor_by_library(registry, source, target)
            rel_tol = 1e-5 if "[Hg]" in source + target else 1e-9
            assert math.isclose(float(factor), expected, rel_tol=rel_tol), (source, target)
            checked += 1
    assert checked > 300


@pytest.mark.parametrize(
    ("source", "target", "factor"),
    [
        ("mg/dL", "mg/L", 10),
        ("g/dL", "g/L", 10),
        ("ug/mL", "mg/L", 1),
        ("cm", "mm", 10),
        ("10*3/uL", "10*9/L", 1),
        ("10^3/uL", "/uL", 1000),
        ("[IU]/mL", "[iU]/L", 1000),
        ("k[IU]/L", "[IU]/mL", 1),
        ("{score}", "1", 1),
        ("{score}", "{joints}", 1),
        ("mg{total}/dL", "mg/dL", 1),
        ("%", "1", Fraction(1, 100)),
        ("wk", "days", 7),
        ("years", "months", 12),
        ("", "1", 1),
        ("a", "d", Fraction(1461, 4)),
    ],
)
def test_known_conversions(source: str, target: str, factor: int | Fraction) -> None:
    assert conversion_factor(source, target) == factor
    assert conversion_factor(target, source) == 1 / Fraction(factor)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("mg/L", "mmol/L"),
        ("[IU]/mL", "/mL"),
        ("[CFU]/mL", "/mL"),
        ("mmol/L", "/L"),
        ("U/L", "[IU]/L"),
        ("cm", "cm2"),
        ("Cel", "K"),
        ("mgs/L", "mg/L"),
        ("MG/L", "mg/L"),
        ("mg per L", "mg/L"),
        ("year", "a"),
        ("month", "d"),
        ("mg/", "mg"),
        ("(mg", "mg"),
        ("mg)", "mg"),
        ("0", "1"),
        ("x{y}z", "x"),
    ],
)
def test_what_does_not_fit_or_is_not_known_is_unknown(source: str, target: str) -> None:
    assert conversion_factor(source, target) is None
    assert conversion_factor(target, source) is None


def test_an_unknown_unit_is_still_itself() -> None:
    assert parse_unit("[zz]") is None
    assert conversion_factor("[zz]", "[zz]") == 1


@pytest.mark.parametrize(
    ("source", "target", "factor"),
    [
        ("year", "a", 1),
        ("months", "mo", 1),
        ("year", "days", 365),
        ("days", "month", Fraction(1, 30)),
        ("week", "d", 7),
        ("year", "mg", None),
        ("mg", "year", None),
        ("mg", "cm", None),
    ],
)
def test_equivalence_of_calendar_durations(
    source: str, target: str, factor: int | Fraction | None
) -> None:
    assert equivalence_factor(source, target) == factor


@pytest.mark.parametrize(
    ("left", "right", "sign", "expected"),
    [
        ("cm", "cm", 1, "cm2"),
        ("cm", "cm2", 1, "cm3"),
        ("g/cm3", "1", -1, "g/cm3"),
        ("g/cm3", "g/cm3", -1, "1"),
        ("mg/dL", "dL", 1, "mg"),
        ("1", "s", -1, "/s"),
        ("10*3/uL", "uL", 1, "10*3"),
        ("day", "1", 1, "day"),
        ("1", "mg{dry}", 1, "mg{dry}"),
        ("[zz]", "cm", 1, None),
        ("years", "cm", 1, None),
        ("g/(24.h)", "h", 1, None),
    ],
)
def test_units_of_products(left: str, right: str, sign: int, expected: str | None) -> None:
    assert multiply_units(left, right, sign) == expected


@given(
    st.one_of(st.text(max_size=120), st.text("mgL/.()[]{}10*^-dc", max_size=120)),
    st.sampled_from(["mg/L", "1", "year", "[zz]"]),
)
def test_no_text_is_an_error(text: str, other: str) -> None:
    unit = parse_unit(text)
    for factor in (conversion_factor(text, other), equivalence_factor(other, text)):
        assert factor is None or factor > 0
    if unit is None and text != other:
        assert conversion_factor(text, other) is None
    product = multiply_units(text, other)
    assert product is None or isinstance(product, str)


def test_deep_nesting_is_not_a_unit() -> None:
    assert parse_unit("(" * 5000 + "m" + ")" * 5000) is None


def test_a_quantity_without_unit_has_the_unity() -> None:
    assert Quantity(Decimal(1), None) == Quantity(Decimal(1), "") == Quantity(Decimal(1), "1")
    assert copy.deepcopy(Quantity(Decimal(1), "mg")) == Quantity(Decimal(1), "mg")
    assert Quantity(Decimal(1), "mg")._replace(unit="g") == Quantity(Decimal(1), "g")
