"""Strings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ra_cds_hooks.cql_engine_lite.errors import EvaluationError
from ra_cds_hooks.cql_engine_lite.operators import OPERATORS

FUNCTIONS = {name: entry.function for name, entry in OPERATORS.items()}


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("Concatenate", ("a", None), None),
        ("Concatenate", ("a", "b"), "ab"),
        ("Combine", (None,), None),
        ("Combine", ([],), None),
        ("Combine", ([None],), None),
        ("Combine", (["a", None, "b"], "-"), "a-b"),
        ("Split", (None, ","), None),
        ("Split", ("a,b", None), ["a,b"]),
        ("Split", ("a,b", ","), ["a", "b"]),
        ("SplitOnMatches", ("a1b22c", "[0-9]+"), ["a", "b", "c"]),
        ("SplitOnMatches", ("abc", "x*"), ["abc"]),
        ("SplitOnMatches", ("abc", None), ["abc"]),
        ("Upper", ("aB",), "AB"),
        ("Lower", ("Ab",), "ab"),
        ("PositionOf", ("a", "ab"), 0),
        ("PositionOf", ("c", "ab"), -1),
        ("PositionOf", (None, "ab"), None),
        ("LastPositionOf", ("hi", "Say hi to Ohio!"), 11),
        ("LastPositionOf", ("", "ABCDE"), 5),
        ("Substring", ("ab", 1), "b"),
        ("Substring", ("ab", 2), None),
        ("Substring", ("ab", -1), None),
        ("Substring", ("", 0), ""),
        ("Substring", ("abc", 1, 1), "b"),
        ("Substring", ("abc", 1, -1), ""),
        ("Substring", ("abc", None), None),
        ("StartsWith", ("abc", "ab"), True),
        ("StartsWith", ("abc", None), None),
        ("EndsWith", ("abc", "bc"), True),
        ("EndsWith", ("abc", "b"), False),
        ("Matches", ("FHIR-ModelInfo|4.0.1", "ModelInfo"), True),
        ("Matches", ("N8000123123", "^N[0-9]{8}$"), False),
        ("Matches", ("a\nb", "a.b"), True),
        ("Matches", ("a", None), None),
        ("ReplaceMatches", ("All that", "\\s", "\\$"), "All$that"),
        ("ReplaceMatches", ("ab", "(a)(b)", "$2$1"), "ba"),
        ("ReplaceMatches", ("ab", "(x)?a", "$1-"), "-b"),
        ("ReplaceMatches", ("ab", None, "x"), None),
        ("ToChars", ("ab",), ["a", "b"]),
    ],
)
def test_rows(name: str, operands: tuple[Any, ...], expected: Any) -> None:
    assert FUNCTIONS[name](*operands) == expected


@pytest.mark.parametrize(
    ("name", "operands"),
    [("Matches", ("a", "(")), ("ReplaceMatches", ("a", "a", "$1"))],
)
def test_bad_patterns(name: str, operands: tuple[str, ...]) -> None:
    with pytest.raises(EvaluationError):
        FUNCTIONS[name](*operands)


@given(st.text(max_size=20), st.text(min_size=1, max_size=3))
def test_split_and_combine_undo_each_other(text: str, separator: str) -> None:
    parts = FUNCTIONS["Split"](text, separator)
    assert FUNCTIONS["Combine"](parts, separator) == text
