"""Write the engine's table of units from the UCUM definitions that `ucumvert` carries.

    python -m tools.units.make_table          writes ra_cds_hooks/cql_engine_lite/ucum_units.json

Factors are computed as exact fractions from UCUM's own definitions, so that no rounding of a
floating-point library reaches a comparison. A test checks every one against `ucumvert` itself.

Two deliberate differences from a plain reading of UCUM, both on the side of "unknown":
* the mole is a dimension of its own, not a count (mmol/L is not comparable with 1/L);
* an arbitrary unit ([iU], [CFU] ...) is a dimension of its own (UCUM section 24).
Special units (Cel, [degF], [pH] ...) are no ratio scale and are left out: they are comparable
only with themselves.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path
from typing import Any

import ucumvert

TABLE = Path(__file__).resolve().parents[2] / "ra_cds_hooks" / "cql_engine_lite" / "ucum_units.json"
ESSENCE = Path(ucumvert.__file__).parent / "vendor" / "ucum-essence.xml"
NAMESPACE = "{http://unitsofmeasure.org/ucum-essence}"

BASE_UNITS = ("m", "s", "g", "K", "C", "cd", "rad")
OWN_DIMENSION = ("mol", "[iU]", "[CFU]", "[PFU]", "[arb'U]", "[AU]", "[BAU]", "[ELU]", "[EU]")
DEFINED = (
    # numbers
    "10*", "10^", "%", "[ppth]", "[ppm]", "[ppb]",
    # time
    "min", "h", "d", "wk", "mo", "a",
    # mass, length, volume, area
    "t", "[lb_av]", "[oz_av]", "[gr]", "[in_i]", "[ft_i]", "[yd_i]", "[mi_i]",
    "l", "L", "[drp]", "[tsp_us]", "[tbs_us]", "[foz_us]", "[pt_us]", "[gal_us]", "[cup_us]",
    # amount and activity
    "eq", "osm", "kat", "U", "[IU]",
    # mechanics, heat, electricity, radiation
    "N", "Pa", "J", "W", "bar", "m[Hg]", "m[H2O]", "cal", "A", "V", "Ohm", "Hz",
    "Bq", "Gy", "Sv", "Ci", "dyn", "mho", "S",
)  # fmt: skip


def definitions() -> tuple[dict[str, Fraction], dict[str, tuple[bool, str, Fraction]]]:
    """Prefix values, and per unit: metric or not, the unit it is defined by, and how many."""
    root = ElementTree.parse(ESSENCE).getroot()
    prefixes: dict[str, Fraction] = {}
    units: dict[str, tuple[bool, str, Fraction]] = {}
    for node in root:
        value = node.find(NAMESPACE + "value")
        code = node.attrib["Code"]
        if node.tag == NAMESPACE + "prefix" and value is not None:
            prefixes[code] = Fraction(value.attrib["value"])
        elif node.tag == NAMESPACE + "unit" and value is not None and "value" in value.attrib:
            units[code] = (
                node.attrib["isMetric"] == "yes",
                value.attrib["Unit"],
                Fraction(value.attrib["value"]),
            )
    return prefixes, units


class Resolver:
    """Reduces a unit expression of the definitions to base dimensions and a factor."""

    def __init__(self) -> None:
        self.prefixes, self.units = definitions()

    def expression(self, text: str) -> tuple[dict[str, int], Fraction]:
        dimension: dict[str, int] = {}
        factor = Fraction(1)
        sign = 1
        for token in re.findall(r"[./]|(?:\[[^\]]*\]|[^./\[\]])+", text):
            if token in "./":
                sign = 1 if token == "." else -1
                continue
            unit_dimension, unit_factor = self.component(token)
            for name, power in unit_dimension.items():
                dimension[name] = dimension.get(name, 0) + sign * power
            factor *= unit_factor**sign
        return {name: power for name, power in dimension.items() if power}, factor

    def component(self, token: str) -> tuple[dict[str, int], Fraction]:
        if token.isdigit():
            return {}, Fraction(token)
        match = re.fullmatch(r"(.*?)([+-]?\d+)?", token)
        assert match is not None
        code, power = match.group(1), int(match.group(2) or 1)
        dimension, factor = self.unit(code)
        return {name: p * power for name, p in dimension.items()}, factor**power

    def unit(self, code: str) -> tuple[dict[str, int], Fraction]:
        if code in BASE_UNITS or code in OWN_DIMENSION:
            return {code: 1}, Fraction(1)
        if code in self.units:
            _, defined_by, value = self.units[code]
            dimension, factor = self.expression(defined_by)
            return dimension, factor * value
        for prefix in sorted(self.prefixes, key=len, reverse=True):
            if code.startswith(prefix) and len(code) > len(prefix):
                dimension, factor = self.unit(code[len(prefix) :])
                return dimension, factor * self.prefixes[prefix]
        raise KeyError(f"UCUM defines no unit {code}")


def table() -> dict[str, Any]:
    """The table as JSON: prefixes, and per atom its metric flag, dimension and factor."""
    resolver = Resolver()
    atoms: dict[str, Any] = {}
    for code in (*BASE_UNITS, *OWN_DIMENSION, *DEFINED):
        dimension, factor = resolver.unit(code)
        metric = code in BASE_UNITS or resolver.units[code][0]
        atoms[code] = {
            "metric": metric,
            "dimension": dict(sorted(dimension.items())),
            "factor": str(factor),
        }
    return {
        "about": (
            "Made by tools/units/make_table.py from the definitions of UCUM 2.2, "
            "https://ucum.org. This product includes a portion of the UCUM table, "
            "Copyright (c) 1998-2013 Regenstrief Institute, Inc. and the UCUM Organization."
        ),
        "prefixes": {code: str(value) for code, value in resolver.prefixes.items()},
        "atoms": atoms,
    }


def main() -> None:
    TABLE.write_text(json.dumps(table(), indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
    print(f"wrote {TABLE.name}: {len(table()['atoms'])} units")


if __name__ == "__main__":
    main()
