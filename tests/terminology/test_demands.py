"""The tables of demands themselves: how they are read."""

from __future__ import annotations

import pytest

from tests.terminology.demands import Codes, complaints, family, read, says


def test_a_table_is_read_row_by_row() -> None:
    demand = read("""
Some Drug
  atc   L04AB04 J01AA01..03 ?J01AA09   # found nowhere
  names some drug, 某药, ?brand
""")["Some Drug"]
    assert demand.wanted == {
        ("atc", "L04AB04"), ("atc", "J01AA01"), ("atc", "J01AA02"), ("atc", "J01AA03"),
        ("names", "some drug"), ("names", "某药"),
    }  # fmt: skip
    assert demand.unconfirmed == {("atc", "J01AA09"), ("names", "brand")}


def test_a_set_holds_what_others_hold_through_others() -> None:
    found = read("""
One
  atc J01AA01
Two
  = One
  atc J01AA02
Three
  = Two
""")
    assert found["Three"].wanted == {("atc", "J01AA01"), ("atc", "J01AA02")}


def test_a_set_holds_what_a_set_of_another_table_holds() -> None:
    known = read("One\n  atc J01AA01\n")
    found = read("Two\n  = One\n", known)
    assert found.keys() == {"Two"}
    assert found["Two"].wanted == {("atc", "J01AA01")}


def test_families_are_those_of_the_published_edition() -> None:
    assert family("icd10", "J47") == {"J47"}
    assert family("icd10cm", "J47") == {"J47", "J47.0", "J47.1", "J47.9"}
    chapter = family("icd10cm", "O")
    assert {"O00", "O09", "O9A", "O9A.211"} <= chapter
    assert chapter.isdisjoint({"O00-O08", "Z33.1"})
    without = read("Cancer\n  icd10 C* -C44*\n")["Cancer"].wanted
    assert {("icd10", "C43.9"), ("icd10", "C97")} <= without
    assert ("icd10", "C44.9") not in without


def test_a_title_says_a_word_or_does_not() -> None:
    assert says("icd10cm", "E11", "diabetes")
    assert not says("icd10cm", "E11", "gout")
    assert read("X\n  icd10cm I70*=cerebral_arteries\n")["X"].titles == [
        ("icd10cm", "I70", "cerebral arteries")
    ]


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({("atc", "A"), ("atc", "B")}, []),
        ({("atc", "A"), ("atc", "B"), ("atc", "U")}, []),
        ({("atc", "A")}, ["lacks atc B"]),
        ({("atc", "A"), ("atc", "B"), ("atc", "C")}, ["holds atc C, which no table demands"]),
    ],
)
def test_a_lost_code_and_an_added_one_are_told(held: Codes, said: list[str]) -> None:
    assert complaints(read("Set\n  atc A B ?U\n")["Set"], held) == said


@pytest.mark.parametrize(
    "table",
    ["Set\n  ATC A\n", "Set\n  atc\n", "Set\n  atc A\nSet\n  atc B\n"],
    ids=["unknown system", "no codes", "twice"],
)
def test_an_unreadable_table_is_refused(table: str) -> None:
    with pytest.raises(ValueError):
        read(table)


@pytest.mark.parametrize("rows", ["atc A\n  atc A", "atc A -B"])
def test_a_row_that_changes_nothing_is_refused(rows: str) -> None:
    with pytest.raises(AssertionError):
        read(f"Set\n  {rows}\n")
