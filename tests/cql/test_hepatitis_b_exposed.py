"""G-HBV3 (clinical-spec 3.1, 8.16, 8.24, 8.25, 8.31): exposed to hepatitis B."""

from __future__ import annotations

import pytest

from tests.cql.build import ATC, LOINC, Json, observation, request
from tests.cql.gate_records import ago, check, gates, row
from tests.cql.serology_records import (
    OLD,
    SCREENED,
    alt,
    antiviral,
    core,
    dna,
    hepatitis_b,
    surface,
)

OTHERS = ("TNFi", "IL6Ri", "ABA", "JAKi")
EXPOSED = [surface("NEG"), core("POS")]
INFECTED = [surface("POS")]

FIRST = ("do_first", "HBV_PROPHYLAXIS_FIRST")
RUNNING = ("caution", "HBV_PROPHYLAXIS_RUNNING")
DNA_OPEN = ("do_first", "HBV_PROPHYLAXIS_DNA_OPEN")
OPEN = ("caution", "HBV_CORE_DNA_OPEN")
CLEAR = ("caution", "HBV_CORE_DNA_NOT_DETECTED")
UNCLEAR = ("unknown", "HBV_CORE_DNA_UNCLEAR")
VIRAEMIC = ("do_first", "HBV_DNA_DETECTED")
NO_CORE = ("ok", "HBV_CORE_ANTIBODY_NEGATIVE")

EXPOSURES = [
    pytest.param([], None, None, None, id="none"),
    pytest.param([core("NEG")], NO_CORE, NO_CORE, None, id="negative"),
    pytest.param([core("NEG", OLD)], None, None, None, id="expired"),
    pytest.param(EXPOSED, FIRST, OPEN, None, id="exposed"),
    pytest.param([core("POS")], FIRST, OPEN, None, id="surface-antigen-unknown"),
    pytest.param([core("POS", "2012"), core("NEG")], FIRST, OPEN, None, id="never-expires"),
    pytest.param([hepatitis_b(clinical="resolved")], FIRST, OPEN, None, id="over-by-the-record"),
    pytest.param([hepatitis_b(clinical="inactive")], FIRST, OPEN, None, id="inactive"),
    pytest.param(
        [hepatitis_b(clinical=None, abatementDateTime="2016-01-01")], FIRST, OPEN, None, id="abated"
    ),
    pytest.param(
        [hepatitis_b(clinical="resolved", verification="provisional"), core("NEG")],
        NO_CORE,
        NO_CORE,
        None,
        id="suspected-only",
    ),
    pytest.param(
        [hepatitis_b(clinical="resolved"), core("NEG")],
        FIRST,
        OPEN,
        None,
        id="recorded-and-negative",
    ),
    pytest.param([surface("POS"), core("POS")], None, None, None, id="infected-is-g-hbv2"),
    pytest.param([*EXPOSED, dna("ND")], FIRST, CLEAR, None, id="dna-not-detected"),
    pytest.param([*EXPOSED, dna("ND", "2026-08-23")], FIRST, CLEAR, None, id="dna-3-months"),
    pytest.param([*EXPOSED, dna("ND", "2026-08-22")], FIRST, OPEN, None, id="dna-expired"),
    pytest.param([*EXPOSED, dna("ND", "2026-08")], FIRST, OPEN, None, id="dna-imprecise"),
    pytest.param([*EXPOSED, dna("ND", status="preliminary")], FIRST, OPEN, None, id="dna-pending"),
    pytest.param([*EXPOSED, dna("IND")], FIRST, UNCLEAR, None, id="dna-indeterminate"),
    pytest.param([*EXPOSED, dna("POS")], VIRAEMIC, VIRAEMIC, VIRAEMIC, id="dna-detected"),
    pytest.param(
        [*EXPOSED, dna("POS", ago(60)), dna("ND", ago(5))], FIRST, CLEAR, None, id="dna-cleared"
    ),
    pytest.param([dna("POS")], VIRAEMIC, VIRAEMIC, VIRAEMIC, id="dna-alone"),
    pytest.param([dna("ND")], None, None, None, id="dna-not-detected-alone"),
    pytest.param([*EXPOSED, antiviral(), dna("ND")], RUNNING, CLEAR, None, id="prophylaxis"),
    pytest.param([*EXPOSED, antiviral()], DNA_OPEN, OPEN, None, id="prophylaxis-dna-unknown"),
    pytest.param(
        [*EXPOSED, antiviral(), dna("POS")], VIRAEMIC, VIRAEMIC, VIRAEMIC, id="prophylaxis-viraemic"
    ),
    pytest.param(
        [*EXPOSED, request(ATC("J05AF10"), ago(3)), dna("ND")], FIRST, CLEAR, None, id="ordered"
    ),
]


