"""The mutation check itself: each kind of change does what it says, and only while it is on."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import ValueSets, load
from ra_cds_hooks.cql_engine_lite.values import Quantity
from tools.mutation import value_sets
from tools.mutation.points import Switch, mutating_program, nudged

AS_OF = datetime(2026, 11, 23, tzinfo=UTC)
INTEGER = "{urn:hl7-org:elm-types:r1}Integer"
BOOLEAN = "{urn:hl7-org:elm-types:r1}Boolean"
NULL = {
    "type": "As",
    "asType": BOOLEAN,
    "resultTypeName": BOOLEAN,
    "operand": {"type": "Null", "resultTypeName": BOOLEAN},
}


def whole(value: int) -> dict[str, Any]:
    return {
        "type": "Literal",
        "valueType": INTEGER,
        "value": str(value),
        "resultTypeName": INTEGER,
        "locator": "1:1-1:9",
    }


def unary(kind: str, operand: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "resultTypeName": BOOLEAN, "operand": operand}


LIMIT = {"type": "ParameterRef", "name": "Limit", "resultTypeName": INTEGER}
HIGH = {"type": "Greater", "resultTypeName": BOOLEAN, "operand": [whole(5), LIMIT]}
DEFINES = {
    "High": HIGH,
    "Same": {**HIGH, "type": "Equal", "operand": [whole(5), LIMIT]},
    "Missing": unary("IsNull", NULL),
    "Certain": unary("IsTrue", NULL),
    "Certainly Not": unary("IsFalse", NULL),
    "Known": {
        "type": "Coalesce",
        "resultTypeName": BOOLEAN,
        "operand": [NULL, unary("IsNull", NULL)],
    },
    "In A Condition": {
        "type": "If",
        "resultTypeName": INTEGER,
        "condition": unary("IsTrue", NULL),
        "then": whole(1),
        "else": whole(2),
    },
}
LIBRARY = {
    "library": {
        "identifier": {"id": "Small", "version": "1"},
        "parameters": {
            "def": [{"name": "Limit", "resultTypeName": INTEGER, "default": whole(5)}],
        },
        "statements": {
            "def": [
                {"name": n, "context": "Unfiltered", "expression": e} for n, e in DEFINES.items()
            ]
        },
    }
}
PLAIN = {
    "High": False,
    "Same": True,
    "Missing": True,
    "Certain": False,
    "Certainly Not": False,
    "Known": True,
    "In A Condition": 2,
}
# By hand: the change, and the one define whose value it changes.
CHANGES = [
    ("Greater -> GreaterOrEqual", "High", True),
    ("Equal negated", "Same", False),
    ("default of Small.Limit", "Same", False),
    ("IsTrue -> the operand itself", "Certain", None),
    ("IsFalse -> not the operand", "Certainly Not", None),
    ("IsNull -> false", "Missing", False),
    ("Coalesce -> its first operand", "Known", None),
]


class Nobody:
    def retrieve(self, resource_type: str) -> list[Any]:
        return []


def values(program: Any) -> dict[str, Any]:
    found = program.evaluate(Nobody(), ValueSets({}), as_of=AS_OF)
    return {name: found[f"Small.{name}"] for name in DEFINES}


def test_with_everything_off_the_program_is_the_plain_one() -> None:
    switch = Switch()
    program, points = mutating_program([LIBRARY], switch)
    assert values(program) == values(load([LIBRARY])) == PLAIN
    assert switch.reached == set()
    switch.observing = True
    assert values(program) == PLAIN
    assert {p.number for p in points if not p.equivalent} <= switch.reached


# By hand: of 4, 5 and 6 only the limit itself tells > from >=; and null only from false.
@pytest.mark.parametrize(("value", "shows"), [(4, False), (5, True), (6, False)])
def test_a_change_is_noted_only_where_it_gives_another_value(value: int, shows: bool) -> None:
    library = copy.deepcopy(LIBRARY)
    defines = library["library"]["statements"]["def"]
    defines[0]["expression"]["operand"][0] = whole(value)
    defines[3]["expression"]["operand"] = {
        "type": "Greater",
        "resultTypeName": BOOLEAN,
        "operand": [whole(value), whole(0)],
    }
    switch = Switch()
    program, points = mutating_program([library], switch)
    switch.observing = True
    values(program)
    noted = {(p.define, p.change) for p in points if p.number in switch.reached}
    assert (("Small.High", "Greater -> GreaterOrEqual") in noted) is shows
    assert ("Small.Certain", "IsTrue -> the operand itself") not in noted


@pytest.mark.parametrize(("change", "define", "value"), CHANGES)
def test_a_change_shows_while_it_is_on(change: str, define: str, value: Any) -> None:
    switch = Switch()
    program, points = mutating_program([LIBRARY], switch)
    point = next(
        p for p in points if p.change == change and p.define in {f"Small.{define}", change[11:]}
    )
    switch.on = point.number
    assert values(program)[define] is value
    switch.on = 0
    assert values(program) == PLAIN


def test_in_a_condition_null_is_false_so_the_change_is_equivalent() -> None:
    _, points = mutating_program([LIBRARY], Switch())
    [point] = [p for p in points if p.define == "Small.In A Condition"]
    assert point.equivalent
    assert sum(p.equivalent for p in points) == 1


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        (True, False),
        (3, 4),
        (Decimal("0.105"), Decimal("0.106")),
        (Decimal("28.0"), Decimal("29.0")),
        (Decimal("100"), Decimal("101")),
        ("STRICT", "STRICT?"),
        (Quantity(Decimal("3"), "months"), Quantity(Decimal("4"), "months")),
        (Quantity(Decimal("7.5"), "mg"), Quantity(Decimal("7.6"), "mg")),
        (None, None),
    ],
)
def test_a_default_moves_by_one_step(default: Any, expected: Any) -> None:
    assert nudged(default) == expected


def test_each_value_set_loses_one_of_its_own_codes() -> None:
    found = value_sets.mutants(10)
    assert len(found) > 200
    assert [point.number for point, _, _ in found] == list(range(11, 11 + len(found)))
    assert len({point.key for point, _, _ in found}) == len(found)
