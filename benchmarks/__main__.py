"""Measure everything and write the tables (`make benchmark`).

python -m benchmarks --date 2026-11-23          results.md and results.json beside this file
python -m benchmarks --quick                    few runs, small records; prints, writes nothing
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks import machine, report, scale, side_by_side, start

FOLDER = Path(__file__).parent


def measure(*, quick: bool, date: str) -> dict[str, Any]:
    """All measurements in one run, as results.json holds them."""
    started = time.perf_counter()
    results: dict[str, Any] = {
        "date": date,
        "quick": quick,
        "machine": machine.description(),
        "load": {"start": machine.load_average()},
    }
    results["start"] = start.cold_start(quick=quick)
    _say("cold start", started)
    results["sideBySide"] = []
    for comparison in side_by_side.comparisons(quick=quick):
        results["sideBySide"].append(side_by_side.compare(comparison))
        _say(comparison.name, started)
        gc.collect()
    measured = scale.Measured()
    sizes = scale.QUICK_SIZES if quick else scale.SIZES
    results["recordSize"] = []
    for related in (True, False):
        results["recordSize"].append(scale.record_size(measured, sizes, related=related))
        _say("record size", started)
        gc.collect()
    results["contentSize"] = scale.content_size(quick=quick)
    results["trace"] = scale.trace_cost(quick=quick)
    _say("trace", started)
    results["load"]["end"] = machine.load_average()
    results["minutes"] = round((time.perf_counter() - started) / 60, 1)
    return results


def _say(what: str, started: float) -> None:
    print(f"{time.perf_counter() - started:4.0f} s  {what}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line entry; see the module's first lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--date", default="", help="day of the run, for the table's heading")
    parser.add_argument("--quick", action="store_true", help="is everything in order? No results")
    chosen = parser.parse_args(arguments)
    if not chosen.quick and not chosen.date:
        parser.error("--date is needed: results without a day are of no use")
    results = measure(quick=chosen.quick, date=chosen.date)
    text = report.markdown(results)
    print(text)
    if not chosen.quick:
        (FOLDER / "results.md").write_text(text, encoding="utf-8")
        (FOLDER / "results.json").write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
