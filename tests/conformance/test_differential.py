"""The same ELM and the same records give the same values in our engine and in cql-execution."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ra_cds_hooks.cql_engine_lite.values import CqlTuple, Date, Interval, Quantity
from tools.conformance.cases import PROJECT
from tools.conformance.differential import differences, plain, same

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
    found = [(d.bundle.parent.name, d.define, d.ours, d.reference) for d in differences(bundles)]
    assert found == []


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
