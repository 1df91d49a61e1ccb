"""Every library in broken/ is refused with a typed error: library, place, and what to do.

A file holds one ELM document, or a list of them when the fault lies between libraries.
"""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import (
    LibraryLoadError,
    MissingParameterError,
    MissingValueSetError,
    ParameterError,
    UnknownDefineError,
    UnsupportedOperatorError,
    ValueSets,
    load,
)
from tests.cql_engine_lite.build import AS_OF, Record, elm, program

FOLDER = Path(__file__).resolve().parent / "broken"
ANEW = "translate the CQL anew"
TOGETHER = "translate the libraries anew, together"
WITHOUT = "write the CQL without it"
NODE = "4:2-4:5"
DECLARED = "2:1-2:20"
DEFINE = "3:1-3:9"

# file: locator, what is wrong, what to do
REFUSED: dict[str, tuple[str | None, str, str]] = {
    "translated-with-errors": (NODE, "Could not resolve identifier X", "correct the CQL"),
    "given-twice": (None, "given twice", "load it once"),
    "other-model": ("2:1-2:25", "model QDM version 5.4", "only FHIR 4.0.1"),
    "other-fhir-version": ("2:1-2:25", "model FHIR version 3.0.0", "only FHIR 4.0.1"),
    "include-missing": (DECLARED, "includes library Other version 1", "load its ELM"),
    "include-of-another-version": (
        DECLARED,
        "includes Other version 2, loaded is version 1",
        "load the version that is included",
    ),
    "include-cycle": (DECLARED, "Broken -> Other -> Broken", "a library of its own"),
    "include-of-itself": (DECLARED, "Broken -> Broken", "a library of its own"),
    "include-not-declared": (NODE, "no include is called Nowhere", "declare it in the CQL"),
    "definition-without-name": (None, "'name'", ANEW),
    "definitions-not-a-list": (None, "definition is malformed", ANEW),
    "define-without-expression": (DEFINE, "Broken.A has no expression", ANEW),
    "define-missing": (NODE, "no define is called Gone in Broken", TOGETHER),
    "define-missing-in-include": (NODE, "no define is called Gone in Other", TOGETHER),
    "define-cycle": (DEFINE, "Broken.A -> Broken.B -> Broken.A", "do without the other"),
    "define-cycle-through-function": (DEFINE, "Broken.A -> Broken.A", "do without the other"),
    "function-missing": (NODE, "no function F with 0 operands", TOGETHER),
    "function-external": ("2:1-2:30", "external function F", WITHOUT),
    "overloads-ambiguous": (NODE, "fits 2 of 2 overloads", "signature level All"),
    "operator-unknown": (NODE, "unsupported operator Sideways", WITHOUT),
    "operator-unknown-in-uncalled-function": (NODE, "unsupported operator Sideways", WITHOUT),
    "operand-missing": (DEFINE, "'operand'", ANEW),
    "node-without-type": (DEFINE, "a node has no type", ANEW),
    "alias-unknown": (NODE, "X is not defined here", ANEW),
    "operand-unknown": (NODE, "x is not defined here", ANEW),
    "code-missing": (NODE, "no code is called C in Broken", TOGETHER),
    "code-system-missing": (NODE, "no code system is called S in Broken", TOGETHER),
    "parameter-missing": (NODE, "no parameter is called P in Broken", TOGETHER),
    "parameter-default-cycle": (DECLARED, "Broken.P -> Broken.P", "do without the other"),
    "value-set-not-declared": (NODE, "no value set is called V in Broken", TOGETHER),
    "code-system-membership": (NODE, "unsupported operator InCodeSystem", WITHOUT),
    "retrieve-of-other-model": (NODE, "Retrieve of urn:healthit-gov:qdm:v5_4.Encounter", WITHOUT),
}
NO_LIBRARY = ("not-elm", "library-not-an-object")
LATER = ("parameter-without-value", "value-set-without-expansion")


def documents(name: str) -> list[Any]:
    found = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("name", REFUSED)
def test_a_broken_library_is_refused_at_load(name: str) -> None:
    locator, wrong, advice = REFUSED[name]
    with pytest.raises(LibraryLoadError) as caught:
        load(documents(name))
    error = caught.value
    assert (error.library, error.locator) == ("Broken", locator)
    assert isinstance(error, UnsupportedOperatorError) == (advice == WITHOUT)
    assert str(error).startswith(f"Broken {locator}: " if locator else "Broken: ")
    assert wrong in str(error)
    assert advice in str(error)


