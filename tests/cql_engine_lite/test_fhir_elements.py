"""CQL over FHIR R4 JSON: choices, primitives, extensions, decimals, partial dates, bad shapes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ra_cds_hooks.cql_engine_lite import Date, DateTime, EvaluationError, Interval
from tests.cql_engine_lite.build import (
    AS_OF,
    VALUE_SETS,
    Json,
    Record,
    measured,
    observation,
    program,
    value,
)

PATIENT: Json = {"resourceType": "Patient", "id": "p", "birthDate": "1970-05-01"}

MIXED = [
    measured("q", "length", "2026-01-01", 5.0),
    observation("s", valueString="text"),
    observation("b", valueBoolean=False),
    observation("i", valueInteger=3),
    observation("n"),
    observation("x", _valueString={"extension": [{"url": "u", "valueCode": "unknown"}]}),
]


def test_a_choice_element_is_read_by_its_type() -> None:
    assert value("Records", "Quantities", *MIXED) == ["q"]
    assert value("Records", "Strings", *MIXED) == [None, "text", None, None, None, None]
    assert value("Records", "Booleans", *MIXED) == [None, None, False, None, None, None]
    assert value("Records", "Integers", *MIXED) == [None, None, None, 3, None, None]


def test_a_choice_element_keeps_its_type_through_a_let() -> None:
    assert value("Records", "Value Through Let", *MIXED) == ["cm", None, None, None, None, None]


def test_an_element_with_only_extensions_is_not_null() -> None:
    assert value("Records", "Has Value", *MIXED) == ["q", "s", "b", "i", "x"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0.1", "0.1"),
        ("5", "5"),
        ("7.10", "7.1"),
        ("1e3", "1000"),
        ("0.000001", "0.000001"),
        ("12.345678", "12.345678"),
    ],
)
def test_a_decimal_is_exactly_what_was_written(written: str, expected: str) -> None:
    number = json.loads(written)
    assert value("Records", "Quantity Values", measured("q", "l", "2026", number)) == [
        Decimal(expected)
    ]
    exact = json.loads(written, parse_float=Decimal)
    assert value("Records", "Quantity Values", measured("q", "l", "2026", exact)) == [
        Decimal(expected)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", DateTime(2026, offset=480)),
        ("2026-02", DateTime(2026, 2, offset=480)),
        ("2026-02-28", DateTime(2026, 2, 28, offset=480)),
        ("2026-02-28T10:00:00Z", DateTime(2026, 2, 28, 10, 0, 0, offset=0)),
        ("2026-02-28T10:00:00.120-05:00", DateTime(2026, 2, 28, 10, 0, 0, 120, offset=-300)),
        ("2026-02-30", None),
        ("soon", None),
    ],
)
def test_a_date_time_keeps_its_precision_and_offset(text: str, expected: DateTime | None) -> None:
    (moment,) = value("Records", "Moments", observation("o", effectiveDateTime=text))
    if expected is None:
        assert moment is None
    else:
        assert moment.isoformat() == expected.isoformat() or not moment.offset_given
        assert (moment.low, moment.high, moment.offset) == (
            expected.low,
            expected.high,
            expected.offset,
        )


def test_a_period_without_end_goes_on() -> None:
    period = {"start": "2026-01-01"}
    (interval,) = value("Records", "Periods", observation("o", effectivePeriod=period))
    assert isinstance(interval, Interval)
    assert (interval.low.year, interval.high, interval.high_closed) == (2026, None, True)


def test_extensions_of_primitives() -> None:
    extension = {"url": "http://example.org/time", "valueDateTime": "1970-05-01T01:00:00Z"}
    with_both = {**PATIENT, "_birthDate": {"extension": [extension]}}
    only_extension = {key: with_both[key] for key in ("resourceType", "id", "_birthDate")}
    for patient in (with_both, only_extension):
        assert value("Records", "Birth Date Extensions", patient) == [
            DateTime(1970, 5, 1, 1, 0, 0, offset=0)
        ]
    assert value("Records", "Birth Date", with_both) == Date(1970, 5, 1)
    assert value("Records", "Birth Date", only_extension) is None
    assert value("Records", "Birth Date Is Null", only_extension) is False
    assert value("Records", "Birth Date Is Null", {"resourceType": "Patient", "id": "p"}) is True


def test_extensions_beside_a_list_of_primitives() -> None:
    name = {"given": ["A", None, "B"], "_given": [None, {"id": "x"}, None]}
    assert value("Records", "Given Names", {**PATIENT, "name": [name]}) == [["A", None, "B"]]


@pytest.mark.parametrize(
    ("born", "expected"), [("1970-05-01", 56), ("1970-11-24", 55), ("1970-11-23", 56)]
)
def test_age_in_years_at_the_evaluation_date(born: str, expected: int) -> None:
    assert value("Records", "Age", {**PATIENT, "birthDate": born}) == expected


def test_age_of_a_partial_birth_date_is_uncertain_only_where_it_matters() -> None:
    assert value("Records", "Age", {**PATIENT, "birthDate": "1970-05"}) == 56
    uncertain = value("Records", "Age", {**PATIENT, "birthDate": "1970"})
    assert (uncertain.low, uncertain.high) == (55, 56)
    assert value("Records", "Age At Ten", {**PATIENT, "birthDate": "2000-06-16"}) == 9
    assert value("Records", "Age", {"resourceType": "Patient", "id": "p"}) is None


def test_sorting_by_a_fhir_element_and_by_its_value() -> None:
    early = observation("early", issued="2026-01-01T09:00:00+12:00")
    late = observation("late", issued="2026-01-01T00:00:00Z")
    none = observation("none")
    for define in ("By Issued Element", "By Issued Value"):
        # 09:00 at +12:00 is the day before on the other clock; null comes first.
        assert value("Records", define, late, early, none) == ["none", "early", "late"]


def test_rows_of_several_resource_types() -> None:
    request = {
        "resourceType": "MedicationRequest",
        "id": "r",
        "authoredOn": "2026-01-01",
        "medicationCodeableConcept": {"text": "asked for"},
    }
    statement = {
        "resourceType": "MedicationStatement",
        "id": "s",
        "medicationCodeableConcept": {"text": "taken"},
    }
    dates = value("Records", "Requests Only", request, statement)
    assert [date.isoformat() for date in dates] == ["2026-01-01"]
    assert value("Records", "Medication Texts", request, statement) == ["asked for", "taken"]


def test_elements_read_names_what_a_caller_has_to_validate() -> None:
    read = program("Records").elements_read()
    assert {"status", "code", "value[x]", "effective[x]", "issued", "category"} <= read[
        "Observation"
    ]
    assert "birthDate" in read["Patient"]
    assert "bodySite" not in read["Observation"]
    assert program("Records").resource_types_read() == frozenset(
        {"Observation", "Patient", "MedicationRequest", "MedicationStatement"}
    )


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
ELEMENTS = [
    "id",
    "status",
    "issued",
    "effectiveDateTime",
    "effectivePeriod",
    "valueQuantity",
    "valueString",
    "valueBoolean",
    "valueInteger",
    "_valueString",
    "code",
    "category",
    "component",
    "authoredOn",
    "medicationCodeableConcept",
    "birthDate",
    "_birthDate",
    "name",
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Observation", "Patient", "MedicationRequest", "MedicationStatement"]),
            st.dictionaries(st.sampled_from(ELEMENTS), JUNK, max_size=6),
        ),
        max_size=3,
    ),
    st.lists(JUNK, max_size=2),
)
@settings(max_examples=150, deadline=None)
def test_json_of_any_shape_gives_a_value_or_a_typed_error(
    resources: list[tuple[str, Json]], junk: list[Any]
) -> None:
    record = Record(*[{"resourceType": kind, **body} for kind, body in resources], *junk)
    names = sorted(program("Records").define_names())
    for name in names:
        if name in ("Records.Missing Parameter Used", "Records.Never", "Records.Needs Never"):
            continue
        try:
            results = program("Records").evaluate(record, VALUE_SETS, None, AS_OF, [name])
            results.evidence(name)
        except EvaluationError as error:
            assert "Error" not in error.message, name
