"""Running the hand-written expectations against one mutant after the other, in forked children.

pytest collects once. A first child runs every test with all mutants off and writes down which
points each test reached; then, for each mutant, a child runs the tests that reached it, those that
reach the least first, until one fails.
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


@dataclass
class Collected:
    """The collected tests with the points that each reaches; filled by `observe`."""

    items: list[pytest.Item]
    reached: dict[str, frozenset[int]] = field(default_factory=dict)
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
        self.items = [i for i in items if SAME_CASE_AGAIN not in i.nodeid]

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


def _in_child(work: Any, answer: Path) -> int:
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
        os.waitpid(_in_child(work, answer), 0)
        if not answer.exists():
            raise RuntimeError("the child gave no answer")
        return pickle.loads(answer.read_bytes())


def observe(collected: Collected, switch: Switch, folder: Path, workers: int) -> None:
    """Which points each test reaches with every mutant off; tests that fail are left out."""

    def share(number: int) -> Any:
        mine = collected.items[number::workers]

        def work() -> Any:
            found: dict[str, frozenset[int]] = {}
            failing: list[str] = []

            for item, following in zip(mine, [*mine[1:], None], strict=True):
                switch.reached.clear()
                reports = runtestprotocol(item, log=False, nextitem=following)
                found[item.nodeid] = frozenset(switch.reached)
                if any(report.failed for report in reports):
                    failing.append(item.nodeid)
            return found, failing

        return work

    answers = [folder / f"observed-{number}" for number in range(workers)]
    pids = [_in_child(share(number), answer) for number, answer in enumerate(answers)]
    for pid, answer in zip(pids, answers, strict=True):
        os.waitpid(pid, 0)
        found, failing = pickle.loads(answer.read_bytes())
        collected.reached |= found
        collected.failing += failing
    # A test that fails by itself proves nothing about a mutant.
    collected.items = [i for i in collected.items if i.nodeid not in set(collected.failing)]


def relevant(collected: Collected, point: Point) -> list[pytest.Item]:
    """The tests that reach a point, those that reach the least of everything first."""
    reach = collected.reached
    found = [item for item in collected.items if point.number in reach[item.nodeid]]
    return sorted(found, key=lambda item: (len(reach[item.nodeid]), item.nodeid))


def judged(
    collected: Collected, switch: Switch, point: Point, folder: Path, seconds: int
) -> tuple[int, Path, Any]:
    """Start a child that judges one mutant; gives its pid and where its verdict will be."""
    answer = folder / f"verdict-{point.number}"

    def work() -> Verdict:
        signal.alarm(seconds)  # a mutant that never ends is killed by the clock
        switch.on = point.number
        started = time.monotonic()
        tests = relevant(collected, point)
        killer = passes(tests) if tests else None
        return Verdict(point.number, killer, len(tests), time.monotonic() - started)

    return _in_child(work, answer), answer, point


def judge(
    collected: Collected,
    switch: Switch,
    points: Sequence[Point],
    *,
    workers: int,
    until: float,
    seconds: int = 300,
) -> Iterator[Verdict]:
    """The verdict on each mutant, as they come, until the monotonic moment ``until``."""
    gc.collect()
    gc.freeze()
    waiting = list(reversed(points))
    running: dict[int, tuple[Path, Point]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        while waiting or running:
            while waiting and len(running) < workers and time.monotonic() < until:
                pid, answer, point = judged(collected, switch, waiting.pop(), folder, seconds)
                running[pid] = (answer, point)
            if not running:
                return
            pid, status = os.wait()
            answer, point = running.pop(pid)
            if os.WIFSIGNALED(status) or not answer.exists():
                yield Verdict(point.number, "the test process ended or ran out of time", 0, 0.0)
            else:
                yield pickle.loads(answer.read_bytes())
                answer.unlink()


def cores() -> int:
    """How many mutants are judged at a time."""
    return multiprocessing.cpu_count()
