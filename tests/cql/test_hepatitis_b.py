"""G-HBV1 and G-HBV2 (clinical-spec 3.1, 8.16, 8.24, 8.25, 8.31): status and infection."""

from __future__ import annotations

import pytest

from tests.cql.build import (
    ATC,
    ICD10,
    LOINC,
    RXNORM,
    Json,
    condition,
    dispense,
    observation,
    request,
    statement,
)
from tests.cql.gate_records import BIOLOGIC, ago, check, gates, row
from tests.cql.serology_records import (
    EDGE,
    OLD,
    SCREENED,
    alt,
    antiviral,
    core,
    dna,
    hepatitis_b,
    surface,
)

DRUGS = (*BIOLOGIC, "MTX", "LEF")
EXPOSED = [surface("NEG"), core("POS")]
INFECTED = [surface("POS")]

# ----- G-HBV1 -----

NEGATIVE = ("ok", "HBV_SCREEN_NEGATIVE")
KNOWN = ("ok", "HBV_SCREEN_POSITIVE")
MISSING = ("do_first", "HBV_SCREEN_MISSING")
EXPIRED = ("do_first", "HBV_SCREEN_EXPIRED")
PENDING = ("do_first", "HBV_SCREEN_PENDING")
REPEAT = ("do_first", "HBV_SCREEN_INDETERMINATE")
IMPRECISE = ("unknown", "HBV_SCREEN_DATE_UNKNOWN")
BOTH = ["hbsag", "anti-hbc"]

SCREENS = [
    pytest.param([], MISSING, BOTH, BOTH, id="none"),
    pytest.param([surface("NEG"), core("NEG")], NEGATIVE, [], [], id="both-negative"),
    pytest.param([surface("NEG")], MISSING, ["anti-hbc"], ["anti-hbc"], id="no-core"),
    pytest.param([core("NEG")], MISSING, ["hbsag"], ["hbsag"], id="no-surface"),
    pytest.param([core("POS")], MISSING, ["hbsag"], ["hbsag"], id="core-positive-no-surface"),
    pytest.param(EXPOSED, KNOWN, [], [], id="core-positive"),
    pytest.param([surface("POS")], KNOWN, [], [], id="surface-positive"),
    pytest.param([hepatitis_b()], KNOWN, [], [], id="on-the-problem-list"),
    pytest.param(
        [hepatitis_b(clinical="resolved")], MISSING, BOTH, BOTH, id="over-by-the-record-unscreened"
    ),
    pytest.param([surface("NEG", EDGE), core("NEG")], NEGATIVE, [], [], id="12-months"),
    pytest.param(
        [surface("NEG", OLD), core("NEG")], EXPIRED, ["hbsag"], ["hbsag"], id="surface-expired"
    ),
    pytest.param(
        [surface("NEG"), core("NEG", OLD)], EXPIRED, ["anti-hbc"], ["anti-hbc"], id="core-expired"
    ),
    pytest.param([surface("NEG"), core("POS", "2019")], KNOWN, [], [], id="old-core-positive"),
    pytest.param(
        [surface("NEG"), core("NEG", status="preliminary")],
        PENDING,
        ["anti-hbc"],
        [],
        id="core-pending",
    ),
    pytest.param(
        [surface("NEG", status="preliminary"), core("NEG")],
        PENDING,
        ["hbsag"],
        [],
        id="surf-pending",
    ),
    pytest.param(
        [surface("NEG"), core("IND")], REPEAT, ["anti-hbc"], ["anti-hbc"], id="core-indeterminate"
    ),
    pytest.param(
        [surface("IND"), core("NEG")], REPEAT, ["hbsag"], ["hbsag"], id="surface-indeterminate"
    ),
    pytest.param(
        [surface("NEG", "2025-11"), core("NEG")], IMPRECISE, ["hbsag"], ["hbsag"], id="imprecise"
    ),
    pytest.param([surface("NEG", "2025-11")], MISSING, BOTH, BOTH, id="imprecise-and-none"),
    pytest.param([surface("IND")], REPEAT, BOTH, BOTH, id="indeterminate-and-none"),
]


