"""`python -m tools.conformance`: how many of the public CQL expressions the engine gets right.

Exit code 0: every case passes or is in tests/conformance/exclusions.toml, and the total is at or
above --minimum; 1: not so; 2: no cases or no translator. `--readme` writes the table in the
engine's README.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.conformance import readme
from tools.conformance.cases import Case, CasesMissingError, cases_folder, read_cases
from tools.conformance.exclusions import Exclusion, Key, discrepancies, read_exclusions
from tools.conformance.handwritten import run_handwritten
from tools.conformance.run import ERRORED, FAILED, NO_RESULT, NOT_TRANSLATED, PASSED, Verdict, run
from tools.elm.translator import (
    NodeMissingError,
    TranslatorFailedError,
    translator_version,
)


def summary(
    verdicts: Sequence[Verdict],
    handwritten: Sequence[Verdict] = (),
    exclusions: Mapping[Key, Exclusion] | None = None,
) -> dict[str, Any]:
    """Counts per file and in total, and the names of all that did not pass.

    `handwritten` are the verdicts with ELM written by hand; they count on their own.
    """
    excluded = exclusions or {}
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
        "invalid": {
            how: sum(bool(v.case.invalid) and v.detail == how for v in verdicts)
            for how in (NOT_TRANSLATED, NO_RESULT)
        },
        "handwritten": row(Counter(verdict.outcome for verdict in handwritten)),
        "notPassed": [
            {
                "file": verdict.case.file,
                "name": verdict.case.name,
                "outcome": verdict.outcome,
                "expression": verdict.case.expression,
                "detail": verdict.detail,
                "cause": exclusion.cause if exclusion else None,
                "reason": exclusion.reason if exclusion else None,
            }
            for verdict in verdicts
            if verdict.outcome != PASSED
            for exclusion in (excluded.get((verdict.case.file, verdict.case.name)),)
        ],
    }


def print_summary(result: dict[str, Any], verbose: bool) -> None:
    """One line per file, the names of what did not pass below it, the total last."""
    print(f"{'file':40} {'passed':>7} {'failed':>7} {'errored':>8} {'total':>6}")
    for file, row in result["files"].items():
        print(f"{file:40} {row[PASSED]:7} {row[FAILED]:7} {row[ERRORED]:8} {row['total']:6}")
        for item in result["notPassed"]:
            if item["file"] == file:
                print(f"    {item['outcome']} {item['name']} ({item['cause'] or 'NOT EXCLUDED'})")
                if verbose:
                    print(f"        {' '.join(item['expression'].split())}  ->  {item['detail']}")
                    print(f"        {item['reason'] or 'no reason in exclusions.toml'}")
    row = result["total"]
    print(f"{'total':40} {row[PASSED]:7} {row[FAILED]:7} {row[ERRORED]:8} {row['total']:6}")
    print(f"{row['percent']:.2f} % passed ({result['translator']})")
    invalid = ", ".join(f"{count} {how}" for how, count in result["invalid"].items())
    print(f"cases that must fail and do: {invalid}")
    by_hand = result["handwritten"]
    if by_hand["total"]:
        print(f"with ELM written by hand, not counted above: {by_hand[PASSED]}/{by_hand['total']}")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code; see the module's first lines."""
    parser = argparse.ArgumentParser(prog="python -m tools.conformance", description=__doc__)
    parser.add_argument("--tests", type=Path, help="folder with the public *.xml (CQL_TESTS)")
    parser.add_argument("--minimum", type=float, default=0.0, help="percentage to reach")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--only", help="only files or cases whose name contains this")
    parser.add_argument("--readme", action="store_true", help="write the table in the README")
    parser.add_argument("-v", "--verbose", action="store_true", help="what went wrong, and why")
    chosen = parser.parse_args(arguments)
    exclusions = read_exclusions()
    try:
        cases = read_cases(cases_folder(chosen.tests))
        verdicts = run(cases)
    except (CasesMissingError, NodeMissingError, TranslatorFailedError) as error:
        print(error, file=sys.stderr)
        return 2
    wrong = discrepancies(verdicts, exclusions)
    by_hand = run_handwritten(cases)
    if chosen.readme:
        readme.write(summary(verdicts, by_hand, exclusions))
    if chosen.only:
        verdicts = [verdict for verdict in verdicts if named(verdict.case, chosen.only)]
        by_hand = [verdict for verdict in by_hand if named(verdict.case, chosen.only)]
    result = summary(verdicts, by_hand, exclusions)
    if chosen.json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        print_summary(result, chosen.verbose)
    for line in wrong:
        print(line, file=sys.stderr)
    if result["total"]["percent"] < chosen.minimum:
        print(f"below the minimum of {chosen.minimum} %", file=sys.stderr)
        return 1
    return 1 if wrong else 0


def named(case: Case, part: str) -> bool:
    """Whether the case's file or name contains this text."""
    return part in f"{case.file}.{case.name}"


if __name__ == "__main__":
    sys.exit(main())
