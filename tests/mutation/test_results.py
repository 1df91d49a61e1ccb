"""The kept verdicts: what a file says, when it says nothing any more, and the page made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.mutation import report, results
from tools.mutation.__main__ import untranslated
from tools.mutation.points import COMPARISON, NULL_HANDLING, Point
from tools.mutation.results import Kind, Result


def point(number: int, kind: str = COMPARISON, library: str = "A", same: bool = False) -> Point:
    return Point(number, kind, library, f"{library}.D", f"{number}:1-{number}:9", "x -> y", same)


POINTS = [point(1), point(2), point(3, NULL_HANDLING), point(4, NULL_HANDLING, same=True)]
ALL_JUDGED = {1: True, 2: False, 3: True}


def result(killed: dict[int, bool] = ALL_JUDGED, source: str = "s1") -> Result:
    return Result("A", source, "2026-11-29", results.counted(POINTS, killed))


def test_a_file_comes_back_as_it_was_written(tmp_path: Path) -> None:
    results.write(result(), tmp_path)
    assert results.read("A", tmp_path) == result()
    assert json.loads((tmp_path / "A.json").read_text(encoding="utf-8")) == {
        "library": "A",
        "source": "s1",
        "judged": "2026-11-29",
        "kinds": {
            "comparison": {
                "places": 2,
                "equivalent": 0,
                "killed": 1,
                "survivors": ["2:1-2:9 x -> y [A.D]"],
            },
            "null handling": {"places": 2, "equivalent": 1, "killed": 1, "survivors": []},
        },
    }


def test_verdicts_by_a_part_of_the_tests_name_it(tmp_path: Path) -> None:
    part = Result("A", "s1", "2026-11-29", result().kinds, ("tests/cql/test_a.py",))
    results.write(part, tmp_path)
    assert results.read("A", tmp_path) == part
    told = report.library("A", POINTS, part, "s1")
    assert told.day == "2026-11-29, by 1 files"


def test_a_library_without_a_file_was_never_judged(tmp_path: Path) -> None:
    assert results.read("A", tmp_path) is None


@pytest.mark.parametrize("killed", [{}, {1: True}, {1: True, 2: False}, {2: True, 3: True}])
def test_a_library_that_was_not_judged_whole_is_not_written(
    killed: dict[int, bool], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="not judged whole"):
        results.write(result(killed), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("killed", [3, -1])
def test_counts_that_do_not_add_up_are_refused(killed: int, tmp_path: Path) -> None:
    results.write(result(), tmp_path)
    path = tmp_path / "A.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["kinds"]["comparison"]["killed"] = killed
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ValueError, match="add up"):
        results.read("A", tmp_path)


@pytest.mark.parametrize(
    ("kept", "points", "source", "state"),
    [
        (result(), POINTS, "s1", "judged"),
        (result(), POINTS, "s2", "stale"),  # the CQL has changed
        (result(), [*POINTS, point(5)], "s1", "stale"),  # the check finds more places now
        (result(), POINTS[:3], "s1", "stale"),
        (Result("B", "s1", "2026-11-29", result().kinds), POINTS, "s1", "stale"),
        (None, POINTS, "s1", "missing"),
    ],
)
def test_a_file_holds_for_one_text_of_the_library(
    kept: Result | None, points: list[Point], source: str, state: str
) -> None:
    assert results.state("A", points, kept, source) == state


@pytest.mark.parametrize(("kept", "source"), [(None, "s1"), (result(), "s2")])
def test_what_was_not_judged_counts_as_not_killed(kept: Result | None, source: str) -> None:
    told = report.library("A", POINTS, kept, source)
    sums = report.overall([told])
    assert (sums.killed, sums.survivors, sums.unjudged) == (0, 0, 3)
    assert sums.percent == 0.0
    text = report.page([told], 95.0)
    assert f"| `A` | 4 | 1 | 0 | 0 | 3 | 0.0 % | {told.state} |" in text
    assert "**not reached**" in text
    assert (": A." in text) and told.state in {"missing", "stale"}


def test_the_page_counts_all_places_and_names_what_is_stale() -> None:
    others = [point(n, library="B") for n in (11, 12)]
    told = [
        report.library("A", POINTS, result(), "s1"),
        report.library("B", others, Result("B", "old", "2026-11-28", {}), "new"),
    ]
    sums = report.overall(told)
    assert (sums.places, sums.equivalent, sums.killed) == (6, 1, 2)
    assert sums.percent == 40.0  # 2 of 5: one lives, two were not judged
    text = report.page(told, 40.0)
    assert "| comparison | 4 | 0 | 1 | 1 | 2 | 25.0 % |" in text
    assert "| null handling | 2 | 1 | 1 | 0 | 0 | 100.0 % |" in text
    assert "killed 2 of 5: 40.0 %" in text
    assert "| `A` | 4 | 1 | 2 | 1 | 0 | 66.7 % | 2026-11-29 |" in text
    assert "| `B` | 2 | 0 | 0 | 0 | 2 | 0.0 % | stale |" in text
    assert "The goal of 40 % is reached. Stale, changed since they were judged: B." in text
    assert "| `A` 2:1-2:9 | A.D | x -> y |  |" in text


def test_a_reason_is_shown_and_is_no_kill(monkeypatch: Any, tmp_path: Path) -> None:
    reasons = tmp_path / "reasons.toml"
    reasons.write_text('[reasons]\n"A 2:1-2:9 x -> y" = "cannot show"\n', encoding="utf-8")
    monkeypatch.setattr(report, "REASONS", reasons)
    told = [report.library("A", POINTS, result(), "s1")]
    assert "| `A` 2:1-2:9 | A.D | x -> y | cannot show |" in report.page(told, 95.0)
    assert report.overall(told).percent == pytest.approx(66.67, abs=0.01)


def test_an_equivalent_place_is_never_a_survivor() -> None:
    assert results.counted(POINTS, {4: False})["null handling"] == Kind(2, 1, 0, ())


def test_the_source_of_the_value_sets_is_all_their_files(tmp_path: Path) -> None:
    folder = tmp_path / "cql" / "valuesets"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text("1", encoding="utf-8")
    first = results.source_of("valuesets", tmp_path)
    (folder / "b.json").write_text("2", encoding="utf-8")
    second = results.source_of("valuesets", tmp_path)
    (folder / "b.json").write_text("3", encoding="utf-8")
    assert len({first, second, results.source_of("valuesets", tmp_path)}) == 3


def test_a_library_translated_from_another_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "cql" / "elm").mkdir(parents=True)
    for name in ("A", "B"):
        (tmp_path / "cql" / f"{name}.cql").write_text(f"library {name}", encoding="utf-8")
    entries = {"A": {"cql": results.source_of("A", tmp_path)}, "B": {"cql": "another"}}
    manifest = tmp_path / "cql" / "elm" / "manifest.json"
    manifest.write_text(json.dumps({"libraries": entries}), encoding="utf-8")
    assert untranslated(tmp_path) == ["B"]


@pytest.mark.parametrize("path", sorted(results.FOLDER.glob("*.json")), ids=lambda p: p.stem)
def test_every_kept_file_is_a_whole_verdict(path: Path) -> None:
    kept = results.read(path.stem)
    assert kept is not None
    assert kept.library == path.stem
    assert len(kept.source) == 64
    assert not any(kind.unjudged for kind in kept.kinds.values())
