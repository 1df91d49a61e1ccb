"""The engine's own small CQL libraries, and what the tests of the engine evaluate them with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

from ra_cds_hooks.cql_engine_lite import Program, Results, ValueSets, load

FOLDER = Path(__file__).resolve().parent
CQL = FOLDER / "cql"
ELM = FOLDER / "elm"
FHIR_HELPERS = FOLDER.parents[1] / "cql" / "elm" / "FHIRHelpers.json"

LENGTHS = "http://example.org/ValueSet/length"
TESTS = "http://example.org/tests"
VALUE_SETS = ValueSets({LENGTHS: [(TESTS, "length"), (TESTS, "size")]})
AS_OF = datetime(2026, 11, 23, 12, 30, tzinfo=timezone(timedelta(hours=8)))

Json = dict[str, Any]


class Record:
    """Resources by type, and how often each type was asked for."""

    def __init__(self, *resources: Any) -> None:
        self.resources = resources
        self.asked: list[str] = []

    def retrieve(self, resource_type: str) -> Sequence[Mapping[str, Any]]:
        """The resources of a type, in the order given."""
        self.asked.append(resource_type)
        return [
            r
            for r in self.resources
            if not isinstance(r, dict) or r.get("resourceType") == resource_type
        ]


def elm(name: str) -> Json:
    """The ELM document of one of the libraries here, or FHIRHelpers."""
    path = FHIR_HELPERS if name == "FHIRHelpers" else ELM / f"{name}.json"
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def program(name: str) -> Program:
    """One library, compiled, with FHIRHelpers."""
    return load([elm(name), elm("FHIRHelpers")])


def run(
    name: str,
    define: str,
    *resources: Any,
    parameters: Mapping[str, Any] | None = None,
    as_of: datetime = AS_OF,
) -> Results:
    """Evaluate one define of a library over these resources."""
    return program(name).evaluate(
        Record(*resources), VALUE_SETS, parameters, as_of, [f"{name}.{define}"]
    )


def value(name: str, define: str, *resources: Any, **options: Any) -> Any:
    """The value of one define."""
    return run(name, define, *resources, **options)[f"{name}.{define}"]


def observation(identity: str, kind: str = "length", **elements: Any) -> Json:
    """A final Observation with a code of the test code system and other elements as given."""
    return {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "code": {"coding": [{"system": TESTS, "code": kind}]},
    } | elements


def measured(identity: str, kind: str, date: str, number: Any, **elements: Any) -> Json:
    """An Observation with a date and a Quantity."""
    quantity = {"value": number, "unit": "cm"}
    return observation(identity, kind, effectiveDateTime=date, valueQuantity=quantity, **elements)
