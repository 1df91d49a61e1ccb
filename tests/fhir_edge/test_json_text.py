"""JSON as it is taken here: what a strict parser reads, each key once, nested within a bound."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ra_cds_hooks.fhir.json_text import MAX_DEPTH, JsonError, _is_deep, parse_json

# Text made of what could be taken for structure.
ODD = st.text(st.sampled_from('{}[]:,"\\/u0041 a\u00e9\u7c7b\U0001f9ea\n'), max_size=8)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False,
    allow_infinity=False), ODD,
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(ODD, below, max_size=4),
    max_leaves=20,
)
WRITING = st.sampled_from([{}, {"ensure_ascii": False}, {"indent": 1}, {"separators": (",", ":")}])


@given(VALUES, WRITING)
def test_it_reads_what_another_parser_reads(value, writing):
    text = json.dumps(value, **writing)
    assert json.dumps(parse_json(text.encode())) == json.dumps(json.loads(text))


@given(ODD, VALUES, VALUES, st.booleans(), st.integers(0, 3))
def test_a_key_that_is_there_twice_is_refused_at_any_place(key, one, other, escaped, depth):
    again = "".join(f"\\u{ord(c):04x}" for c in key) if escaped and key.isascii() else None
    second = f'"{again}"' if again else json.dumps(key)
    text = f"{{{json.dumps(key)}: {json.dumps(one)}, {second}: {json.dumps(other)}}}"
    for _ in range(depth):
        text = f'[{{"x": {text}}}]'
    with pytest.raises(JsonError, match="same key twice"):
        parse_json(text.encode())


BRACKETS = [("[", "]"), ('{"a":', "}"), ('[{"]":', "}]")]


@pytest.mark.parametrize(("opening", "closing"), BRACKETS)
def test_depth_is_counted_level_by_level(opening, closing):
    times = MAX_DEPTH // (opening.count("[") + opening.count("{"))
    beside = '[[],[[]],"[[["]'
    fits = opening * (times - 3) + beside + closing * (times - 3)
    assert parse_json(fits.encode()) == json.loads(fits)
    exact = opening * times + "1" + closing * times
    assert parse_json(exact.encode()) == json.loads(exact)
    with pytest.raises(JsonError, match="deeper than 100"):
        parse_json(f"[{exact}]".encode())


@pytest.mark.parametrize(
    "text", [b"", b"{", b"NaN", b"1e400", b'"\\ud800"', b"\xff", b'{"a":1,}', b"[1] 2", b"'a'"]
)
def test_what_is_no_json_is_refused_without_being_quoted(text):
    with pytest.raises(JsonError, match=r"^not JSON \(line \d+, column \d+\)$"):
        parse_json(text)


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**63) - 1, 10**30])
def test_a_number_beyond_64_bits_is_one_that_can_be_written_again(number):
    read = parse_json(str(number).encode())
    assert json.loads(json.dumps(read)) == read
    assert float(read) == float(number)


def test_deep_nests_side_by_side_are_measured_as_quickly_as_flat_ones():
    """16 MB of them took seconds, in which nobody else was answered."""

    def seconds(nest):
        text = nest * (400_000 // len(nest))
        began = time.process_time()
        assert not _is_deep(text)
        return time.process_time() - began

    deep = min(seconds(b"[" * 98 + b"]" * 98) for _ in range(3))
    assert deep < 8 * min(seconds(b"[]") for _ in range(3))
