"""Generated lines without repeats: what a function has already worked out is not worked out again.

A pass over the lines of one generated function. CQL has no side effects, so that the same
expression over the same values gives the same value:

- a value that only has another name is used under the first one;
- an expression that stands in the same block, or in one around it, is not evaluated again;
- a call of an operator inside a loop that reads nothing of the loop is made at the first row only;
- an element of a tuple that the loop does not make, which cannot fail, is read before the loop;
- a define that was referred to on every way to a line is at hand there.

A call of a CQL function counts as the same only with the same collector: what it would record a
second time is recorded. The pass trusts the compiler's own form: one statement a line, fresh names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from .emitter import Line

_ASSIGNMENT = re.compile(r"(\w+) = (.+)\Z")
# A local name, or a text literal, in which nothing is one.
_NAME = re.compile(r"\b[adipst]\d+\b|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_BOUND_BEHIND = re.compile(r"(?:: |; )(\w+) = ")
_FOR = re.compile(r"for ([\w, ]+) in ")
_CALL = re.compile(r"(k\d+|as_type|c\.in_value_set)\(")
# What makes a new list or tuple, or a value that is told by its name alone.
_NOT_SHARED = re.compile(
    r"\[|\{|CqlTuple\(|carrying\(|reference\(|(?:U|None|True|False|\d+)\Z|None if .* else \[\]\Z"
)
_READ = re.compile(r"([aipst]\d+)\.get\('\w+'\) if \1 is not None else None\Z")
_REFERENCE = re.compile(r"if (d\d+) is U: \1 = reference\(c, fr, (\d+)\)\Z")
_COPY = re.compile(r"(?:[adipst]\d+)\Z")


def shared(lines: Sequence[Line]) -> tuple[list[Line], set[str]]:
    """The lines of one function's body without the repeats, and the names of defines that have to
    be U before them."""
    done = _Pass(lines)
    return done.lines, done.conditional


@dataclass(slots=True)
class _Block:
    """An open block: its depth, and where its header stands among the lines when it is a loop.

    ``worked_out``: the name of each expression's value; ``bound``: the names that it binds.
    """

    depth: int
    loop: int | None = None
    worked_out: dict[str, str] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)


class _Pass:
    """The state while the lines are gone through once."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines: list[Line] = []
        self._times = Counter(name for line in lines for name in _bound(line.text))
        self._other_names: dict[str, str] = {}
        self._lazy: set[str] = set()  # names that have a value only from a loop's first row on
        self._blocks = [_Block(1)]
        self.conditional: set[str] = set()  # defines that are not referred to on every way
        for line in lines:
            self._take(line)
        self._return_at_once()

    def _return_at_once(self) -> None:
        """What the last line but one makes for the last to return, that one gives itself."""
        if len(self.lines) > 1:
            made, last = self.lines[-2:]
            name, equals, expression = made.text.partition(" = ")
            if equals and last.text == f"return {name}" and made.depth == last.depth:
                self.lines[-2:] = [Line(made.depth, f"return {expression}", made.locator)]

    def _take(self, line: Line) -> None:
        text = self._renamed(line.text)
        while self._blocks[-1].depth > line.depth:
            self._blocks.pop()
        found = _ASSIGNMENT.match(text)
        if found is None and (define := _REFERENCE.match(text)) is not None:
            self._refer(line, *define.groups())
            return
        if found is None:
            self.lines.append(Line(line.depth, text, line.locator))
            if text.endswith(":"):
                loop = len(self.lines) - 1 if _FOR.match(text) else None
                self._blocks.append(_Block(line.depth + 1, loop, bound=set(_bound(text))))
            return
        name, expression = found.groups()
        once = self._times[name] == 1 and name.startswith("t")
        if once and _COPY.match(expression) and self._is_final(expression):
            self._other_names[name] = expression
            return
        if _NOT_SHARED.match(expression) or not self._reads_final(expression):
            self._write(line, name, expression)
            return
        known = next(
            (b.worked_out[expression] for b in self._blocks if expression in b.worked_out), None
        )
        if known is not None and once:
            self._other_names[name] = known
        elif known is not None or not once:
            self._write(line, name, known or expression)
        elif not self._hoisted(line, name, expression):
            self._write(line, name, expression)
            self._blocks[-1].worked_out[expression] = name

    def _refer(self, line: Line, name: str, index: str) -> None:
        """A reference to a define; one that is always made in place of the call (see `runtime`)."""
        if any(name in block.bound for block in self._blocks):
            return
        self._blocks[-1].bound.add(name)
        if line.depth > 1 or name in self.conditional:
            self.conditional.add(name)
            self.lines.append(line)
            return
        texts = (
            f"fr.append({index}); {name} = c.memo[{index}]",
            f"if {name} is U: {name} = c.compute({index})",
        )
        self.lines.extend(Line(line.depth, text, line.locator) for text in texts)

    def _write(self, line: Line, name: str, expression: str) -> None:
        self.lines.append(Line(line.depth, f"{name} = {expression}", line.locator))
        self._blocks[-1].bound.add(name)

    def _hoisted(self, line: Line, name: str, expression: str) -> bool:
        """Put it before the outermost loop of which it reads nothing, if there is one."""
        element = _READ.match(expression)
        if element is None and not _CALL.match(expression):
            return False
        if element is not None and element.group(1) in self._lazy:
            return False
        outermost = self._outermost_loop_without(set(_NAME.findall(expression)))
        if outermost is None:
            return False
        header = self._blocks[outermost].loop
        assert header is not None
        first = expression if element is not None else "U"
        around = self._blocks[outermost - 1]
        before = Line(self.lines[header].depth, f"{name} = {first}", self.lines[header].locator)
        self.lines.insert(header, before)
        for block in self._blocks[outermost:]:
            block.loop = None if block.loop is None else block.loop + 1
        around.bound.add(name)
        if element is not None:
            around.worked_out[expression] = name
            return True
        # A call can fail: only where a row comes as far as this line.
        self._lazy.add(name)
        text = f"if {name} is U: {name} = {expression}"
        self.lines.append(Line(line.depth, text, line.locator))
        self._blocks[-1].worked_out[expression] = name
        return True

    def _outermost_loop_without(self, names: set[str]) -> int | None:
        """The outermost open loop in whose body none of the names is bound."""
        found = None
        for number in range(len(self._blocks) - 1, 0, -1):
            if self._blocks[number].bound & names:
                break
            if self._blocks[number].loop is not None:
                found = number
        return found

    def _renamed(self, text: str) -> str:
        if not self._other_names:
            return text
        return _NAME.sub(lambda found: self._other_names.get(found.group(), found.group()), text)

    def _is_final(self, name: str) -> bool:
        """Whether the name has one value from its first reading on."""
        return name[0] in "dp" or self._times[name] == 1

    def _reads_final(self, expression: str) -> bool:
        return all(name[0] in "\"'" or self._is_final(name) for name in _NAME.findall(expression))


def _bound(text: str) -> list[str]:
    """The names that a line binds: by an assignment, also behind a condition, or by a loop."""
    if text.startswith("for "):
        loop = _FOR.match(text)
        return re.findall(r"\w+", loop.group(1)) if loop else []
    first, equals, _ = text.partition(" = ")
    if not equals:
        return []
    return [first] if first.isidentifier() else _BOUND_BEHIND.findall(text)
