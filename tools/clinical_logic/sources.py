"""What the CQL files say of themselves: comments above rules, includes, parameters read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CQL = ROOT / "cql"
_INCLUDE = re.compile(r"^include (\w+) version '[^']+'(?: called (\w+))?", re.MULTILINE)
_REFERENCE = re.compile(r'(\w+)\."([^"]+)"')
_DEFINE = re.compile(r'^define (?:function )?"([^"]+)"', re.MULTILINE)
_BLOCK = re.compile(r"/\*.*?\*/|(?:^//[^\n]*\n)+", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Passage:
    """A comment above defines, as plain lines, and the defines below it up to the next one."""

    library: str
    line: int
    lines: tuple[str, ...]
    defines: tuple[str, ...]
    parameters: tuple[str, ...]

    @property
    def title(self) -> str:
        return self.lines[0] if self.lines else ""

    @property
    def when_then(self) -> tuple[str, ...]:
        """The lines from the first "When" on."""
        for number, text in enumerate(self.lines):
            if text.startswith("When "):
                return self.lines[number:]
        return ()

    @property
    def guideline(self) -> tuple[str, ...]:
        """What stands between the title and the first "When"."""
        rest = self.lines[: len(self.lines) - len(self.when_then)]
        return rest[1:] if len(rest) > 1 else rest


@dataclass(frozen=True)
class Source:
    """One CQL file, cut into passages."""

    library: str
    text: str
    passages: tuple[Passage, ...] = field(default=())

    def about(self, define: str) -> Passage | None:
        """The nearest passage with When / Then at or above a define, else the nearest at all."""
        above = [p for p in self.passages if p.line <= self.line_of(define)]
        ruled = [p for p in above if p.when_then and define in p.defines]
        direct = [p for p in above if define in p.defines]
        return (ruled or direct or above or [None])[-1]

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


def sources() -> dict[str, Source]:
    """Every CQL file by library name."""
    found = {}
    for path in sorted(CQL.glob("*.cql")):
        text = path.read_text(encoding="utf-8")
        found[path.stem] = Source(path.stem, text, tuple(_passages(path.stem, text)))
    return found


def _passages(library: str, text: str) -> Iterator[Passage]:
    aliases = {m[2] or m[1]: m[1] for m in _INCLUDE.finditer(text)}
    blocks = list(_BLOCK.finditer(text))
    for number, block in enumerate(blocks):
        until = blocks[number + 1].start() if number + 1 < len(blocks) else len(text)
        body = text[block.end() : until]
        parameters = dict.fromkeys(
            f"{aliases[alias]}.{name}"
            for alias, name in _REFERENCE.findall(body)
            if aliases.get(alias, "").endswith("Parameters")
        )
        yield Passage(
            library,
            text.count("\n", 0, block.start()) + 1,
            tuple(_plain(block[0])),
            tuple(_DEFINE.findall(body)),
            tuple(parameters),
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
