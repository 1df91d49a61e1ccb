"""The results table in the engine's README, between two marker lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.conformance.cases import PROJECT
from tools.conformance.run import PASSED

README = PROJECT / "ra_cds_hooks" / "cql_engine_lite" / "README.md"
BEGIN = "<!-- conformance: written by `python -m tools.conformance --readme` -->"
END = "<!-- end of conformance -->"

# Passed of the same 1,823 expressions on one 2-core machine, measured before this engine was
# written; those engines are not run here, and only their totals were recorded.
OTHER_ENGINES = (
    ("fhir4ds-v2", 1755, ""),
    ("`@cqframework/cql` 5.3.0 (reference, JavaScript)", 1680, "`Ln` and division are wrong"),
    ("cql-execution 3.3.2 (JavaScript)", 1630, "Long as text, overflow unchecked"),
    ("ms-cql-sdk", 516, ""),
)


class MarkersMissingError(ValueError):
    """The README does not have both marker lines, in order."""


def table(result: Mapping[str, Any]) -> str:
    """The Markdown of a summary: this engine and the others, then per file."""
    total = result["total"]
    everything = total["total"]

    def engine(name: str, passed: int, remark: str) -> str:
        return f"| {name} | {passed:,} | {100 * passed / everything:.2f} % | {remark} |"

    by_hand = result["handwritten"]
    lines = [
        f"Passed of the {everything:,} public CQL expressions (cqframework/cql-tests), through "
        f"the translator `{result['translator']}`:",
        "",
        "| engine | passed | | |",
        "| --- | ---: | ---: | --- |",
        engine("**cql_engine_lite**", total[PASSED], ""),
        *(engine(*other) for other in OTHER_ENGINES),
        "",
        "| file | passed | of |",
        "| --- | ---: | ---: |",
        *(f"| {file} | {row[PASSED]} | {row['total']} |" for file, row in result["files"].items()),
        f"| total | {total[PASSED]:,} | {everything:,} |",
        "",
        f"Of the {sum(result['invalid'].values())} cases that pass because they must fail, "
        f"{result['invalid']['not translated']} are refused by the translator and "
        f"{result['invalid']['evaluation error']} end in an `EvaluationError`. Not counted: "
        f"{by_hand[PASSED]} of the {by_hand['total']} valid cases that the translator refuses "
        "pass with ELM written by hand.",
    ]
    return "\n".join(lines)


def with_table(text: str, result: Mapping[str, Any]) -> str:
    """The README's text with the table of this result. Raises MarkersMissingError."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise MarkersMissingError(f"the README needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table(result)}\n{END}{after}"


def write(result: Mapping[str, Any], path: Path = README) -> None:
    """Put the table of this result into the README."""
    path.write_text(with_table(path.read_text(encoding="utf-8"), result), encoding="utf-8")
