"""Defines whose value a test gives, so that the rule behind them is tested alone.

    planted({"SafetyGate.All Checks": rows}, ["SafetyGate.Gates"], record)["SafetyGate.Gates"]

In the ELM a parameter stands before the expression of each such define; the expression stays, so
that the mutation check finds every point where it is without planting. Values are what the engine
holds: lists, dicts for tuples, strings, Decimal for decimals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from ra_cds_hooks import cql_engine_lite as engine
from tests.cql.build import AS_OF, ROOT, Json, _Record, bundle, plain, terminology


@cache
def _program(names: tuple[str, ...]) -> engine.Program:
    libraries = {}
    for path in sorted((ROOT / "cql" / "elm").glob("*.json")):
        if path.stem != "manifest":
            libraries[path.stem] = json.loads(path.read_text("utf-8"))
    for name in names:
        library, define = name.split(".", 1)
        elm = libraries[library]["library"]
        [statement] = [d for d in elm["statements"]["def"] if d["name"] == define]
        statement["expression"] = {
            "type": "If",
            "condition": {"type": "ParameterRef", "name": f"is planted {define}"},
            "then": {"type": "ParameterRef", "name": f"planted {define}"},
            "else": statement["expression"],
        }
        for parameter in (f"is planted {define}", f"planted {define}"):
            made = {"name": parameter, "accessLevel": "Public", "default": {"type": "Null"}}
            elm.setdefault("parameters", {"def": []})["def"].append(made)
    return engine.load(list(libraries.values()))


def planted(
    values: Mapping[str, Any],
    defines: Sequence[str],
    record: Json | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The defines as plain JSON, with these values standing in for the defines they name."""
    given = dict(parameters or {})
    for name, value in values.items():
        library, define = name.split(".", 1)
        given[f"{library}.planted {define}"] = value
        given[f"{library}.is planted {define}"] = True
    moment = datetime.fromisoformat(AS_OF).replace(tzinfo=UTC)
    found = _program(tuple(sorted(values))).evaluate(
        _Record(record or bundle()), terminology(), given, moment, list(defines)
    )
    return {name: plain(found[name]) for name in defines}
