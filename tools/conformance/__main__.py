"""`python -m tools.conformance`: how many of the public CQL expressions the engine gets right."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.conformance.cases import CasesMissingError, cases_folder, read_cases
from tools.conformance.run import ERRORED, FAILED, PASSED, Verdict, run
from tools.elm.translator import (
    NodeMissingError,
    TranslatorFailedError,
    translator_version,
)


def summary(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Counts per file and in total, and the names of all that did not pass."""
    files: dict[str, Counter[str]] = {}
    for verdict in verdicts:
        files.setdefault(verdict.case.file, Counter())[verdict.outcome] += 1
    total = sum(files.values(), Counter())

    def row(counts: Counter[str]) -> dict[str, Any]:
        everything = counts.total()
        return {
            PASSED: counts[PASSED],
            FAILED: counts[FAILED],
            ERRORED: counts[ERRORED],
            "total": everything,
            "percent": round(100 * counts[PASSED] / everything, 2) if everything else 0.0,
        }

    return {
        "translator": f"@cqframework/cql {translator_version()}",
        "files": {file: row(counts) for file, counts in files.items()},
        "total": row(total),
        "notPassed": [
            {
                "file": verdict.case.file,
                "name": verdict.case.name,
                "outcome": verdict.outcome,
                "expression": verdict.case.expression,
                "detail": verdict.detail,
            }
            for verdict in verdicts
            if verdict.outcome != PASSED
        ],
    }


def print_summary(result: dict[str, Any], verbose: bool) -> None:
    """One line per file, the names of what did not pass below it, the total last."""
    print(f"{'file':40} {'passed':>7} {'failed':>7} {'errored':>8} {'total':>6}")
    for file, row in result["files"].items():
        print(f"{file:40} {row[PASSED]:7} {row[FAILED]:7} {row[ERRORED]:8} {row['total']:6}")
        for item in result["notPassed"]:
            if item["file"] == file:
                detail = f": {item['expression']}  ->  {item['detail']}" if verbose else ""
                print(f"    {item['outcome']} {item['name']}{detail}")
    row = result["total"]
    print(f"{'total':40} {row[PASSED]:7} {row[FAILED]:7} {row[ERRORED]:8} {row['total']:6}")
    print(f"{row['percent']:.2f} % passed ({result['translator']})")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: at or above --minimum; 1: below; 2: no cases or no translator."""
    parser = argparse.ArgumentParser(prog="python -m tools.conformance", description=__doc__)
    parser.add_argument("--tests", type=Path, help="folder with the public *.xml (CQL_TESTS)")
    parser.add_argument("--minimum", type=float, default=0.0, help="percentage to reach")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--only", help="only files or cases whose name contains this")
    parser.add_argument("-v", "--verbose", action="store_true", help="say what went wrong")
    chosen = parser.parse_args(arguments)
    try:
        verdicts = run(read_cases(cases_folder(chosen.tests)))
    except (CasesMissingError, NodeMissingError, TranslatorFailedError) as error:
        print(error, file=sys.stderr)
        return 2
    if chosen.only:
        verdicts = [v for v in verdicts if chosen.only in v.case.file + "." + v.case.name]
    result = summary(verdicts)
    if chosen.json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        print_summary(result, chosen.verbose)
    if result["total"]["percent"] < chosen.minimum:
        print(f"below the minimum of {chosen.minimum} %", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
