"""Strings (CQL reference, string operators). Positions count characters from 0."""

from __future__ import annotations

import re
from functools import lru_cache

from ..errors import EvaluationError
from .registry import operator

Text = str | None


@operator("Concatenate")
def concatenate(left: Text, right: Text) -> Text:
    """left followed by right; null when either is null."""
    return None if left is None or right is None else left + right


@operator("Combine", operands=("source", "separator"))
def combine(source: list[Text] | None, separator: Text = None) -> Text:
    """The strings of a list joined; nulls are left out; null when there is nothing to join."""
    parts = [part for part in source or () if part is not None]
    return (separator or "").join(parts) if parts else None


@operator("Split", operands=("stringToSplit", "separator"))
def split(string_to_split: Text, separator: Text = None) -> list[str] | None:
    """The parts between separators; the whole string without a separator."""
    if string_to_split is None:
        return None
    return string_to_split.split(separator) if separator else [string_to_split]


@operator("SplitOnMatches", operands=("stringToSplit", "separatorPattern"))
def split_on_matches(string_to_split: Text, separator_pattern: Text = None) -> list[str] | None:
    """The parts between matches of a regular expression."""
    if string_to_split is None:
        return None
    if separator_pattern is None:
        return [string_to_split]
    parts: list[str] = []
    position = 0
    for match in _pattern(separator_pattern).finditer(string_to_split):
        if match.end() > match.start():
            parts.append(string_to_split[position : match.start()])
            position = match.end()
    return [*parts, string_to_split[position:]]


@operator("Upper")
def upper(operand: Text) -> Text:
    """The string in upper case."""
    return None if operand is None else operand.upper()


@operator("Lower")
def lower(operand: Text) -> Text:
    """The string in lower case."""
    return None if operand is None else operand.lower()


@operator("PositionOf", operands=("pattern", "string"))
def position_of(pattern: Text, string: Text) -> int | None:
    """Where the pattern first appears, -1 when it does not."""
    return None if pattern is None or string is None else string.find(pattern)


@operator("LastPositionOf", operands=("pattern", "string"))
def last_position_of(pattern: Text, string: Text) -> int | None:
    """Where the pattern last appears, -1 when it does not."""
    return None if pattern is None or string is None else string.rfind(pattern)


@operator("Substring", operands=("stringToSub", "startIndex", "length"))
def substring(string_to_sub: Text, start_index: int | None, length: int | None = None) -> Text:
    """At most `length` characters from a position; null when the position is outside."""
    if string_to_sub is None or start_index is None:
        return None
    # The empty string has no position inside, but starts at its beginning all the same.
    if not 0 <= start_index < max(len(string_to_sub), 1):
        return None
    if length is None:
        return string_to_sub[start_index:]
    return string_to_sub[start_index : start_index + max(length, 0)]


@operator("StartsWith")
def starts_with(operand: Text, prefix: Text) -> bool | None:
    """Whether the string begins with the prefix."""
    return None if operand is None or prefix is None else operand.startswith(prefix)


@operator("EndsWith")
def ends_with(operand: Text, suffix: Text) -> bool | None:
    """Whether the string ends with the suffix."""
    return None if operand is None or suffix is None else operand.endswith(suffix)


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    """The compiled expression in single-line mode; EvaluationError when it is not one."""
    try:
        return re.compile(text, re.DOTALL)
    except re.error as error:
        raise EvaluationError(f"not a regular expression: {error.msg}") from None


@operator("Matches")
def matches(operand: Text, pattern: Text) -> bool | None:
    """Whether the regular expression matches somewhere; `^` and `$` tie it to the whole string."""
    if operand is None or pattern is None:
        return None
    return _pattern(pattern).search(operand) is not None


@operator("ReplaceMatches")
def replace_matches(operand: Text, pattern: Text, substitution: Text) -> Text:
    """Every match replaced; `$1` in the substitution is the first group, `\\$` a dollar sign."""
    if operand is None or pattern is None or substitution is None:
        return None
    compiled = _pattern(pattern)
    template = _template(substitution)

    def replacement(match: re.Match[str]) -> str:
        pieces = []
        for piece in template:
            if isinstance(piece, str):
                pieces.append(piece)
            elif piece <= compiled.groups:
                pieces.append(match.group(piece) or "")
            else:
                raise EvaluationError("the substitution names a group that the pattern lacks")
        return "".join(pieces)

    return compiled.sub(replacement, operand)


@lru_cache(maxsize=256)
def _template(substitution: str) -> tuple[str | int, ...]:
    """Literal pieces and group numbers of a substitution."""
    pieces: list[str | int] = []
    for escaped, group, literal in re.findall(r"\\(.)|\$(\d)|(.)", substitution, re.DOTALL):
        pieces.append(int(group) if group else escaped or literal)
    return tuple(pieces)
