"""Records to measure with: fixtures as they stand, and records grown to a size."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

PROJECT = Path(__file__).resolve().parents[1]
FIXTURES = PROJECT / "fhir_fixtures"
AS_OF = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
# The fixture with 60 resources, and those within this distance of it.
TYPICAL = "v04-secondary-loss"
ABOUT_60 = range(56, 65)
# Twenty years of results, spread by a step that has no factor in common with their number.
DAYS = 7300
STEP = 37
UNRELATED_KINDS = 50


class BundleRecord:
    """The resources of a Bundle by type, as they stand: the smallest Retriever."""

    def __init__(self, bundle: Mapping[str, Any]) -> None:
        self._by_type: dict[str, list[Mapping[str, Any]]] = {}
        for entry in bundle["entry"]:
            resource = entry["resource"]
            self._by_type.setdefault(resource["resourceType"], []).append(resource)

    def retrieve(self, resource_type: str) -> Sequence[Mapping[str, Any]]:
        """The resources of one type, in the Bundle's order."""
        return self._by_type.get(resource_type, ())


def fixture(case: str) -> Path:
    """The Bundle file of a case."""
    return FIXTURES / case / "bundle.json"


def typical_bundles() -> list[Path]:
    """Bundles of about 60 resources, the typical one first."""
    found = [
        path
        for path in sorted(FIXTURES.glob("*/bundle.json"))
        if len(orjson.loads(path.read_bytes())["entry"]) in ABOUT_60
    ]
    return sorted(found, key=lambda path: path.parent.name != TYPICAL)


def grown(size: int, *, related: bool) -> bytes:
    """The typical record grown to `size` resources, as the JSON text of a Bundle.

    The added resources are Observations of the record with other dates within twenty years. With
    `related` every second one keeps its code; the others, without `related` all, have codes and
    texts that no rule asks for.
    """
    bundle = orjson.loads(fixture(TYPICAL).read_bytes())
    entries = bundle["entry"]
    models = [
        entry
        for entry in entries
        if entry["resource"]["resourceType"] == "Observation"
        and "effectiveDateTime" in entry["resource"]
    ]
    for number in range(size - len(entries)):
        entry = copy.deepcopy(models[number % len(models)])
        resource = entry["resource"]
        resource["id"] = f"added-{number}"
        entry["fullUrl"] = f"{entry['fullUrl'].rpartition('/')[0]}/{resource['id']}"
        day = AS_OF.date() - datetime.timedelta(days=1 + number * STEP % DAYS)
        resource["effectiveDateTime"] = day.isoformat()
        if number % 2 or not related:
            kind = number % UNRELATED_KINDS
            coding = {"system": "urn:example:unrelated", "code": f"unrelated-{kind}"}
            resource["code"] = {"coding": [coding], "text": f"Unrelated {kind}"}
        entries.append(entry)
    return orjson.dumps(bundle)
