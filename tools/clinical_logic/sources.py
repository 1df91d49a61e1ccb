"""What the CQL files say of themselves: comments above rules, includes, parameters read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CQL = ROOT / "cql"
_INCLUDE = re.compile(r"^include (\w+) version '[^']+'(?: called (\w+))?", re.MULTILINE)
_REFERENCE = re.compile(r'(?:(\w+)\.)?"([^"]+)"')
_DEFINE = re.compile(r'^define (?:function )?"([^"]+)"', re.MULTILINE)
_BLOCK = re.compile(r"/\*.*?\*/|(?:^//[^\n]*\n)+", re.DOTALL | re.MULTILINE)
_WHEN = re.compile(r"When\b")
# "When: x. Then: y" on one line is two sentences, as "When x" and "Then y" are on two.
_THEN = re.compile(r"(?<=[.;,)]) (?=(?:When|Then)\b)")


@dataclass(frozen=True)
class Passage:
    """A comment above defines, as plain lines, and the defines below it up to the next one."""

    line: int
    lines: tuple[str, ...]
    defines: tuple[str, ...]

    @property
    def title(self) -> str:
        return self.lines[0] if self.lines else ""

    @property
    def when_then(self) -> tuple[str, ...]:
        """The lines from the first "When" on."""
        for number, text in enumerate(self.lines):
            if _WHEN.match(text):
                return self.lines[number:]
        return ()

    @property
    def guideline(self) -> tuple[str, ...]:
        """What stands before the first "When"."""
        return self.lines[: len(self.lines) - len(self.when_then)]


@dataclass(frozen=True)
class Source:
    """One CQL file, cut into passages; ``bodies`` is the text of each define."""

    library: str
    text: str
    aliases: Mapping[str, str]
    bodies: Mapping[str, str]
    passages: tuple[Passage, ...] = field(default=())

    def about(self, define: str) -> Passage | None:
        """The comment above a define, else the nearest one above it; None when there is none."""
        above = [p for p in self.passages if p.line <= self.line_of(define)]
        direct = [p for p in above if define in p.defines]
        return (direct or above or [None])[-1]

    def headed(self, words: str) -> Passage | None:
        """The passage whose first line begins with these words (a check's id)."""
        pattern = re.compile(rf"{re.escape(words)}\b")
        return next((p for p in self.passages if pattern.match(p.title)), None)

    def line_of(self, define: str) -> int:
        """The line (from 1) of a define; 0 when it is not there."""
        for match in _DEFINE.finditer(self.text):
            if match[1] == define:
                return self.text.count("\n", 0, match.start()) + 1
        return 0

    def governed(self, passage: Passage) -> tuple[str, ...]:
        """The defines below a comment, up to the next comment that states a rule."""
        found: list[str] = []
        for other in self.passages:
            if other.line > passage.line and other.when_then:
                break
            if other.line >= passage.line:
                found += other.defines
        return tuple(found)


def parameters_read(library: str, defines: Iterable[str], through: Iterable[str]) -> list[str]:
    """The parameters ("Library.Parameter") that defines read, also by way of others.

    References are followed inside ``library`` and into the libraries of ``through``, so that a
    rule is not said to rest on every number of the data layer.
    """
    files = sources()
    followed = {library, *through}
    todo = [(library, define) for define in defines]
    seen: dict[tuple[str, str], None] = {}
    found: dict[str, None] = {}
    while todo:
        at = todo.pop(0)
        if at in seen:
            continue
        seen[at] = None
        source = files.get(at[0])
        if source is None:
            continue
        for alias, name in _REFERENCE.findall(source.bodies.get(at[1], "")):
            target = source.aliases.get(alias, "") if alias else source.library
            if target.endswith("Parameters"):
                found[f"{target}.{name}"] = None
            elif target in followed and name in files[target].bodies:
                todo.append((target, name))
    return list(found)


@cache
def sources() -> dict[str, Source]:
    """Every CQL file by library name."""
    found = {}
    for path in sorted(CQL.glob("*.cql")):
        text = path.read_text(encoding="utf-8")
        found[path.stem] = Source(
            path.stem,
            text,
            {m[2] or m[1]: m[1] for m in _INCLUDE.finditer(text)},
            _bodies(text),
            tuple(_passages(text)),
        )
    return found


def _bodies(text: str) -> dict[str, str]:
    """The text of each define without comments; functions of one name (overloads) together."""
    bare = _BLOCK.sub("", text)
    starts = list(_DEFINE.finditer(bare))
    found: dict[str, str] = {}
    for number, match in enumerate(starts):
        until = starts[number + 1].start() if number + 1 < len(starts) else len(bare)
        found[match[1]] = found.get(match[1], "") + bare[match.end() : until]
    return found


def _passages(text: str) -> Iterator[Passage]:
    blocks = list(_BLOCK.finditer(text))
    for number, block in enumerate(blocks):
        until = blocks[number + 1].start() if number + 1 < len(blocks) else len(text)
        yield Passage(
            text.count("\n", 0, block.start()) + 1,
            tuple(s for line in _plain(block[0]) for s in _THEN.split(line)),
            tuple(_DEFINE.findall(text[block.end() : until])),
        )


def _plain(comment: str) -> Iterator[str]:
    """The sentences of a comment: continuation lines joined, rulers and comment marks dropped."""
    joined: list[str] = []
    for raw in comment.removeprefix("/*").removesuffix("*/").splitlines():
        line = raw.removeprefix("//").rstrip()
        words = line.strip().strip("-").strip()
        if not words:
            continue
        if joined and (line.startswith("  ") or not re.match(r"[A-Z(]", words)):
            joined[-1] += " " + words
        else:
            joined.append(words)
    yield from joined
