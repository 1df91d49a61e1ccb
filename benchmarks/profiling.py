"""Where the time of one evaluation goes: self time by function and by group, under cProfile.

    python -m benchmarks.profiling [--runs 200] [--bundle FILE]

The profiler slows Python functions down more than built-in ones: read shares, not durations.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.ours import CQL, Engine, record_of
from benchmarks.records import TYPICAL, fixture
from benchmarks.timing import median, milliseconds
from ra_cds_hooks.decision import load_content

Row = tuple[str, int, float]


def profile(task: Callable[[], Any], runs: int) -> list[Row]:
    """(function, calls per run, share of self time in per cent), the largest share first."""
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(runs):
        task()
    profiler.disable()
    stats: dict[Any, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    total = sum(entry[2] for entry in stats.values())
    rows = [
        (_label(file, line, name), entry[1] // runs, 100 * entry[2] / total)
        for (file, line, name), entry in stats.items()
    ]
    return sorted(rows, key=lambda row: -row[2])


def _label(file: str, line: int, name: str) -> str:
    if file.startswith("<compiled CQL"):
        return f"compiled CQL {name}:{line}"
    return name if file == "~" else f"{Path(file).stem}.{name}:{line}"


def by_group(rows: Sequence[Row]) -> dict[str, float]:
    """Shares summed by module; all generated code is one group, all built-in functions another."""
    groups: dict[str, float] = defaultdict(float)
    for label, _, share in rows:
        group = "built-in" if label.startswith(("<", "{")) else label.partition(".")[0]
        if label.startswith("compiled CQL"):
            group = "compiled CQL"
        groups[group] += share
    return dict(sorted(groups.items(), key=lambda item: -item[1]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line entry; see the module's first lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profiling")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--bundle", type=Path, default=fixture(TYPICAL))
    chosen = parser.parse_args(arguments)
    content = load_content(CQL)
    engine = Engine.of_content(content)
    record = record_of(chosen.bundle)

    tasks = {
        "values": partial(engine.values, record),
        "values and evidence": partial(engine.evaluate, record),
    }
    for name, task in tasks.items():
        times = [milliseconds(task) for _ in range(chosen.runs)]
        print(f"{name}: median {median(times):.2f} ms without the profiler")
        rows = profile(task, chosen.runs)
        for group, share in list(by_group(rows).items())[:15]:
            print(f"{share:5.1f} %  {group}")
        for label, calls, share in rows[:25]:
            print(f"    {share:5.1f} %  {calls:7d} calls  {label}")
        print()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
