"""Records for the properties, and what the gate's checks say of each molecule.

A record is a fixture's bundle, changed: results taken away or made old, lists withheld, findings
added.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ra_cds_hooks.fhir.record import PatientRecord
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import reading_for
from tests.content import committed_content
from tools.fixtures.chart import PatientChart

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fhir_fixtures"
AS_OF = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALL_CHECKS = "SafetyGate.All Checks"
# Better to worse; None is no row at all, which says nothing.
WORSE = ("ok", "caution", "unknown", "do_first", "block")
MOLECULES = {
    "TNFi": ("adalimumab", "etanercept", "infliximab", "golimumab", "certolizumab pegol"),
    "IL6Ri": ("tocilizumab", "sarilumab"),
    "ABA": ("abatacept",),
    "RTX": ("rituximab",),
    "JAKi": ("tofacitinib", "baricitinib", "upadacitinib", "filgotinib"),
    "MTX": ("methotrexate",),
    "LEF": ("leflunomide",),
    "SSZ": ("sulfasalazine",),
    "HCQ": ("hydroxychloroquine",),
}
KNOWN = frozenset(m for molecules in MOLECULES.values() for m in molecules) | {
    *("olokizumab", "peficitinib"),
}
Bundle = dict[str, Any]
Row = dict[str, Any]
# (check id, molecule, occasion) -> rows
Said = dict[tuple[str, str, str], list[Row]]


@functools.cache
def parts():
    """The content, and how a record is read with it."""
    configured = load_settings()
    content = committed_content()
    return content, reading_for(content, configured)


@functools.cache
def _text(case: str) -> bytes:
    return (FIXTURES / case / "bundle.json").read_bytes()


def bundle_of(case: str) -> Bundle:
    return orjson.loads(_text(case))


def resources(bundle: Bundle) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"]]


def patient(bundle: Bundle) -> dict[str, Any]:
    return next(r for r in resources(bundle) if r["resourceType"] == "Patient")


def rows(bundle: Bundle, withheld: Collection[str] = ()) -> list[Row]:
    """The rows of every check; types in ``withheld`` could not be obtained completely."""
    content, reading = parts()
    record = PatientRecord.read_bundle(bundle, reading, incomplete=withheld)
    parameters = {
        **content.parameters,
        content.incomplete_data_parameter: sorted(record.incomplete),
    }
    found = content.program.evaluate(
        record, content.terminology, parameters, as_of=AS_OF, defines=[ALL_CHECKS]
    )
    return [dict(row) for row in found[ALL_CHECKS]]


@functools.lru_cache(maxsize=600)
def rows_of_case(case: str) -> tuple[Row, ...]:
    return tuple(rows(bundle_of(case)))


def said(found: Iterable[Row]) -> Said:
    """Which rows speak of each molecule, for a start and for going on."""
    made: Said = {}
    for row in found:
        named = [m for m in row["molecules"] if m in KNOWN]
        speaks_of = named or [m for c in row["classes"] for m in MOLECULES[c]]
        both = row["applies"] == "both"
        for occasion in ("start", "continue") if both else (row["applies"],):
            for molecule in speaks_of:
                made.setdefault((row["id"], molecule, occasion), []).append(row)
    return made


def worst(found: Iterable[Row]) -> str | None:
    """The worst verdict; None of no row."""
    return max((r["verdict"] for r in found), key=WORSE.index, default=None)


def of_molecule(found: Said) -> dict[tuple[str, str], str]:
    """The verdict of each molecule and occasion over all checks."""
    gathered: dict[tuple[str, str], list[Row]] = {}
    for (_, molecule, occasion), about in found.items():
        gathered.setdefault((molecule, occasion), []).extend(about)
    return {key: str(worst(about)) for key, about in gathered.items()}


def at_least(verdict: str | None, least: str) -> bool:
    return verdict is not None and WORSE.index(verdict) >= WORSE.index(least)


def codes(resource: Mapping[str, Any]) -> set[str]:
    return {coding.get("code") for coding in resource.get("code", {}).get("coding", [])}


def without_codes(bundle: Bundle, wanted: Collection[str]) -> Bundle:
    kept = [e for e in bundle["entry"] if not codes(e["resource"]) & set(wanted)]
    return {**bundle, "entry": kept}


def without_types(bundle: Bundle, types: Collection[str]) -> Bundle:
    kept = [e for e in bundle["entry"] if e["resource"]["resourceType"] not in types]
    return {**bundle, "entry": kept}


def without_references(bundle: Bundle, gone: Collection[str]) -> Bundle:
    kept = [e for e in bundle["entry"] if reference(e["resource"]) not in gone]
    return {**bundle, "entry": kept}


def reference(resource: Mapping[str, Any]) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def with_findings(bundle: Bundle, chart: PatientChart) -> Bundle:
    """The bundle with the resources of ``chart`` as this patient's, under ids of their own."""
    added = chart.bundle(patient(bundle)["id"])["entry"][1:]
    for number, entry in enumerate(added):
        entry["resource"]["id"] = f"added-{number}"
        entry["fullUrl"] = f"urn:uuid:added-{number}"
    return {**bundle, "entry": [*bundle["entry"], *added]}


def empty_chart() -> PatientChart:
    return PatientChart("Added Finding", "female", "1970-01-01")


def check_ids() -> set[str]:
    """Every ``G-...`` in the libraries that the gate includes, however far below, from the ELM."""
    folder = ROOT / "cql" / "elm"
    found: set[str] = set()
    waiting, seen = ["SafetyGate"], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        text = (folder / f"{name}.json").read_text("utf-8")
        library = orjson.loads(text)["library"]
        waiting += [include["path"] for include in library.get("includes", {}).get("def", [])]
        found |= set(re.findall(r'"value"\s*:\s*"(G-[A-Z]+[0-9]*)"', text))
    return found
