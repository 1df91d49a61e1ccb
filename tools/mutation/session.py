"""Running the hand-written expectations against one mutant after the other, in forked children.

pytest collects once. First it is written down in which tests each change shows at its place, with
all mutants off (observation.py); then, for each mutant, a child runs those tests until one fails:
the one that killed it the last time first, then those in which the least of everything shows.
"""

from __future__ import annotations

import functools
import gc
import json
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tools.mutation.points import Point, Switch, mutating_program

ROOT = Path(__file__).resolve().parents[2]
# Expectations written by hand. No snapshots (tests/decision), no hook twice over; the properties
# (tests/property) would count too, but take a minute a mutant and kill next to none of the rest.
SUITES = ("tests/cql", "tests/cases")
SAME_CASE_AGAIN = "test_hook_agrees_with_case"
# It counts lines, of which the program with its mutants has more.
COUNTS_LINES = "test_ten_times_as_many_observations_are_ten_times_the_work"
KILLERS = ROOT / ".cache" / "mutation" / "killers.json"


@dataclass
class Collected:
    """The collected tests with the points whose change shows in each (bit n: point n), filled
    by `observe`, and by place the test that killed its mutant the last time."""

    items: list[pytest.Item]
    reached: dict[str, int] = field(default_factory=dict)
    killers: dict[str, str] = field(default_factory=dict)
    failing: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant: the test that failed, or None when it lived through ``tests``."""

    number: int
    killed_by: str | None
    tests: int
    seconds: float


def _is_planted(document: Mapping[str, Any]) -> bool:
    """Whether tests.cql.planted made this ELM."""
    parameters = document["library"].get("parameters", {}).get("def", [])
    return any(str(p["name"]).startswith("is planted ") for p in parameters)


def prepared(switch: Switch) -> list[Point]:
    """Make every later `load` and `load_content` give the program with its mutants."""
    from ra_cds_hooks import cql_engine_lite, decision
    from ra_cds_hooks.decision import catalogue
    from ra_cds_hooks.settings import load_settings

    paths = sorted((ROOT / "cql" / "elm").glob("*.json"))
    documents = [json.loads(p.read_text("utf-8")) for p in paths if p.stem != "manifest"]
    program, points = mutating_program(documents, switch)

    def load(given: Sequence[Any] = (), **__: Any) -> Any:
        if not any(isinstance(d, Mapping) and _is_planted(d) for d in given):
            return program
        # Tests that plant values have ELM of their own: the same points, the same numbers.
        own, own_points = mutating_program(given, switch)
        if [p.key for p in own_points] != [p.key for p in points]:
            raise ValueError("planted ELM has other points than the content")
        return own

    cql_engine_lite.load = load
    catalogue.load = load
    load_content = functools.cache(catalogue.load_content)
    load_content(load_settings().content_dir)

    def content(content_dir: Path, parameters: Mapping[str, Any] | None = None, **more: Any) -> Any:
        if parameters or more:
            return catalogue.load_content(content_dir, parameters, **more)
        return load_content(content_dir)

    decision.load_content = content
    return points


class _Collector:
    """A pytest plugin that keeps what was collected and stops before running it."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []
        self.then: Any = None

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        left_out = (SAME_CASE_AGAIN, COUNTS_LINES)
        self.items = [i for i in items if not any(name in i.nodeid for name in left_out)]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.then(self.items)
        return True


def run(then: Any, suites: Sequence[str] = SUITES) -> int:
    """Collect the suites, then call ``then(items)`` inside the pytest session; its exit code."""
    plugin = _Collector()
    plugin.then = then
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    os.chdir(ROOT)
    return int(pytest.main([*options, *suites], plugins=[plugin]))


def passes(items: Sequence[pytest.Item], each: Any = None) -> str | None:
    """Run the items in order until one fails: its id, or None."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        reports = runtestprotocol(item, log=False, nextitem=following)
        if each is not None:
            each(item)
        if any(report.failed for report in reports):
            return item.nodeid
    return None


@contextmanager
def _silence() -> Iterator[None]:
    """A child says nothing: a failing test's output is of no interest here."""
    with Path(os.devnull).open("w") as nothing:
        sys.stdout = sys.stderr = nothing
        yield