@pytest.mark.parametrize(("resources", "expected", "missing", "orders"), SCREENS)
def test_screening(
    resources: list[Json], expected: tuple[str, str], missing: list[str], orders: list[str]
) -> None:
    found = gates(*resources)
    for drug_class in BIOLOGIC:
        assert check(found, drug_class, "G-HBV1") == expected
    softer = "caution" if expected[0] == "do_first" else expected[0]
    for drug_class in ("MTX", "LEF"):
        assert check(found, drug_class, "G-HBV1") == (softer, expected[1])
    for drug_class in ("SSZ", "HCQ"):
        assert check(found, drug_class, "G-HBV1") is None
    made = row(found, "TNFi", "G-HBV1")
    assert (made["dataMissing"], made["orders"], made["applies"]) == (missing, orders, "start")


def test_screening_where_observations_are_incomplete() -> None:
    found = gates(surface("NEG"), incomplete=("Observation",))
    for drug_class in DRUGS:
        assert check(found, drug_class, "G-HBV1") == ("unknown", "OBSERVATIONS_NOT_OBTAINED")
    assert row(found, "MTX", "G-HBV1")["orders"] == ["anti-hbc"]


def test_screening_is_valid_until_the_earlier_of_both() -> None:
    found = gates(surface("NEG", "2026-06-10"), core("NEG", "2026-04-01"))
    made = row(found, "TNFi", "G-HBV1")
    assert made["validUntil"] == "2027-04-01"
    assert [r["value"] for r in made["dataUsed"]] == ["hbsag NEG", "anti-hbc NEG"]
    assert row(gates(*EXPOSED), "TNFi", "G-HBV1")["validUntil"] == "2027-06-10"
    assert row(gates(surface("POS"), core("NEG")), "TNFi", "G-HBV1")["validUntil"] is None
    assert row(gates(surface("NEG")), "TNFi", "G-HBV1")["validUntil"] is None


def test_screening_names_the_diagnosis_it_rests_on() -> None:
    made = row(gates(hepatitis_b(id="b")), "TNFi", "G-HBV1")
    assert [r["ref"] for r in made["dataUsed"]] == ["Condition/b"]


# ----- G-HBV2 -----

SURFACE = "HBV_SURFACE_ANTIGEN_POSITIVE"
RECORDED = "HBV_INFECTION_RECORDED"
CONTROLLED = "HBV_INFECTION_ON_ANTIVIRAL"
NO_ANTIGEN = "HBV_SURFACE_ANTIGEN_NEGATIVE"
POSSIBLE = "HBV_INFECTION_POSSIBLE"

