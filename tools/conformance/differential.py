"""The same ELM and the same records through two engines: ours and npm cql-execution.

    python -m tools.conformance.differential [BUNDLE.json ...]     default: all fixtures

Prints every define whose values differ. Decimals are compared to 1e-6 (JavaScript computes them
in binary), everything else exactly. On a record that lies exactly on a decimal threshold the binary
arithmetic may fall on its other side (5.6 - 5.0 > 0.6): such a difference is no fault of ours.
All fixtures take several minutes.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ra_cds_hooks.cql_engine_lite import ValueSets, load
from ra_cds_hooks.cql_engine_lite import values as cql
from tools.conformance.cases import PROJECT
from tools.elm.elm import CQL_DIRECTORY, MANIFEST
from tools.elm.reference import evaluate as evaluate_reference

AS_OF = "2026-11-23"
TOLERANCE = 1e-6
# Where cql-execution, not our engine, leaves the specification.
FLATTEN = "cql-execution flattens nothing when one of the inner lists is null"
DISTINCT = "cql-execution removes duplicates even from a query without return clause"
KNOWN = {
    "RAFindings.All Answers": FLATTEN,
    "RAFindings.CXR Answers": FLATTEN,
    "RAFindings.HRCT Answers": FLATTEN,
    "RAFindings.IGRA Answers": FLATTEN,
    "RAFindings.Smoking Answers": FLATTEN,
    "ObjectiveInflammation.Current Ultrasound Dates": DISTINCT,
}


@dataclass(frozen=True)
class Difference:
    """A define whose value differs between the engines, both values as plain JSON."""

    bundle: Path
    define: str
    ours: Any
    reference: Any


class BundleRecord:
    """The resources of a Bundle as they stand, by type."""

    def __init__(self, bundle: Mapping[str, Any]) -> None:
        self.by_type: dict[str, list[Mapping[str, Any]]] = {}
        for entry in bundle["entry"]:
            resource = entry["resource"]
            self.by_type.setdefault(resource["resourceType"], []).append(resource)

    def retrieve(self, resource_type: str) -> Sequence[Mapping[str, Any]]:
        """The resources of one type, in the Bundle's order."""
        return self.by_type.get(resource_type, [])


def plain(value: Any) -> Any:
    """A CQL value in the JSON form that run_cql_execution.mjs writes."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, cql.Date | cql.DateTime | cql.Time):
        return value.isoformat()
    if isinstance(value, cql.Quantity):
        return {"value": float(value.value), "unit": value.unit or "1"}
    if isinstance(value, cql.Interval):
        return {
            "low": plain(value.low),
            "high": plain(value.high),
            "lowClosed": value.low_closed,
            "highClosed": value.high_closed,
        }
    if isinstance(value, cql.Code | cql.Concept | cql.Ratio):
        return {name: plain(member) for name, member in value._asdict().items()}
    if isinstance(value, cql.ValueSet):
        return {"valueSet": value.id}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        if "resourceType" in value:
            return f"{value['resourceType']}/{value['id']}"
        return {name: plain(member) for name, member in value.items()}
    raise TypeError(f"{type(value).__name__} is not a CQL value")


def same(ours: Any, reference: Any) -> bool:
    """Equality of plain values; null members of tuples may be left out."""
    if isinstance(ours, bool) or isinstance(reference, bool):
        return ours is reference
    if isinstance(ours, int | float) and isinstance(reference, int | float):
        return abs(ours - reference) <= TOLERANCE * max(1.0, abs(ours))
    if isinstance(ours, dict) and isinstance(reference, dict):
        names = ours.keys() | reference.keys()
        return all(same(ours.get(name), reference.get(name)) for name in names)
    if isinstance(ours, list) and isinstance(reference, list):
        return len(ours) == len(reference) and all(map(same, ours, reference))
    return bool(ours == reference)


def read_libraries(elm_directory: Path) -> list[dict[str, Any]]:
    """All ELM documents of a folder."""
    return [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(elm_directory.glob("*.json"))
        if path.name != MANIFEST
    ]


def define_names(document: Mapping[str, Any]) -> list[str]:
    """Names of the defines of a library, functions and the Patient itself left out."""
    definitions = document["library"].get("statements", {}).get("def", [])
    return [
        definition["name"]
        for definition in definitions
        if definition.get("type") != "FunctionDef" and definition["name"] != "Patient"
    ]


def differences(bundles: Sequence[Path], as_of: str = AS_OF) -> Iterable[Difference]:
    """Every define of every library that the engines value differently, KNOWN ones left out."""
    libraries = read_libraries(CQL_DIRECTORY / "elm")
    program = load(libraries)
    terminology = ValueSets.from_directory(CQL_DIRECTORY / "valuesets")
    moment = datetime.datetime.fromisoformat(as_of).replace(tzinfo=datetime.UTC)
    records = [BundleRecord(json.loads(path.read_text(encoding="utf-8"))) for path in bundles]
    defines = {
        document["library"]["identifier"]["id"]: define_names(document) for document in libraries
    }
    answers = evaluate_reference([name for name in defines if defines[name]], bundles, as_of)
    asked = [
        f"{library}.{name}"
        for library, names in defines.items()
        for name in names
        if f"{library}.{name}" not in KNOWN
    ]
    for number, (bundle, record) in enumerate(zip(bundles, records, strict=True)):
        results = program.evaluate(record, terminology, {}, moment, asked)
        for define in asked:
            library, _, name = define.partition(".")
            ours, reference = plain(results[define]), answers[library][number][name]
            if not same(ours, reference):
                yield Difference(bundle, define, ours, reference)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 when anything differs."""
    parser = argparse.ArgumentParser(prog="python -m tools.conformance.differential")
    parser.add_argument("bundles", nargs="*", type=Path)
    parser.add_argument("--as-of", default=AS_OF)
    chosen = parser.parse_args(arguments)
    bundles = chosen.bundles or sorted((PROJECT / "fhir_fixtures").glob("*/bundle.json"))
    found = list(differences(bundles, chosen.as_of))
    for item in found:
        print(f"{item.bundle.parent.name} {item.define}")
        print(f"    ours      {json.dumps(item.ours, ensure_ascii=False)[:400]}")
        print(f"    reference {json.dumps(item.reference, ensure_ascii=False)[:400]}")
    print(f"{len(found)} differences in {len(bundles)} records")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
