"""Evaluate defines of cql/elm with npm cql-execution: a second opinion on our own engine.

    python tools/elm/reference.py RAData BUNDLE.json --as-of 2026-11-23 [DEFINE ...]

Development only. Known limits of that engine: Long values and integer overflow are not CQL's.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.elm.elm import CQL_DIRECTORY
from tools.elm.translator import NodeMissingError, TranslatorFailedError, run_node


def evaluate(
    libraries: Sequence[str],
    bundles: Sequence[Path],
    as_of: str,
    defines: Sequence[str] | None = None,
    *,
    elm_directory: Path = CQL_DIRECTORY / "elm",
    valueset_directory: Path = CQL_DIRECTORY / "valuesets",
) -> dict[str, list[dict[str, Any]]]:
    """Per library and bundle the values by define name (all defines when None), as plain JSON.

    `as_of` is a FHIR date or dateTime; a date means its midnight in UTC. A define that fails
    gives {"$error": message}. Raises TranslatorFailedError when nothing can be evaluated.
    """
    request = {
        "libraries": list(libraries),
        "elm": str(elm_directory),
        "valueSets": str(valueset_directory),
        "asOf": as_of,
        "bundles": [str(bundle) for bundle in bundles],
        "defines": None if defines is None else list(defines),
    }
    return dict(json.loads(run_node("run_cql_execution.mjs", request=json.dumps(request))))


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line entry; see the module's first lines."""
    parser = argparse.ArgumentParser(prog="reference", description=__doc__.splitlines()[0])
    parser.add_argument("library")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("defines", nargs="*", help="define names; all when left out")
    parser.add_argument("--as-of", required=True, help="evaluation date, e.g. 2026-11-23")
    chosen = parser.parse_args(arguments)
    try:
        answers = evaluate([chosen.library], [chosen.bundle], chosen.as_of, chosen.defines or None)
    except (NodeMissingError, TranslatorFailedError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(answers[chosen.library][0], indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
