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
    library: str,
    bundle: Path,
    as_of: str,
    defines: Sequence[str] = (),
    *,
    elm_directory: Path = CQL_DIRECTORY / "elm",
    valueset_directory: Path = CQL_DIRECTORY / "valuesets",
) -> dict[str, Any]:
    """Values by define name (all defines of the library when none is named), as plain JSON.

    `as_of` is a FHIR date or dateTime; a date means its midnight in UTC. Raises
    TranslatorFailedError when the engine fails.
    """
    answer = run_node(
        "run_cql_execution.mjs",
        library,
        str(bundle),
        as_of,
        str(elm_directory),
        str(valueset_directory),
        *defines,
    )
    return dict(json.loads(answer))


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line entry; see the module's first lines."""
    parser = argparse.ArgumentParser(prog="reference", description=__doc__.splitlines()[0])
    parser.add_argument("library")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("defines", nargs="*", help="define names; all when left out")
    parser.add_argument("--as-of", required=True, help="evaluation date, e.g. 2026-11-23")
    chosen = parser.parse_args(arguments)
    try:
        values = evaluate(chosen.library, chosen.bundle, chosen.as_of, chosen.defines)
    except (NodeMissingError, TranslatorFailedError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(values, indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
