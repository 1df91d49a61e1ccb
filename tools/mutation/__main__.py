"""`make mutation`: is every comparison, threshold and null rule of the CQL held by an expectation?

    python -m tools.mutation [--workers 2] [--minutes 100] [--only LIBRARY] [--every 1] [--write]

Prints killed / total by kind of change and each survivor; exit code 1 below the goal.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tools.mutation import report, session, value_sets
from tools.mutation.points import Switch


def main(arguments: list[str] | None = None) -> int:
    """Run the check; 0 when the goal is reached."""
    parser = argparse.ArgumentParser(prog="mutation", description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=session.cores())
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--only", action="append", default=[], help="a library's name")
    parser.add_argument("--every", type=int, default=1, help="a sample: every n-th mutant")
    parser.add_argument("--goal", type=float, default=95.0)
    parser.add_argument("--write", action="store_true", help="write docs/mutation.md")
    options = parser.parse_args(arguments)

    switch = Switch()
    points = session.prepared(switch)
    chosen = [p for p in points if not options.only or p.library in options.only]
    asked = [p for p in chosen if not p.equivalent][:: options.every]
    verdicts: list[session.Verdict] = []
    failing: list[str] = []

    def judge(items: list[Any]) -> None:
        tables = [i for i in items if i.nodeid.startswith(value_sets.SUITE)]
        collected = session.Collected([i for i in items if i not in tables])
        with tempfile.TemporaryDirectory() as folder:
            session.observe(collected, switch, Path(folder), options.workers)
        failing.extend(collected.failing)
        until = time.monotonic() + options.minutes * 60
        names = {p.number: p for p in points}
        for verdict in session.judge(
            collected, switch, asked, workers=options.workers, until=until
        ):
            verdicts.append(verdict)
            if verdict.killed_by is None:
                point = names[verdict.number]
                print(f"lives: {point.key} [{point.define}] {verdict.tests} tests", flush=True)
            if len(verdicts) % 100 == 0:
                print(f"{len(verdicts)} of {len(asked)}", file=sys.stderr, flush=True)
        for point, verdict in [] if options.only else value_sets.judge(tables, len(points)):
            points.append(point)
            asked.append(point)
            verdicts.append(verdict)

    session.run(judge, (*session.SUITES, *value_sets.SUITE))
    for name in failing:
        print(f"left out, fails without any mutant: {name}")
    made = report.summed(points, asked, verdicts)
    print(report.as_text(made))
    if options.write and not options.only:
        report.write(made)
    return 0 if made.percent >= options.goal and not failing else 1


if __name__ == "__main__":
    sys.exit(main())
