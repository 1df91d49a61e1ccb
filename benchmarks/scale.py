"""How our cost grows: with the record, with unrelated resources, with content nobody asks for."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson

from benchmarks.ours import CQL, Engine, content_elm, documents, hook_evidence
from benchmarks.records import AS_OF, BundleRecord, grown
from benchmarks.timing import alternating, exponent, median, milliseconds, settle
from ra_cds_hooks.decision import Content, decide, load_content
from ra_cds_hooks.fhir import ElementChecks, PatientRecord, Reading

SIZES = (60, 600, 6_000, 60_000)
QUICK_SIZES = (60, 600)
FLOOR_SIZE = 600
# Per measured point: at most so many runs, and about so many seconds.
RUNS = 101
SECONDS = 5.0


class Measured:
    """The clinical content, loaded once for all measurements of this module."""

    def __init__(self) -> None:
        self.content: Content = load_content(CQL)
        self.engine = Engine.of_content(self.content)
        self.reading = Reading(ElementChecks(self.content.program.elements_read()))
        settle()

    def request(self, bundle: Mapping[str, Any]) -> None:
        """What the hook does between parsing and rendering: read the record, decide."""
        decide(self.content, PatientRecord.read_bundle(bundle, self.reading), AS_OF)


def record_size(measured: Measured, sizes: tuple[int, ...], *, related: bool) -> dict[str, Any]:
    """Median ms by number of resources: the engine, the parser (floor), the whole request."""
    rows = []
    for size in sizes:
        text = grown(size, related=related)
        bundle = orjson.loads(text)
        record = BundleRecord(bundle)
        runs = RUNS if size <= FLOOR_SIZE else 11
        times = alternating(
            {
                "engine": partial(measured.engine.evaluate, record),
                "values": partial(measured.engine.values, record),
                "loads": partial(orjson.loads, text),
                "request": partial(measured.request, bundle),
            },
            runs=runs,
            seconds=SECONDS,
        )
        row: dict[str, Any] = {name: median(values) for name, values in times.items()}
        row |= {"size": size, "bytes": len(text), "runs": len(times["engine"])}
        row["multipleOfLoads"] = row["engine"] / row["loads"]
        rows.append(row)
    return {
        "related": related,
        "rows": rows,
        "exponent": exponent({row["size"]: row["engine"] for row in rows}),
        # The fixed cost of the content hides the slope at small sizes: the last step shows it.
        "lastExponent": exponent({row["size"]: row["engine"] for row in rows[-2:]}),
        "marginalMicroseconds": (rows[-1]["engine"] - rows[0]["engine"])
        / (rows[-1]["size"] - rows[0]["size"])
        * 1000,
    }


def doubled(document: Mapping[str, Any]) -> dict[str, Any]:
    """The library with every define a second time under another name that nothing refers to."""
    copied = copy.deepcopy(dict(document))
    definitions = copied["library"].get("statements", {}).get("def", [])
    definitions += [
        {**copy.deepcopy(definition), "name": f"Unneeded {definition['name']}"}
        for definition in list(definitions)
        if definition.get("type") != "FunctionDef" and definition["name"] != "Patient"
    ]
    return copied


def content_size(*, quick: bool) -> dict[str, Any]:
    """The same request with the content as it is and with twice its defines, in turns."""
    content = load_content(CQL)
    defines, evidence = content.defines, hook_evidence(content)
    libraries = documents(content_elm())
    twice = [doubled(document) for document in libraries]
    record = BundleRecord(orjson.loads(grown(60, related=True)))
    engines: dict[str, Engine] = {}
    loading: dict[str, float] = {}
    for name, elm in (("content", libraries), ("twice", twice)):
        loading[name] = milliseconds(
            lambda name=name, elm=elm: engines.update({name: Engine.of(elm, defines, evidence)})  # type: ignore[misc]
        )
    settle()
    times = alternating(
        {name: partial(engine.evaluate, record) for name, engine in engines.items()},
        runs=5 if quick else 400,
        seconds=2 if quick else 20,
    )
    return {
        "defines": {name: len(engine.program.defines) for name, engine in engines.items()},
        "load": loading,
        "median": {name: median(values) for name, values in times.items()},
        "ratio": median(times["twice"]) / median(times["content"]),
        "runs": len(times["content"]),
    }


def trace_cost(*, quick: bool) -> dict[str, Any]:
    """The same request by a program that never traced and by one that has, and with a trace."""
    content = load_content(CQL)
    libraries = documents(content_elm())
    record = BundleRecord(orjson.loads(grown(60, related=True)))
    never, has = (Engine.of(libraries, content.defines, hook_evidence(content)) for _ in range(2))
    traced = partial(
        has.program.evaluate, record, has.terminology, {}, AS_OF, content.defines, trace=True
    )
    traced()
    settle()
    times = alternating(
        {
            "never": partial(never.values, record),
            "has": partial(has.values, record),
            "traced": traced,
        },
        runs=5 if quick else 200,
        seconds=2 if quick else 20,
    )
    found = {name: median(values) for name, values in times.items()}
    return {
        "median": found,
        "off": found["has"] / found["never"],
        "on": found["traced"] / found["never"],
        "runs": len(times["never"]),
    }
