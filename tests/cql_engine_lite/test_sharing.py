"""The pass over generated lines: what it leaves out, and what it must not touch."""

from __future__ import annotations

from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import EvaluationError
from ra_cds_hooks.cql_engine_lite.emitter import Line
from ra_cds_hooks.cql_engine_lite.sharing import shared
from tests.cql_engine_lite.test_written_elm import evaluate, number


def passed(*texts: str) -> list[str]:
    """The lines after the pass; leading spaces are the depth."""
    lines = [Line(1 + len(t) - len(t.lstrip()), t.lstrip(), "1:1") for t in texts]
    return [" " * (line.depth - 1) + line.text for line in shared(lines)[0]]


def test_a_second_name_is_the_first() -> None:
    assert passed("t1 = p0.get('x')", "t2 = t1", "return k9(t2)") == [
        "t1 = p0.get('x')",
        "return k9(t1)",
    ]


def test_the_same_expression_stands_once_in_a_block_and_below() -> None:
    assert passed("t1 = k1(p0)", "if p0 is True:", " t2 = k1(p0)", " t3 = k2(t2)") == [
        "t1 = k1(p0)",
        "if p0 is True:",
        " t3 = k2(t1)",
    ]


def test_what_a_branch_worked_out_does_not_hold_beside_it() -> None:
    lines = ("if p0 is True:", " t1 = k1(p0)", "else:", " t2 = k1(p0)")
    assert passed(*lines) == list(lines)


def test_texts_are_no_names() -> None:
    lines = ("t1 = p0", "t2 = k1(p1, 't1')", "t3 = t2 in {\"t1\", 'it\\'s t1'}", "return k9(t3)")
    assert passed(*lines) == list(lines[1:])


@pytest.mark.parametrize(
    "made",
    ["[]", "None if p0 is None else []", "[t1]", "CqlTuple({'a': t1})", "carrying(t1, 'A', p0)"],
)
def test_new_lists_and_tuples_are_not_shared(made: str) -> None:
    lines = ("t1 = k1(p0)", f"t2 = {made}", f"t3 = {made}", "return k9(t3)")
    assert passed(*lines) == list(lines)


def test_a_name_with_several_values_is_not_read_as_one() -> None:
    lines = ("t1 = p0", "if p1 is True:", " t1 = p2", "t2 = k1(t1)", "t3 = k1(t1)", "return k9(t3)")
    assert passed(*lines) == list(lines)


def test_a_call_is_the_same_only_with_the_same_collector() -> None:
    same = ("t1 = f1(c, fr, col, p0)", "t2 = f1(c, fr, col, p0)", "return k9(t2)")
    other = ("t1 = f1(c, fr, col, p0)", "t2 = f1(c, fr, r1, p0)", "return k9(t2)")
    assert passed(*same) == ["t1 = f1(c, fr, col, p0)", "return k9(t1)"]
    assert passed(*other) == list(other)


def test_what_reads_nothing_of_a_loop_is_called_at_its_first_row() -> None:
    assert passed("for a1 in p0 or ():", " t2 = k1(p1)", " t3 = k2(a1, t2)") == [
        "t2 = U",
        "for a1 in p0 or ():",
        " if t2 is U: t2 = k1(p1)",
        " t3 = k2(a1, t2)",
    ]


def test_it_leaves_all_loops_that_it_does_not_read() -> None:
    lines = ("for a1 in p0 or ():", " for a2 in a1 or ():", "  t3 = k1(p1)", "  t4 = k2(a1)")
    assert passed(*lines) == [
        "t3 = U",
        "for a1 in p0 or ():",
        " t4 = U",
        " for a2 in a1 or ():",
        "  if t3 is U: t3 = k1(p1)",
        "  if t4 is U: t4 = k2(a1)",
    ]


def test_an_element_of_an_outer_row_is_read_before_the_loop() -> None:
    read, own = (
        "t3 = a1.get('x') if a1 is not None else None",
        "t4 = a2.get('x') if a2 is not None else None",
    )
    assert passed("for a1 in p0 or ():", " for a2 in p1 or ():", f"  {read}", f"  {own}") == [
        "for a1 in p0 or ():",
        f" {read}",
        " for a2 in p1 or ():",
        f"  {own}",
    ]


def test_an_element_of_what_a_loop_fetches_is_not_read_before_it() -> None:
    lines = (
        "for a1 in p0 or ():",
        " if t2 is U: t2 = k1(p1)",
        " t3 = t2.get('x') if t2 is not None else None",
    )
    assert passed(lines[0], " t2 = k1(p1)", lines[2]) == ["t2 = U", *lines]


D7 = "if d7 is U: d7 = reference(c, fr, 7)"
IN_PLACE = ["fr.append(7); d7 = c.memo[7]", "if d7 is U: d7 = c.compute(7)"]


def test_a_define_is_referred_to_once_where_every_way_leads_past() -> None:
    lines = (D7, "for a1 in d7 or ():", f" {D7}", " t2 = k2(a1, d7)", D7, "return d7")
    assert passed(*lines) == [*IN_PLACE, lines[1], lines[3], lines[5]]


def test_a_define_that_is_referred_to_on_one_way_only_is_asked_for_on_the_others() -> None:
    lines = ("if p0 is True:", f" {D7}", " t1 = k1(d7)", f" {D7}", "else:", f" {D7}", D7)
    assert passed(*lines) == [*lines[:3], *lines[4:]]


def test_only_what_is_referred_to_on_some_ways_begins_unset() -> None:
    first, second = (Line(1, D7, None), Line(1, D7.replace("7", "8"), None))
    within = Line(2, second.text, None)
    assert shared([first, Line(1, "if p0 is True:", None), within])[1] == {"d8"}
    assert shared([first, second])[1] == set()


def test_what_is_made_to_be_returned_is_returned_at_once() -> None:
    assert passed("t1 = k1(p0)", "return t1") == ["return k1(p0)"]
    other = ("if p0 is True:", " t1 = k1(p0)", "return t1")
    assert passed(*other) == list(other)


def _beyond_the_largest(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A query whose `return` has no value (CQL: a run-time error) and does not read its row."""
    beyond = {"type": "Successor", "operand": number(2147483647)}
    source = {"alias": "A", "expression": {"type": "List", "element": rows}}
    return {
        "type": "Query",
        "source": [source],
        "return": {"distinct": False, "expression": beyond},
    }


def test_an_expression_that_fails_is_not_reached_without_rows() -> None:
    assert evaluate(_beyond_the_largest([])) == []
    with pytest.raises(EvaluationError):
        evaluate(_beyond_the_largest([number(1)]))
