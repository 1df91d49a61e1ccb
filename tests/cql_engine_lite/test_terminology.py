"""Retrieves by code, value set membership, and where expansions come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ra_cds_hooks.cql_engine_lite import LibraryLoadError, MissingValueSetError, ValueSets
from tests.cql_engine_lite.build import (
    AS_OF,
    LENGTHS,
    TESTS,
    VALUE_SETS,
    Record,
    observation,
    program,
    value,
)

ROWS = [
    observation("l"),
    observation("w", "weight"),
    observation("other-system", code={"coding": [{"system": "http://other", "code": "length"}]}),
    observation(
        "second",
        code={"coding": [{"system": "x", "code": "y"}, {"system": TESTS, "code": "size"}]},
    ),
    observation("text", code={"text": "length"}),
    observation("category", "weight", category=[{"coding": [{"system": TESTS, "code": "size"}]}]),
]


@pytest.mark.parametrize(
    ("define", "expected"),
    [
        ("In Retrieve", ["l", "second"]),
        ("In Where", ["l", "second"]),
        ("Category In", ["category"]),
        ("Direct Code", ["w", "category"]),
        ("Either Code", ["l", "w", "category"]),
        ("Concept Codes", ["l", "w", "category"]),
        ("Equivalent Code", ["l"]),
    ],
)
def test_resources_by_code(define: str, expected: list[str]) -> None:
    assert value("Records", define, *ROWS) == expected


@pytest.mark.parametrize(
    ("define", "expected"),
    [
        ("Code In", True),
        ("Other Code In", False),
        ("Text In", True),
        ("List In", True),
        ("Null In", None),
    ],
)
def test_membership(define: str, expected: bool | None) -> None:
    assert value("Records", define) is expected


def test_a_missing_value_set_is_found_before_any_request() -> None:
    with pytest.raises(MissingValueSetError) as caught:
        program("Records").require_value_sets(ValueSets({}))
    assert caught.value.urls == (LENGTHS,)
    program("Records").require_value_sets(VALUE_SETS)
    assert program("Records").value_set_urls == (LENGTHS,)


def test_a_bound_terminology_is_taken_in_place_of_the_terminology() -> None:
    bound = program("Records").bind(VALUE_SETS)
    name = "Records.In Retrieve"
    results = program("Records").evaluate(Record(*ROWS), bound, None, AS_OF, [name])
    assert results[name] == ["l", "second"]


def test_expansions_of_fhir_value_sets(tmp_path: Path) -> None:
    nested = {
        "resourceType": "ValueSet",
        "url": "http://example.org/nested",
        "version": "2",
        "expansion": {
            "contains": [
                {
                    "system": "s",
                    "code": "a",
                    "abstract": True,
                    "contains": [{"system": "s", "code": "b"}],
                },
                {"system": "s", "code": "c"},
            ]
        },
    }
    listed = {
        "resourceType": "ValueSet",
        "url": "http://example.org/listed",
        "compose": {"include": [{"system": "t", "concept": [{"code": "d"}]}]},
    }
    for number, resource in enumerate((nested, listed)):
        (tmp_path / f"{number}.json").write_text(json.dumps(resource), encoding="utf-8")
    value_sets = ValueSets.from_directory(tmp_path)
    assert value_sets.expand("http://example.org/nested") == {("s", "b"), ("s", "c")}
    assert value_sets.expand("http://example.org/nested|2") == {("s", "b"), ("s", "c")}
    assert value_sets.expand("http://example.org/listed") == {("t", "d")}
    with pytest.raises(MissingValueSetError):
        value_sets.expand("http://example.org/absent")


@pytest.mark.parametrize(
    "compose",
    [
        {"include": [{"system": "s"}]},
        {"include": [{"system": "s", "filter": [{"property": "p", "op": "is-a", "value": "v"}]}]},
        {"include": [{"system": "s", "concept": [{"code": "a"}]}], "exclude": [{"system": "s"}]},
    ],
)
def test_a_value_set_that_cannot_be_enumerated_is_refused(compose: object) -> None:
    resource = {"resourceType": "ValueSet", "url": "u", "compose": compose}
    with pytest.raises(LibraryLoadError):
        ValueSets.from_resources([resource])
