"""What is known of each library: one small committed file a library, results/<Library>.json.

A file holds for one text of the library's CQL (SHA-256) only: when that text has changed, the file
is stale and nothing in it counts. The value sets have one file for all of them together.

    {"library": "RADates", "source": "5788d1...", "judged": "2026-11-29",
     "kinds": {"comparison": {"places": 9, "equivalent": 0, "killed": 8,
               "survivors": ["29:10-29:95 Less -> LessOrEqual [RADates.Since]"]}}}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.mutation.points import Point

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent / "results"
VALUE_SETS = "valuesets"
JUDGED, STALE, MISSING = "judged", "stale", "missing"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of change in one library: all places, those that cannot show, what became of the
    others. Raises ValueError when more was killed or lives than there is."""

    places: int
    equivalent: int
    killed: int
    survivors: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.unjudged < 0 or min(self.places, self.equivalent, self.killed) < 0:
            raise ValueError(f"the counts do not add up: {self}")

    @property
    def unjudged(self) -> int:
        """Places on which there is no verdict. They never count as killed."""
        return self.places - self.equivalent - self.killed - len(self.survivors)


@dataclass(frozen=True, slots=True)
class Result:
    """The verdicts on a library; ``source`` is the SHA-256 of the text that was judged. Where only
    some files of ``tests`` ran (else none are named), more may be killed than is told."""

    library: str
    source: str
    judged: str
    kinds: Mapping[str, Kind]
    tests: tuple[str, ...] = ()


def source_of(library: str, root: Path = ROOT) -> str:
    """SHA-256 of the library's CQL, or of all value set files with their names."""
    if library != VALUE_SETS:
        return hashlib.sha256((root / "cql" / f"{library}.cql").read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for path in sorted((root / "cql" / "valuesets").glob("*.json")):
        digest.update(f"{path.name}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def named(point: Point) -> str:
    """A survivor as the file names it: where, what, and in which define."""
    return f"{point.locator} {point.change} [{point.define}]"


def counted(points: Sequence[Point], killed: Mapping[int, bool]) -> dict[str, Kind]:
    """Points of one library by kind; ``killed`` tells by number what was judged."""
    kinds = {}
    for kind in sorted({p.kind for p in points}):
        mine = [p for p in points if p.kind == kind]
        judged = [p for p in mine if p.number in killed and not p.equivalent]
        kinds[kind] = Kind(
            len(mine),
            sum(p.equivalent for p in mine),
            sum(killed[p.number] for p in judged),
            tuple(sorted(named(p) for p in judged if not killed[p.number])),
        )
    return kinds


def write(result: Result, folder: Path = FOLDER) -> None:
    """Write the library's file. Raises ValueError when a place has no verdict."""
    if any(kind.unjudged for kind in result.kinds.values()):
        raise ValueError(f"{result.library} is not judged whole")
    document: dict[str, Any] = {
        "library": result.library,
        "source": result.source,
        "judged": result.judged,
        **({"tests": list(result.tests)} if result.tests else {}),
        "kinds": {
            name: {
                "places": kind.places,
                "equivalent": kind.equivalent,
                "killed": kind.killed,
                "survivors": list(kind.survivors),
            }
            for name, kind in sorted(result.kinds.items())
        },
    }
    folder.mkdir(exist_ok=True)
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (folder / f"{result.library}.json").write_text(text + "\n", encoding="utf-8")


def read(library: str, folder: Path = FOLDER) -> Result | None:
    """The library's file, or None. Raises ValueError when its counts do not add up."""
    path = folder / f"{library}.json"
    if not path.exists():
        return None
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    kinds = {
        name: Kind(k["places"], k["equivalent"], k["killed"], tuple(k["survivors"]))
        for name, k in document["kinds"].items()
    }
    tests = tuple(document.get("tests", ()))
    return Result(document["library"], document["source"], document["judged"], kinds, tests)


def state(library: str, points: Sequence[Point], result: Result | None, source: str) -> str:
    """Whether the file says something of this source and of these places ("judged"), does no
    longer ("stale"), or is not there ("missing")."""
    if result is None:
        return MISSING
    now = {name: (kind.places, kind.equivalent) for name, kind in counted(points, {}).items()}
    then = {name: (kind.places, kind.equivalent) for name, kind in result.kinds.items()}
    same = result.library == library and result.source == source and now == then
    return JUDGED if same else STALE
