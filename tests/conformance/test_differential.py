"""The same ELM and the same records give the same values in our engine and in cql-execution."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite.values import CqlTuple, Date, Interval, Quantity
from tools.conformance.cases import PROJECT
from tools.conformance.differential import (
    KNOWN,
    KNOWN_RECORDS,
    define_names,
    differences,
    main,
    plain,
    read_libraries,
    same,
    why_known,
)
from tools.elm.elm import CQL_DIRECTORY
from tools.elm.reference import evaluate

# The vignettes of the clinical specification and one record of each other kind: about half a
# minute. `python -m tools.conformance.differential` compares every fixture.
OTHER_KINDS = (
    "gate-ild--fvc-fall-10-percent",
    "gate-infection--pneumonia-active",
    "gate-tb--tpt-started-1-month",
    "record--no-way-to-tell",
    "units--crp-below-5",
)


def chosen_bundles() -> list[Path]:
    fixtures = PROJECT / "fhir_fixtures"
    vignettes = sorted(p for p in fixtures.glob("v0*/bundle.json") if "--" not in p.parent.name)
    return vignettes + [fixtures / kind / "bundle.json" for kind in OTHER_KINDS]


@pytest.mark.node
def test_both_engines_agree_on_every_define() -> None:
    bundles = chosen_bundles()
    assert len(bundles) >= 12
    found = [
        (d.bundle.parent.name, d.define, d.ours, d.reference)
        for d in differences(bundles)
        if why_known(d) is None
    ]
    assert found == []


def test_known_differences_name_defines_and_say_why() -> None:
    documents = read_libraries(CQL_DIRECTORY / "elm")
    defines = {
        f"{document['library']['identifier']['id']}.{name}"
        for document in documents
        for name in define_names(document)
    }
    assert KNOWN.keys() <= defines
    records = {path.parent.name for path in (PROJECT / "fhir_fixtures").glob("*/bundle.json")}
    assert KNOWN_RECORDS.keys() <= records
    assert all(len(why.split()) > 5 for why in (KNOWN | KNOWN_RECORDS).values())


FIXTURE = PROJECT / "fhir_fixtures" / "v01-too-early" / "bundle.json"


def test_no_record_is_begun_when_time_is_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "-1", str(FIXTURE)]) == 3
    assert "0 differences in 0 of 1 records" in capsys.readouterr().out


@pytest.mark.node
def test_a_difference_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def lying(libraries: list[str], bundles: list[Path], as_of: str) -> Any:
        answers = evaluate(libraries, bundles, as_of)
        answers["RAData"][0]["Today"] = "1900-01-01"
        return answers

    monkeypatch.setattr("tools.conformance.differential.evaluate_reference", lying)
    found = [d.define for d in differences([FIXTURE]) if why_known(d) is None]
    assert found == ["RAData.Today"]


@pytest.mark.parametrize(
    ("ours", "reference", "equal"),
    [
        (1, 1.0, True),
        (0.1 + 0.2, 0.3, True),
        (1, 1.001, False),
        (True, 1, False),
        (True, True, True),
        (None, False, False),
        (None, None, True),
        ("a", "b", False),
        ("10.0 mg", "10 mg", True),
        ("das28Esr4 2.78943466", "das28Esr4 2.7894346548516005", True),
        ("10.1 mg", "10 mg", False),
        ("2026-11-20", "2026-11-21", False),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": 1, "b": None}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([], None, False),
    ],
)
def test_sameness(ours: object, reference: object, equal: bool) -> None:
    assert same(ours, reference) is equal
    assert same(reference, ours) is equal


def test_plain_values() -> None:
    row = CqlTuple(
        {
            "date": Date(2026, 11),
            "value": Quantity(Decimal("1.5"), "mg"),
            "range": Interval(1, None, True, False),
            "source": {"resourceType": "Observation", "id": "o"},
        }
    )
    assert plain([row]) == [
        {
            "date": "2026-11",
            "value": {"value": 1.5, "unit": "mg"},
            "range": {"low": 1, "high": None, "lowClosed": True, "highClosed": False},
            "source": "Observation/o",
        }
    ]
    with pytest.raises(TypeError):
        plain(object())
