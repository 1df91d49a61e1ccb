"""The same ELM and the same records through two engines: ours and npm cql-execution.

    python -m tools.conformance.differential [BUNDLE.json ...]     default: all fixtures

Prints every define whose values differ. Decimals are compared to 1e-6 (JavaScript computes them
in binary), everything else exactly. On a record that lies exactly on a decimal threshold the binary
arithmetic may fall on its other side (5.4 - 4.8 > 0.6): such a difference is no fault of ours.

All fixtures take several minutes. No record is begun after --seconds; what was left out is said.
Exit code 0: all compared, only known differences; 1: another difference, or a known one that is
seen no more on all fixtures; 3: time was up before all records were compared.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
CHUNK = 4

# Where cql-execution, not our engine, leaves the specification, with what that says, in our words:
# by define, and by record for differences that follow from one number.
KNOWN = {
    "ObjectiveInflammation.Current Ultrasound Dates": (
        "CQL author's guide, Queries: only a return clause eliminates duplicates (distinct unless "
        "it says all); this query has none, so equal dates of two examinations both stay. "
        "cql-execution removes them."
    ),
}
BINARY = (
    "CQL reference, Decimal: a base-10 fraction with a step of 1e-8, so 5.4 - 4.8 is 0.6 exactly. "
    "cql-execution subtracts in binary, gets 0.6000000000000005 and is past the threshold."
)
# Records that stand exactly on a threshold of a difference of decimals.
KNOWN_RECORDS = {
    "v01-too-early--rise-1-20": BINARY,
    "v02-primary-nonresponse-m3--fall-0-60": BINARY,
    "v02-primary-nonresponse-m3--high-fall-1-20": BINARY,
    "v04-secondary-loss--rise-0-60": BINARY,
}


def why_known(difference: Difference) -> str | None:
    """The entry of KNOWN or KNOWN_RECORDS that a difference falls under, None for a new one."""
    record = difference.bundle.parent.name
    return KNOWN.get(difference.define) or KNOWN_RECORDS.get(record)


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


# CQL reference, ToString: a Decimal is written (-)?#0.0# with at most eight decimals, so 10.0 stays
# "10.0" and a score has eight digits. cql-execution writes what its binary number looks like.
_NUMBER_IN_TEXT = re.compile(r"-?\d+(?:\.\d+)?")


def same(ours: Any, reference: Any) -> bool:
    """Equality of plain values; null members of tuples may be left out.

    Decimals inside texts are compared as numbers.
    """
    if isinstance(ours, bool) or isinstance(reference, bool):
        return ours is reference
    if isinstance(ours, int | float) and isinstance(reference, int | float):
        return abs(ours - reference) <= TOLERANCE * max(1.0, abs(ours))
    if isinstance(ours, dict) and isinstance(reference, dict):
        names = ours.keys() | reference.keys()
        return all(same(ours.get(name), reference.get(name)) for name in names)
    if isinstance(ours, list) and isinstance(reference, list):
        return len(ours) == len(reference) and all(map(same, ours, reference))
    if isinstance(ours, str) and isinstance(reference, str) and ours != reference:
        return _rounded(ours) == _rounded(reference)
    return bool(ours == reference)


def _rounded(text: str) -> str:
    return _NUMBER_IN_TEXT.sub(lambda number: f"{float(number[0]):.6f}", text)


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


def differences(
    bundles: Sequence[Path],
    as_of: str = AS_OF,
    *,
    processes: int = 1,
    until: float | None = None,
    compared: list[Path] | None = None,
) -> Iterator[Difference]:
    """Every define of every library that the engines value differently, known ones too.

    `processes` run the other engine side by side. No record is begun when time.monotonic() is past
    `until`; the records that were compared are appended to `compared`.
    """
    libraries = read_libraries(CQL_DIRECTORY / "elm")
    program = load(libraries)
    terminology = ValueSets.from_directory(CQL_DIRECTORY / "valuesets")
    moment = datetime.datetime.fromisoformat(as_of).replace(tzinfo=datetime.UTC)
    defines = {
        document["library"]["identifier"]["id"]: define_names(document) for document in libraries
    }
    asked = [f"{library}.{name}" for library, names in defines.items() for name in names]
    named = [name for name in defines if defines[name]]
    chunks = [bundles[at : at + CHUNK] for at in range(0, len(bundles), CHUNK)]

    def reference(chunk: Sequence[Path]) -> dict[str, list[dict[str, Any]]] | None:
        if until is not None and time.monotonic() > until:
            return None
        return evaluate_reference(named, chunk, as_of)

    with ThreadPoolExecutor(processes) as pool:
        for chunk, answers in zip(chunks, pool.map(reference, chunks), strict=True):
            if answers is None:
                continue
            for number, bundle in enumerate(chunk):
                record = BundleRecord(json.loads(bundle.read_text(encoding="utf-8")))
                results = program.evaluate(record, terminology, {}, moment, asked)
                if compared is not None:
                    compared.append(bundle)
                for define in asked:
                    library, _, name = define.partition(".")
                    ours, theirs = plain(results[define]), answers[library][number][name]
                    if not same(ours, theirs):
                        yield Difference(bundle, define, ours, theirs)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code; see the module's first lines."""
    parser = argparse.ArgumentParser(prog="python -m tools.conformance.differential")
    parser.add_argument("bundles", nargs="*", type=Path)
    parser.add_argument("--as-of", default=AS_OF)
    parser.add_argument("--seconds", type=float, default=900.0, help="begin no record after this")
    parser.add_argument("--processes", type=int, default=2, help="Node processes side by side")
    chosen = parser.parse_args(arguments)
    bundles = chosen.bundles or sorted((PROJECT / "fhir_fixtures").glob("*/bundle.json"))
    compared: list[Path] = []
    known: Counter[str] = Counter()
    unknown = 0
    for item in differences(
        bundles,
        chosen.as_of,
        processes=chosen.processes,
        until=time.monotonic() + chosen.seconds,
        compared=compared,
    ):
        if why_known(item) is not None:
            known[item.define if item.define in KNOWN else item.bundle.parent.name] += 1
            continue
        unknown += 1
        print(f"{item.bundle.parent.name} {item.define}")
        print(f"    ours      {json.dumps(item.ours, ensure_ascii=False)[:400]}")
        print(f"    reference {json.dumps(item.reference, ensure_ascii=False)[:400]}")
    reasons = KNOWN | KNOWN_RECORDS
    for name, count in sorted(known.items()):
        print(f"known, {count} times: {name}: {reasons[name]}")
    complete = len(compared) == len(bundles)
    stale = sorted(reasons.keys() - known.keys()) if complete and not chosen.bundles else []
    for name in stale:
        print(f"known, but seen no more: {name}; take it off the list")
    print(f"{unknown} differences in {len(compared)} of {len(bundles)} records")
    if unknown or stale:
        return 1
    return 0 if complete else 3


if __name__ == "__main__":
    sys.exit(main())