@pytest.mark.parametrize(("resources", "rituximab", "others", "conventional"), EXPOSURES)
def test_exposure(
    resources: list[Json],
    rituximab: tuple[str, str] | None,
    others: tuple[str, str] | None,
    conventional: tuple[str, str] | None,
) -> None:
    found = gates(*resources)
    assert check(found, "RTX", "G-HBV3") == rituximab
    for drug_class in OTHERS:
        assert check(found, drug_class, "G-HBV3") == others
    for drug_class in ("MTX", "LEF"):
        assert check(found, drug_class, "G-HBV3") == conventional
    for drug_class in ("SSZ", "HCQ"):
        assert check(found, drug_class, "G-HBV3") is None


def test_exposure_where_observations_are_incomplete() -> None:
    found = gates(*EXPOSED, incomplete=("Observation",))
    assert check(found, "RTX", "G-HBV3") == FIRST
    assert check(found, "TNFi", "G-HBV3") == UNCLEAR
    assert row(found, "TNFi", "G-HBV3")["orders"] == ["hbv-dna", "alt"]


def test_exposure_in_full() -> None:
    anti_hbs = observation(LOINC("16935-9"), 120.0, "[IU]/L", SCREENED, id="hbs")
    pending = observation(LOINC("16935-9"), 1.0, "[IU]/L", SCREENED, status="preliminary")
    found = gates(surface("NEG", id="s"), core("POS", id="c"), anti_hbs, pending)
    made = row(found, "RTX", "G-HBV3")
    assert made["applies"] == "both"
    assert made["dataMissing"] == ["hbv-dna"]
    assert made["orders"] == ["hepatology-referral", "hbv-dna", "alt"]
    refs = [r["ref"] for r in made["dataUsed"]]
    assert refs == ["Observation/s", "Observation/c", "Observation/hbs"]
    assert made["dataUsed"][2]["value"].startswith("anti-hbs 120")
    assert row(found, "JAKi", "G-HBV3")["orders"] == ["hbv-dna", "alt"]
    found = gates(*EXPOSED, antiviral(), dna("ND"), alt())
    made = row(found, "RTX", "G-HBV3")
    assert (made["orders"], made["validUntil"]) == ([], "2027-02-02")
    assert row(found, "TNFi", "G-HBV3")["validUntil"] == "2027-02-02"
    assert row(gates(*EXPOSED, dna("ND")), "RTX", "G-HBV3")["validUntil"] is None
    made = row(gates(*EXPOSED, dna("POS"), alt()), "MTX", "G-HBV3")
    assert made["orders"] == ["hepatology-referral"]
    made = row(gates(core("NEG", id="n")), "RTX", "G-HBV3")
    assert (made["validUntil"], made["applies"]) == ("2027-06-10", "both")
    assert [r["ref"] for r in made["dataUsed"]] == ["Observation/n"]


@pytest.mark.parametrize("profile", ["STRICT", "EU", "US", "CN"])
def test_no_profile_softens_hepatitis_b(profile: str) -> None:
    found = gates(*EXPOSED, profile=profile)
    assert check(found, "RTX", "G-HBV3") == FIRST
    infected = gates(*INFECTED, profile=profile)
    assert check(infected, "MTX", "G-HBV2") == ("block", "HBV_SURFACE_ANTIGEN_POSITIVE")