def in_child(work: Any, answer: Path) -> int:
    """Fork; the child pickles what ``work()`` gives into ``answer``. Gives the child's pid."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        with _silence():
            result = work()
        answer.write_bytes(pickle.dumps(result))
        code = 0
    finally:
        os._exit(code)


def forked(work: Any) -> Any:
    """What ``work()`` gives, done in a child so that nothing of it stays. Raises RuntimeError."""
    with tempfile.TemporaryDirectory() as name:
        answer = Path(name) / "answer"
        os.waitpid(in_child(work, answer), 0)
        if not answer.exists():
            raise RuntimeError("the child gave no answer")
        return pickle.loads(answer.read_bytes())


def places(points: Sequence[Point]) -> dict[int, str]:
    """A name of each point that does not move when lines are added above it, by number."""
    names: dict[int, str] = {}
    seen: Counter[str] = Counter()
    for point in points:
        name = f"{point.library}|{point.define}|{point.change}"
        names[point.number] = f"{name}|{seen[name]}"
        seen[name] += 1
    return names


def killers() -> dict[str, str]:
    """By place the test that killed its mutant the last time: an order, nothing more."""
    if not KILLERS.exists():
        return {}
    found: dict[str, str] = json.loads(KILLERS.read_text(encoding="utf-8"))
    return found


def remember(found: Mapping[str, str]) -> None:
    """Keep the killers for the next time."""
    KILLERS.parent.mkdir(parents=True, exist_ok=True)
    KILLERS.write_text(json.dumps({**killers(), **found}, indent=0), encoding="utf-8")


def relevant(collected: Collected, point: Point, place: str = "") -> list[pytest.Item]:
    """The tests in which a point's change shows at its place: the one that killed it the last
    time, then those that reach the least of everything."""
    reach = collected.reached
    found = [item for item in collected.items if reach[item.nodeid] >> point.number & 1]
    killer = collected.killers.get(place)
    return sorted(found, key=lambda i: (i.nodeid != killer, reach[i.nodeid].bit_count(), i.nodeid))


def judge(
    collected: Collected,
    switch: Switch,
    points: Sequence[Point],
    names: Mapping[int, str],
    *,
    workers: int,
    until: float,
    seconds: float = 300.0,
) -> Iterator[Verdict]:
    """The verdict on each mutant, as they come, until the monotonic moment ``until``; ``names`` are
    its `places`. A mutant that takes more than ``seconds`` of the processor is killed by the clock;
    one whose child ends in any other way gets no verdict."""
    gc.collect()
    gc.freeze()
    waiting = list(reversed(points))
    running: dict[int, tuple[Path, Point]] = {}

    def started(point: Point, answer: Path) -> int:
        def work() -> Verdict:
            signal.setitimer(signal.ITIMER_PROF, seconds)
            switch.on = point.number
            begun = time.monotonic()
            tests = relevant(collected, point, names[point.number])
            killer = passes(tests) if tests else None
            return Verdict(point.number, killer, len(tests), time.monotonic() - begun)

        return in_child(work, answer)

    with tempfile.TemporaryDirectory() as name:
        while waiting or running:
            while waiting and len(running) < workers and time.monotonic() < until:
                point = waiting.pop()
                answer = Path(name) / f"verdict-{point.number}"
                running[started(point, answer)] = (answer, point)
            if not running:
                return
            pid, status = os.wait()
            answer, point = running.pop(pid)
            if answer.exists():
                yield pickle.loads(answer.read_bytes())
                answer.unlink()
            elif os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF:
                yield Verdict(point.number, "out of time", 0, seconds)
            else:
                print(f"no verdict, its process ended: {point.key}", file=sys.stderr, flush=True)


def cores() -> int:
    """How many mutants are judged at a time."""
    return multiprocessing.cpu_count()
