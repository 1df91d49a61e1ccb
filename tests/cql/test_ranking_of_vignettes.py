"""The ranking of V04 and V14 under each guideline profile (clinical-spec section 6, 4.2, 0.8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cql.build import ROOT
from tests.cql.planted import planted

EULAR = [("ABA", 60), ("TNFi", 60), ("RTX", 55), ("IL6Ri", 50), ("JAKi", 50)]
ACR = [("ABA", 60), ("RTX", 55), ("IL6Ri", 50), ("JAKi", 50), ("TNFi", 50)]


def ranked(folder: str, profile: str) -> dict[str, Any]:
    record = json.loads((ROOT / "fhir_fixtures" / folder / "bundle.json").read_text("utf-8"))
    names = ["NextOption.Options", "NextStep.Next Step"]
    return planted({}, names, record, {"RankingParameters.GuideProfile": profile})


@pytest.mark.parametrize(
    ("profile", "expected"), [("EULAR2022", EULAR), ("EULAR2025", EULAR), ("ACR2021", ACR)]
)
def test_clearing_antibodies_speak_for_the_class_except_in_acr2021(
    profile: str, expected: list[tuple[str, int]]
) -> None:
    found = ranked("v04-secondary-loss", profile)
    assert [(o["class"], o["score"]) for o in found["NextOption.Options"]] == expected
    assert found["NextStep.Next Step"]["action"] == "METHOTREXATE_AND_OTHER_MOLECULE"


@pytest.mark.parametrize("profile", ["EULAR2022", "EULAR2025", "ACR2021"])
def test_a_first_biologic_behind_the_gate_is_the_same_in_every_profile(profile: str) -> None:
    found = ranked("v14-tuberculosis-hepatitis-gate", profile)
    assert [(o["class"], o["score"]) for o in found["NextOption.Options"]] == [
        ("ABA", 50),
        ("IL6Ri", 40),
        ("JAKi", 40),
        ("TNFi", 40),
        ("RTX", 25),
    ]
    assert found["NextStep.Next Step"]["action"] == "FIRST_BIOLOGIC"
