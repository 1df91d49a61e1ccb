"""`make mutation`: is every comparison, threshold and null rule of the CQL held by an expectation?

    python -m tools.mutation --only LIBRARY [--only ...]   judge these and keep their verdicts
    python -m tools.mutation --stale     ... what has changed since it was judged, or never was
    python -m tools.mutation --value-sets
    python -m tools.mutation [--every 20]    ... everything; a sample is printed, never kept
    python -m tools.mutation --only LIBRARY --tests tests/cql/test_one.py    by a part of the tests
    python -m tools.mutation --report    write docs/mutation.md (with --stale: judge those first)

Verdicts are kept a whole library at a time (tools/mutation/results); those by a part of the tests
with the names of these, for a kill is a kill, and what lives may be killed by another. Exit code 1
below the goal: of what was judged, or with --report of everything, where what was not judged counts
as not killed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.mutation import observation, report, results, session, value_sets
from tools.mutation.points import Point, Switch
from tools.mutation.results import VALUE_SETS


class Judging:
    """One run over the chosen libraries, value sets last; keeps a library's verdicts as soon as all
    of them are there."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.texts = observation.Texts.now()
        self.switch = Switch()
        self.points = [*session.prepared(self.switch)]
        self.value_sets_start = len(self.points)
        self.points += [point for point, _, _ in value_sets.mutants(self.value_sets_start)]
        self.libraries = sorted({p.library for p in self.points})
        self.sources = {name: results.source_of(name) for name in self.libraries}
        self.places = session.places(self.points)
        self.chosen: list[str] = []
        self.killed: dict[int, bool] = {}
        self.killers: dict[str, str] = {}
        self.failing: list[str] = []

    def choose(self) -> None:
        """The libraries that the options name. Raises ValueError for one that is not there."""
        options = self.options
        if unknown := set(options.only) - set(self.libraries):
            raise ValueError(f"no points in {', '.join(sorted(unknown))}")
        names = [*options.only, *([VALUE_SETS] if options.value_sets else [])]
        if not names and (options.stale or not options.report):
            names = self.libraries
        if options.stale:
            stale = {lib.name for lib in self.known() if lib.state != results.JUDGED}
            names = [name for name in names if name in stale]
        self.chosen = sorted(set(names))

    def known(self) -> list[report.Library]:
        """Every library with what its file says."""
        return [
            report.library(name, self.of(name), results.read(name), self.sources[name])
            for name in self.libraries
        ]

    def of(self, library: str) -> list[Point]:
        """The points of a library."""
        return [p for p in self.points if p.library == library]

    def asked(self) -> list[Point]:
        """The mutants to be judged in the CQL, library after library."""
        found = [p for name in self.chosen if name != VALUE_SETS for p in self.of(name)]
        return [p for p in found if not p.equivalent][:: self.options.every]

    def asked_count(self) -> int:
        """How many mutants this run was to judge, the value sets' among them."""
        sets = self.of(VALUE_SETS)[:: self.options.every] if VALUE_SETS in self.chosen else []
        return len(self.asked()) + len(sets)

    def run(self, items: list[Any]) -> None:
        """Judge the chosen libraries with these collected tests."""
        until = time.monotonic() + self.options.minutes * 60
        asked = self.asked()
        missing = Counter(p.library for p in asked)
        for name in self.chosen:
            if name != VALUE_SETS and not missing[name]:
                self.keep(name)  # nothing in it can show, or the sample has none of it
        names = {p.number: p for p in self.points}
        for verdict in self._verdicts(items, asked, until):
            point = names[verdict.number]
            self.killed[point.number] = verdict.killed_by is not None
            if verdict.killed_by is None:
                print(f"lives: {point.key} [{point.define}] {verdict.tests} tests", flush=True)
            else:
                self.killers[self.places[point.number]] = verdict.killed_by
            if len(self.killed) % 50 == 0:
                print(f"{len(self.killed)} judged", file=sys.stderr, flush=True)
            missing[point.library] -= 1
            if missing[point.library] == 0:
                self.keep(point.library)
        if VALUE_SETS in self.chosen:
            self.keep(VALUE_SETS)

    def _verdicts(
        self, items: list[Any], asked: Sequence[Point], until: float
    ) -> Iterator[session.Verdict]:
        tables = [i for i in items if i.nodeid.startswith(value_sets.SUITE)]
        if asked:
            rest = [i for i in items if i not in set(tables)]
            collected = session.Collected(rest, killers=session.killers())
            workers = self.options.workers
            with tempfile.TemporaryDirectory() as folder:
                observation.observe(collected, self.switch, Path(folder), workers, self.texts)
            self.failing += collected.failing
            yield from session.judge(
                collected, self.switch, asked, self.places, workers=workers, until=until
            )
        if VALUE_SETS in self.chosen:
            start, every = self.value_sets_start, self.options.every
            yield from value_sets.judge(tables, start, until, every)

    def keep(self, library: str) -> None:
        """Write the library's file, when it was judged whole."""
        session.remember(self.killers)
        kinds = results.counted(self.of(library), self.killed)
        if any(kind.unjudged for kind in kinds.values()):
            print(f"{library}: not judged whole, not kept", flush=True)
            return
        day = datetime.now(UTC).date().isoformat()
        tests = () if library == VALUE_SETS else tuple(sorted(self.options.tests))
        results.write(results.Result(library, self.sources[library], day, kinds, tests))
        sums = report.totals(list(kinds.values()))
        print(f"{library}: {sums.killed} killed, {sums.survivors} live", flush=True)


def untranslated(root: Path = results.ROOT) -> list[str]:
    """Libraries whose ELM was made from another text than that of their CQL."""
    manifest = json.loads((root / "cql" / "elm" / "manifest.json").read_text(encoding="utf-8"))
    return [
        name
        for name, entry in manifest["libraries"].items()
        if entry["cql"] != results.source_of(name, root)
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run the check; 0 when the goal is reached."""
    summary, _, usage = str(__doc__).partition("\n")
    parser = argparse.ArgumentParser(
        prog="mutation",
        description=summary,
        epilog=usage,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", action="append", default=[], help="a library's name")
    parser.add_argument("--stale", action="store_true", help="only what has no verdicts")
    parser.add_argument("--value-sets", action="store_true", help="the value sets")
    parser.add_argument("--tests", action="append", default=[], help="only these files")
    parser.add_argument("--report", action="store_true", help="write docs/mutation.md")
    parser.add_argument("--every", type=int, default=1, help="a sample: every n-th mutant")
    parser.add_argument("--workers", type=int, default=session.cores())
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--goal", type=float, default=95.0)
    options = parser.parse_args(arguments)
    if old := untranslated():
        parser.error(f"translate first (make elm): {', '.join(old)}")

    judging = Judging(options)
    try:
        judging.choose()
    except ValueError as error:
        parser.error(str(error))
    if judging.chosen:
        session.run(judging.run, (*(options.tests or session.SUITES), *value_sets.SUITE))
    for name in judging.failing:
        print(f"left out, fails without any mutant: {name}")
    if options.report:
        libraries = judging.known()
        report.PAGE.write_text(report.page(libraries, options.goal), encoding="utf-8")
        print(report.as_text(libraries))
        percent = report.overall(libraries).percent
    else:
        killed, asked = sum(judging.killed.values()), judging.asked_count()
        percent = 100 * killed / asked if asked else 100.0
        judged = len(judging.killed)
        print(f"killed {killed} of {asked}: {percent:.1f} % ({asked - judged} not judged)")
    return 0 if percent >= options.goal and not judging.failing else 1


if __name__ == "__main__":
    sys.exit(main())