INFECTIONS = [
    pytest.param([], None, None, id="none"),
    pytest.param([surface("NEG")], ("ok", NO_ANTIGEN), ("ok", NO_ANTIGEN), id="negative"),
    pytest.param([surface("NEG", OLD)], None, None, id="expired"),
    pytest.param(INFECTED, ("do_first", SURFACE), ("block", SURFACE), id="positive"),
    pytest.param(
        [surface("POS", "2011-02-01"), surface("NEG")],
        ("do_first", SURFACE),
        ("block", SURFACE),
        id="a-later-negative-does-not-cancel",
    ),
    pytest.param(
        [observation(LOINC("5196-1"), "阳性")],
        ("do_first", SURFACE),
        ("unknown", SURFACE),
        id="words-never-block",
    ),
    pytest.param(
        [observation(LOINC("5196-1"), "阳性"), hepatitis_b()],
        ("do_first", SURFACE),
        ("block", SURFACE),
        id="words-and-a-coded-diagnosis",
    ),
    pytest.param([hepatitis_b()], ("do_first", RECORDED), ("block", RECORDED), id="recorded"),
    pytest.param(
        [hepatitis_b(clinical=None)], ("do_first", RECORDED), ("block", RECORDED), id="no-status"
    ),
    pytest.param(
        [hepatitis_b(clinical="remission")],
        ("do_first", RECORDED),
        ("block", RECORDED),
        id="remission-is-no-end",
    ),
    pytest.param(
        [condition(ICD10("B18.1"))], ("do_first", RECORDED), ("block", RECORDED), id="B18.1"
    ),
    pytest.param(
        [hepatitis_b(), surface("NEG"), core("NEG")],
        ("do_first", RECORDED),
        ("block", RECORDED),
        id="recorded-and-negative",
    ),
    pytest.param([hepatitis_b(verification="refuted")], None, None, id="refuted"),
    pytest.param(
        [hepatitis_b(verification="provisional")],
        ("unknown", POSSIBLE),
        ("unknown", POSSIBLE),
        id="provisional",
    ),
    pytest.param(
        [condition({"text": "乙肝"})], ("unknown", POSSIBLE), ("unknown", POSSIBLE), id="told"
    ),
    pytest.param(
        [hepatitis_b(SCREENED, verification="provisional"), surface("NEG")],
        ("ok", NO_ANTIGEN),
        ("ok", NO_ANTIGEN),
        id="suspicion-settled-on-the-day",
    ),
    pytest.param(
        [hepatitis_b("2026-06-11", verification="provisional"), surface("NEG")],
        ("unknown", POSSIBLE),
        ("unknown", POSSIBLE),
        id="suspected-after-the-test",
    ),
    pytest.param(
        [
            hepatitis_b("2015", verification="provisional", recordedDate="2026-06-11"),
            surface("NEG"),
        ],
        ("unknown", POSSIBLE),
        ("unknown", POSSIBLE),
        id="recorded-after-the-test",
    ),
    pytest.param(
        [hepatitis_b(None, verification="provisional"), surface("NEG")],
        ("unknown", POSSIBLE),
        ("unknown", POSSIBLE),
        id="undated-suspicion",
    ),
    pytest.param(
        [hepatitis_b("2015", verification="provisional"), surface("NEG", status="preliminary")],
        ("unknown", POSSIBLE),
        ("unknown", POSSIBLE),
        id="a-pending-test-settles-nothing",
    ),
    pytest.param(
        [hepatitis_b("2015", verification="provisional"), surface("IND")],
        ("unknown", POSSIBLE),
        ("unknown", POSSIBLE),
        id="an-indeterminate-test-settles-nothing",
    ),
    pytest.param(
        [hepatitis_b("2015", verification="provisional"), core("POS"), surface("IND")],
        None,
        None,
        id="exposure-says-more-than-suspicion",
    ),
    pytest.param(
        [*INFECTED, antiviral(), dna("ND")],
        ("caution", CONTROLLED),
        ("block", CONTROLLED),
        id="controlled",
    ),
    pytest.param(
        [*INFECTED, antiviral()], ("do_first", SURFACE), ("block", SURFACE), id="dna-unknown"
    ),
    pytest.param(
        [*INFECTED, dna("ND")], ("do_first", SURFACE), ("block", SURFACE), id="no-antiviral"
    ),
    pytest.param(
        [*INFECTED, antiviral(), dna("POS")],
        ("do_first", SURFACE),
        ("block", SURFACE),
        id="dna-detected",
    ),
    pytest.param(
        [*INFECTED, antiviral(), dna("ND", "2026-08-23")],
        ("caution", CONTROLLED),
        ("block", CONTROLLED),
        id="dna-3-months",
    ),
    pytest.param(
        [*INFECTED, antiviral(), dna("ND", "2026-08-22")],
        ("do_first", SURFACE),
        ("block", SURFACE),
        id="dna-3-months-and-1-day",
    ),
]


@pytest.mark.parametrize(("resources", "biologic", "conventional"), INFECTIONS)
def test_infection(
    resources: list[Json],
    biologic: tuple[str, str] | None,
    conventional: tuple[str, str] | None,
) -> None:
    found = gates(*resources)
    for drug_class in BIOLOGIC:
        assert check(found, drug_class, "G-HBV2") == biologic
    for drug_class in ("MTX", "LEF"):
        assert check(found, drug_class, "G-HBV2") == conventional
    for drug_class in ("SSZ", "HCQ"):
        assert check(found, drug_class, "G-HBV2") is None


