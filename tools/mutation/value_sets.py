"""Each value set without one of its codes: is it missed by the hand-written tables?

Only the files of SUITE count here: what they demand was written by hand from the
specification (section 5) and public lists, not made from the sources of the value sets.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.mutation.points import Point
from tools.mutation.results import VALUE_SETS
from tools.mutation.session import ROOT, Verdict, forked, passes

CONFTEST = ROOT / "tests" / "terminology" / "conftest.py"
SUITE = ("tests/terminology/test_content.py", "tests/terminology/test_demanded_codes.py")
VALUE_SET = "value set"


def mutants(start: int) -> list[tuple[Point, Path, dict[str, Any]]]:
    """One mutant a value set: its point, its file, and the resource that lacks a code.

    Which code is lost is drawn by a hash of the set's name, so that nobody chooses it.
    """
    found: list[tuple[Point, Path, dict[str, Any]]] = []
    for path in sorted((ROOT / "cql" / "valuesets").glob("*.json")):
        resource = json.loads(path.read_text(encoding="utf-8"))
        codes = resource["expansion"]["contains"]
        drawn = int(hashlib.sha256(path.stem.encode()).hexdigest(), 16) % len(codes)
        lost = codes.pop(drawn)
        change = f"without {lost['system']} {lost['code']}"
        number = start + len(found) + 1
        point = Point(number, VALUE_SET, VALUE_SETS, resource["title"], path.name, change, False)
        found.append((point, path, resource))
    return found


def judge(items: list[pytest.Item], start: int, until: float, every: int = 1) -> Iterator[Verdict]:
    """The verdict on each value set's mutant (or every n-th), until the monotonic moment ``until``;
    ``items`` are the collected tests of the suite, ``start`` is as for `mutants`."""
    # pytest loads a conftest without a package around it under a name of its own.
    loaded = [m for m in sys.modules.values() if str(getattr(m, "__file__", "")) == str(CONFTEST)]
    if not loaded:
        raise RuntimeError(f"{CONFTEST.name} of the terminology tests is not loaded")
    for point, path, resource in mutants(start)[::every]:
        if time.monotonic() >= until:
            return
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            folder = root / "cql" / "valuesets"
            folder.mkdir(parents=True)
            for other in path.parent.glob("*.json"):
                if other.name != path.name:
                    (folder / other.name).symlink_to(other)
            (folder / path.name).write_text(json.dumps(resource), encoding="utf-8")

            def work(root: Path = root, number: int = point.number) -> Verdict:
                for tables in loaded:
                    tables.__dict__["ROOT"] = root
                return Verdict(number, passes(items), len(items), 0.0)

            yield forked(work)
