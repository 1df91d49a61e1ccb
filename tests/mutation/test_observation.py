"""What each test reaches is read again only for the same texts; no test is lost by that."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tools.mutation import observation, session
from tools.mutation.observation import Texts
from tools.mutation.points import Point, Switch
from tools.mutation.session import Collected

FIRST, SECOND = "tests/cql/test_a.py::test_one", "tests/cql/test_b.py::test_two"
TEXTS = Texts("sources", {"tests/cql/test_a.py": "a1", "tests/cql/test_b.py": "b1"})


def collected(**more: Any) -> Collected:
    items: list[Any] = [SimpleNamespace(nodeid=name) for name in (FIRST, SECOND)]
    return Collected(items, {FIRST: 0b0110, SECOND: 0b0010}, **more)


@pytest.mark.parametrize(
    ("now", "known"),
    [
        (TEXTS, {FIRST, SECOND}),
        (Texts("sources", {**TEXTS.tests, "tests/cql/test_a.py": "a2"}), {SECOND}),
        (Texts("sources", {"tests/cql/test_a.py": "a1"}), {FIRST}),
        (Texts("other sources", TEXTS.tests), set()),
    ],
)
def test_only_what_has_not_changed_is_read_again(
    now: Texts, known: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(observation, "CACHE", tmp_path / "cache" / "reached.json")
    assert observation._read(TEXTS) == {}
    observation._write(TEXTS, collected(), {})
    read = observation._read(now)
    assert set(read) == known
    assert all(int(read[name], 16) == collected().reached[name] for name in known)


def test_where_everything_is_known_nothing_is_run() -> None:
    assert observation._share([], Switch())() == ({}, [])


def test_every_suite_has_its_files_among_the_texts() -> None:
    texts = Texts.now()
    assert "tests/cql/test_drug_levels.py" in texts.tests
    # Other files of tests take functions from this one: a change of it counts for all.
    assert "tests/cql/test_next_option.py" not in texts.tests
    assert texts == Texts.now()


def test_the_last_killer_comes_first_then_who_reaches_least() -> None:
    def order(number: int, killers: dict[str, str]) -> list[str]:
        point = Point(number, "comparison", "L", "L.D", "1:1-1:2", "x", False)
        return [i.nodeid for i in session.relevant(collected(killers=killers), point, "place")]

    assert order(1, {}) == [SECOND, FIRST]
    assert order(1, {"place": FIRST}) == [FIRST, SECOND]
    assert order(2, {"place": SECOND}) == [FIRST]
    assert order(3, {}) == []


def test_a_place_keeps_its_name_when_lines_move() -> None:
    def names(first: int) -> list[str]:
        spots = [f"{first + n}:1-{first + n}:2" for n in range(2)]
        points = [Point(n, "comparison", "L", "L.D", s, "x", False) for n, s in enumerate(spots)]
        return list(session.places(points).values())

    assert names(10) == names(12) == ["L|L.D|x|0", "L|L.D|x|1"]