DRUG_RECORDS = [
    pytest.param([antiviral()], True, id="taken"),
    pytest.param([statement(ATC("J05AF05"), "2026-09-01")], True, id="lamivudine"),
    pytest.param([statement(RXNORM("117466"), "2026-09-01")], True, id="tenofovir"),
    pytest.param([dispense(ATC("J05AF13"), ago(10))], True, id="handed-out"),
    pytest.param([request(ATC("J05AF10"), ago(10))], False, id="ordered-only"),
    pytest.param([antiviral(status="unknown")], False, id="status-unknown"),
    pytest.param([statement({"text": "entecavir"}, ago(90))], False, id="words-alone"),
    pytest.param(
        [statement(ATC("J05AF10"), ago(90), ago(10), status="stopped")], False, id="stopped"
    ),
]


@pytest.mark.parametrize(("drugs", "runs"), DRUG_RECORDS)
def test_what_counts_as_a_running_antiviral(drugs: list[Json], runs: bool) -> None:
    found = gates(*INFECTED, dna("ND"), *drugs)
    assert check(found, "TNFi", "G-HBV2") == (
        ("caution", CONTROLLED) if runs else ("do_first", SURFACE)
    )


def test_infection_in_full() -> None:
    made = row(gates(surface("POS", id="s")), "TNFi", "G-HBV2")
    assert made["applies"] == "both"
    assert made["dataMissing"] == ["hbv-dna"]
    assert made["orders"] == ["hepatology-referral", "hbv-dna", "alt"]
    assert [r["ref"] for r in made["dataUsed"]] == ["Observation/s"]
    assert made["validUntil"] is None
    found = gates(*INFECTED, antiviral(id="a"), dna("ND", "2026-11-02"), alt())
    made = row(found, "TNFi", "G-HBV2")
    assert (made["orders"], made["dataMissing"]) == ([], [])
    assert made["validUntil"] == "2027-02-02"
    assert "MedicationStatement/a" in [r["ref"] for r in made["dataUsed"]]
    made = row(found, "MTX", "G-HBV2")
    assert made["orders"] == ["hepatology-referral"]
    assert made["validUntil"] is None
    made = row(gates(hepatitis_b(verification="provisional")), "LEF", "G-HBV2")
    assert (made["dataMissing"], made["orders"]) == (["hbv-status"], ["hbsag", "anti-hbc"])
    made = row(gates(surface("NEG", id="n")), "LEF", "G-HBV2")
    assert (made["validUntil"], made["orders"], made["applies"]) == ("2027-06-10", [], "both")
    assert [r["ref"] for r in made["dataUsed"]] == ["Observation/n"]


def test_a_surface_antibody_is_shown_with_or_without_its_amount() -> None:
    anti_hbs = LOINC("16935-9")
    told = observation(anti_hbs, None, id="told", interpretation="POS")
    measured = observation(anti_hbs, 120, "[IU]/L", id="measured")
    waiting = observation(anti_hbs, None, id="waiting", status="preliminary")
    made = row(gates(surface("POS", id="s"), told, measured, waiting), "TNFi", "G-HBV2")
    assert {u["ref"]: u["value"] for u in made["dataUsed"]} == {
        "Observation/s": "hbsag POS",
        "Observation/told": "anti-hbs",
        "Observation/measured": "anti-hbs 120",
    }


MONITORING = [
    pytest.param([], ["hbv-dna", "alt"], id="nothing"),
    pytest.param([alt(ago(30))], ["hbv-dna"], id="alt-30-days"),
    pytest.param([alt(ago(31))], ["hbv-dna", "alt"], id="alt-31-days"),
    pytest.param([alt(status="preliminary")], ["hbv-dna", "alt"], id="alt-pending"),
    pytest.param([dna("ND", status="preliminary"), alt()], [], id="dna-pending"),
    pytest.param([dna("ND")], ["alt"], id="dna-known"),
    pytest.param([dna("ND", "2026-08-22"), alt()], ["hbv-dna"], id="dna-expired"),
    pytest.param([dna("IND"), alt()], ["hbv-dna"], id="dna-indeterminate"),
    pytest.param([dna("POS"), alt()], [], id="dna-detected"),
]


@pytest.mark.parametrize(("resources", "orders"), MONITORING)
def test_what_monitoring_orders(resources: list[Json], orders: list[str]) -> None:
    found = gates(*INFECTED, *resources)
    assert row(found, "TNFi", "G-HBV2")["orders"] == ["hepatology-referral", *orders]