@pytest.mark.parametrize("name", NO_LIBRARY)
def test_what_is_no_library_is_refused_at_load(name: str) -> None:
    with pytest.raises(LibraryLoadError, match=r"identifier\.id .*load what the CQL translator"):
        load(documents(name))


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(LibraryLoadError, match="no library"):
        load([])


def test_every_broken_library_has_its_test() -> None:
    files = {path.stem for path in FOLDER.glob("*.json")}
    assert files == {*REFUSED, *NO_LIBRARY, *LATER}


# ----- what only the caller's data can settle, before the first request -----


def test_a_value_set_without_expansion_is_named_when_bound() -> None:
    loaded = load(documents("value-set-without-expansion"))
    for check in (loaded.bind, loaded.require_value_sets):
        with pytest.raises(MissingValueSetError) as caught:
            check(ValueSets({}))
        error = caught.value
        assert error.urls == ("http://example.org/ValueSet/none",)
        assert error.places == ("Broken 2:1-2:50",)
        assert "ValueSet/none (declared at Broken 2:1-2:50): add the ValueSet" in str(error)


def test_a_parameter_without_value_is_named_before_the_first_request() -> None:
    loaded = load(documents("parameter-without-value"))
    with pytest.raises(MissingParameterError) as caught:
        loaded.require_parameters()
    error = caught.value
    assert (error.names, error.places) == (("Broken.P",), ("Broken 2:1-2:20",))
    assert "parameter Broken.P (declared at Broken 2:1-2:20)" in str(error)
    assert "give it in `parameters`" in str(error)
    loaded.require_parameters({"Broken.P": 1})
    loaded.require_parameters({"Broken.P": None})
    with pytest.raises(MissingParameterError, match=r"Broken\.P"):
        loaded.evaluate(Record(), ValueSets({}), None, AS_OF)


def test_parameters_are_required_for_the_defines_that_are_going_to_be_asked_for() -> None:
    records = program("Records")
    records.require_parameters({}, ["Records.Above Threshold", "Records.Today Used"])
    with pytest.raises(MissingParameterError, match=r"Records\.Without Default"):
        records.require_parameters({}, ["Records.Today Used", "Records.Missing Parameter Used"])
    with pytest.raises(ParameterError, match="Treshold"):
        records.require_parameters({"Records.Treshold": 1}, [])
    with pytest.raises(ParameterError, match=r"System\.Decimal"):
        records.require_parameters({"Records.Threshold": "7"}, [])
    with pytest.raises(UnknownDefineError):
        records.require_parameters({}, ["Records.Nothing"])


# ----- anything else that can be wrong -----


def _members(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON document."""
    found: list[tuple[Any, Any]] = []
    stack = [value]
    while stack:
        container = stack.pop()
        pairs = container.items() if isinstance(container, dict) else enumerate(container)
        for key, member in list(pairs):
            found.append((container, key))
            if isinstance(member, (dict, list)):
                stack.append(member)
    return found


# What random damage does not hit often enough: one member each, with a wrong value.
DAMAGE: dict[str, tuple[tuple[Any, ...], Any]] = {
    "identifier": (("library", "identifier", "id"), 5),
    "annotation": (("library", "annotation"), 5),
    "type of a parameter": (
        ("library", "parameters", "def", 0, "parameterTypeSpecifier"),
        "System.Decimal",
    ),
    "number": (("library", "parameters", "def", 0, "default", "value"), "x"),
    "reference": (("library", "parameters", "def", 0, "default"), {"type": "ParameterRef"}),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_wrong_member_is_refused_in_the_engines_own_words(name: str) -> None:
    path, wrong = DAMAGE[name]
    damaged = copy.deepcopy(elm("Records"))
    container: Any = damaged
    for key in path[:-1]:
        container = container[key]
    container[path[-1]] = wrong
    if name == "annotation":
        assert load([damaged, elm("FHIRHelpers")]).define_names()
        return
    with pytest.raises(LibraryLoadError, match="translate the"):
        load([damaged, elm("FHIRHelpers")])


@pytest.mark.parametrize("seed", range(24))
def test_a_damaged_document_loads_or_is_refused_in_the_engines_own_words(seed: int) -> None:
    chance = random.Random(seed)
    whole = [elm("EvidenceRows"), elm("FHIRHelpers")]
    for _ in range(3):
        damaged = copy.deepcopy(whole[0])
        container, key = chance.choice(_members(damaged))
        if chance.random() < 0.4:
            del container[key]
        else:
            container[key] = chance.choice([None, 5, "x", [], {}, [5], {"x": 5}])
        try:
            load([damaged, whole[1]])
        except LibraryLoadError as error:
            assert str(error)
