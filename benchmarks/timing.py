"""Durations: taking them, and what is said of many of them. All in milliseconds.

Processor time of the measuring thread, unless the clock is named: other work on the machine makes
what a clock says longer, and a ratio of two such numbers a matter of luck.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ra_cds_hooks.web import settle as settle_worker


def milliseconds(task: Callable[[], Any]) -> float:
    """The processor time of one call."""
    return both(task)[0]


def both(task: Callable[[], Any]) -> tuple[float, float]:
    """The processor time of one call, and how long it takes by the clock."""
    clock, processor = time.perf_counter_ns(), time.thread_time_ns()
    task()
    used = time.thread_time_ns() - processor
    return used / 1e6, (time.perf_counter_ns() - clock) / 1e6


def settle() -> None:
    """Set up the garbage collector by what a serving process calls: what was loaded is out of its
    sight, and it looks after as many new objects.

    Nothing that an evaluation makes is exempt.
    """
    gc.unfreeze()
    settle_worker()


def percentile(values: Sequence[float], per_cent: float) -> float:
    """The smallest value that at least so many per cent do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(per_cent / 100 * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    """The 50th percentile."""
    return percentile(values, 50)


def summary(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and how many values they come from."""
    return {
        "p50": percentile(values, 50),
        "p95": percentile(values, 95),
        "p99": percentile(values, 99),
        "runs": len(values),
    }


def alternating(
    tasks: Mapping[str, Callable[[], Any]], *, runs: int, seconds: float
) -> dict[str, list[float]]:
    """Durations of several tasks that take turns, at most `runs` each; stops after `seconds`.

    Every task runs once before, unmeasured. Each is measured at least twice.
    """
    for task in tasks.values():
        task()
    found: dict[str, list[float]] = {name: [] for name in tasks}
    end = time.perf_counter() + seconds
    for turn in range(runs):
        if turn >= 2 and time.perf_counter() > end:
            break
        for name, task in tasks.items():
            found[name].append(milliseconds(task))
    return found


def exponent(costs: Mapping[int, float]) -> float:
    """Slope of log(cost) over log(size) by least squares: 1 is linear."""
    points = [(math.log(size), math.log(cost)) for size, cost in costs.items()]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum(
        (x - mean_x) ** 2 for x, _ in points
    )
