"""``python -m tools.interop``: the interoperability report."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

from tools.interop.report import document, faults, markdown
from tools.interop.run import SMALL, Sizes, whole_run


def main() -> int:
    """Prints the report; 1 when an answer was unplanned or departed from CDS Hooks."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.interop",
        description="Patients of third-party generators, in a third-party FHIR server, through "
        "the real hook. Needs the development dependencies; talks to 127.0.0.1 only.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of markdown")
    parser.add_argument("--small", action="store_true", help="the size that the tests use")
    parser.add_argument("--seed", type=int, default=Sizes.seed, help="seed of every generator")
    parser.add_argument(
        "--as-of",
        type=date.fromisoformat,
        default=date(2026, 11, 23),
        help="evaluation date, and the last day of every record (default 2026-11-23)",
    )
    parser.add_argument("--decisions", type=Path, help="write every Decision to this file (JSON)")
    arguments = parser.parse_args()
    sizes = replace(SMALL if arguments.small else Sizes(), seed=arguments.seed)
    with tempfile.TemporaryDirectory(prefix="ra-cds-interop-") as folder:
        run = whole_run(Path(folder), sizes, arguments.as_of)
    if arguments.decisions:
        decisions = [
            {
                "source": shot.source,
                "patient": shot.patient_id,
                "status": shot.status,
                "course": shot.overlay and shot.overlay.course,
                "drug": shot.overlay and shot.overlay.drug,
                "months": shot.overlay and shot.overlay.months,
                "decision": shot.decision,
            }
            for shot in run.plain + run.overlaid
        ]
        arguments.decisions.write_text(json.dumps(decisions, indent=1), "utf-8")
    print(json.dumps(document(run), indent=2) if arguments.json else markdown(run))
    found = faults(run.plain + run.overlaid)
    found += [f"{name}: another Decision with prefetch" for name in run.differing()]
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
