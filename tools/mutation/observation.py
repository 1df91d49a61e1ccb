"""At which points a change would show in each test, with every mutant off; kept in .cache for the
tests of a file that has not changed since, as long as nothing else has changed either.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tools.mutation.points import Switch
from tools.mutation.session import ROOT, Collected, in_child

CACHE = ROOT / ".cache" / "mutation" / "reached.json"
SOURCES = (
    ("cql", "*.json"),
    ("ra_cds_hooks", "*.py"),
    ("ra_cds_hooks", "*.toml"),
    ("fhir_fixtures", "*"),
    ("tests", "*.py"),
    ("tools", "*.py"),
)
IMPORTED = re.compile(r"^from [\w.]*\b(test_\w+) import", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Texts:
    """SHA-256 of all that can change what shows in a test, and of each file of tests by itself."""

    sources: str
    tests: dict[str, str]

    @classmethod
    def now(cls) -> Texts:
        """As they are on the disk; to be taken before anything is loaded."""
        found = {p for folder, names in SOURCES for p in (ROOT / folder).rglob(names)}
        files = sorted(p for p in found if p.is_file() and "node_modules" not in p.parts)
        tests = [p for p in files if p.name.startswith("test_") and ROOT / "tests" in p.parents]
        # What one file of tests takes from another counts for all of them.
        taken = {name for p in tests for name in IMPORTED.findall(p.read_text(encoding="utf-8"))}
        tests = [p for p in tests if p.stem not in taken]
        return cls(
            _digest(p for p in files if p not in set(tests)),
            {p.relative_to(ROOT).as_posix(): _digest([p]) for p in tests},
        )


def observe(collected: Collected, switch: Switch, folder: Path, workers: int, texts: Texts) -> None:
    """Fill ``collected.reached``; tests that fail are left out. ``folder`` is for answers."""
    cached = _read(texts)
    fresh = [i for i in collected.items if i.nodeid not in cached]
    collected.reached |= {
        i.nodeid: int(cached[i.nodeid], 16) for i in collected.items if i.nodeid in cached
    }
    answers = [folder / f"observed-{number}" for number in range(workers)]
    shares = [_share(fresh[number::workers], switch) for number in range(workers)]
    pids = [in_child(work, answer) for work, answer in zip(shares, answers, strict=True)]
    for pid, answer in zip(pids, answers, strict=True):
        os.waitpid(pid, 0)
        found, failing = pickle.loads(answer.read_bytes())
        collected.reached |= found
        collected.failing += failing
    # A test that fails by itself proves nothing about a mutant.
    collected.items = [i for i in collected.items if i.nodeid not in set(collected.failing)]
    if Texts.now().sources == texts.sources:
        _write(texts, collected, cached)


def _share(items: list[pytest.Item], switch: Switch) -> Any:
    def work() -> Any:
        switch.observing = True
        found: dict[str, int] = {}
        failing: list[str] = []
        for item, following in zip(items, [*items, None][1:], strict=True):
            switch.reached.clear()
            reports = runtestprotocol(item, log=False, nextitem=following)
            found[item.nodeid] = sum(1 << number for number in switch.reached)
            if any(report.failed for report in reports):
                failing.append(item.nodeid)
        return found, failing

    return work


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _read(texts: Texts) -> dict[str, str]:
    """Test -> the points where a change shows in it, bit by bit as a hexadecimal number."""
    document = json.loads(CACHE.read_text(encoding="utf-8")) if CACHE.exists() else {}
    if document.get("sources") != texts.sources:
        return {}
    kept: dict[str, str] = {}
    for name, entry in document["files"].items():
        if texts.tests.get(name, texts.sources) == entry["file"]:
            kept |= entry["reached"]
    return kept


def _write(texts: Texts, collected: Collected, cached: dict[str, str]) -> None:
    files: dict[str, Any] = {}
    fresh = {i.nodeid: f"{collected.reached[i.nodeid]:x}" for i in collected.items}
    for nodeid, reached in {**cached, **fresh}.items():
        name = nodeid.split("::", 1)[0]
        file = texts.tests.get(name, texts.sources)
        files.setdefault(name, {"file": file, "reached": {}})["reached"][nodeid] = reached
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    CACHE.write_text(json.dumps({"sources": texts.sources, "files": files}), encoding="utf-8")
