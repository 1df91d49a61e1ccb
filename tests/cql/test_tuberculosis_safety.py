"""G-TB1 to G-TB4 and the radiograph (clinical-spec 3.1, 8.24, 8.31, 8.32), null rows included."""

from __future__ import annotations

import pytest

from tests.cql.build import (
    ATC,
    ICD10,
    LOCAL,
    SNOMED,
    Coding,
    Json,
    concept,
    condition,
    observation,
    resource,
    statement,
)
from tests.cql.gate_records import BIOLOGIC, CONVENTIONAL, ago, check, cxr, gates, igra, row

TB = SNOMED("56717001")
NEG = ("ok", "TB_SCREEN_NEGATIVE")


def tst(mm: float, day: str = "2026-06-10") -> Json:
    return observation("tst-mm", mm, "mm", day)


def tpt(
    start: str | None,
    stop: str | None = None,
    status: str = "completed",
    drug: str | Coding = "isoniazid",
) -> Json:
    return statement(drug, start, stop, status=status, category=concept(LOCAL("tpt")))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], ("ok", "NO_RECORD_OF_TUBERCULOSIS")),
        ([condition(TB)], ("block", "ACTIVE_TUBERCULOSIS")),
        ([condition(TB, None)], ("block", "ACTIVE_TUBERCULOSIS")),
        ([condition(TB, clinical=None)], ("unknown", "TUBERCULOSIS_POSSIBLE")),
        ([condition(TB, verification="provisional")], ("unknown", "TUBERCULOSIS_POSSIBLE")),
        ([condition(TB, verification="refuted")], ("ok", "NO_RECORD_OF_TUBERCULOSIS")),
        ([condition(TB, clinical="resolved")], ("ok", "NO_RECORD_OF_TUBERCULOSIS")),
        ([condition({"text": "肺结核"})], ("unknown", "TUBERCULOSIS_POSSIBLE")),
        ([statement(ATC("J04AK01"), ago(30))], ("block", "TUBERCULOSIS_TREATMENT_RUNNING")),
        (
            [statement(ATC("J04AK01"), ago(30), status="unknown")],
            ("unknown", "TUBERCULOSIS_TREATMENT_POSSIBLE"),
        ),
    ],
)
def test_active_tuberculosis(entries: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*entries)
    for drug_class in (*BIOLOGIC, "MTX", "LEF"):
        assert check(found, drug_class, "G-TB1") == expected
    assert check(found, "SSZ", "G-TB1") is None


SCREENS = [
    pytest.param([], ("do_first", "TB_SCREEN_MISSING"), id="none"),
    pytest.param([igra("NEG")], NEG, id="negative"),
    pytest.param([igra("NEG", "2025-11-23")], NEG, id="12-months"),
    pytest.param(
        [igra("NEG", "2025-11-22")], ("do_first", "TB_SCREEN_EXPIRED"), id="12-months-and-a-day"
    ),
    pytest.param([igra("NEG", "2025-12")], NEG, id="month-inside"),
    pytest.param([igra("NEG", "2025-11")], ("unknown", "TB_SCREEN_DATE_UNKNOWN"), id="month-edge"),
    pytest.param([igra("NEG", "2025-10")], ("do_first", "TB_SCREEN_EXPIRED"), id="month-outside"),
    pytest.param([igra("NEG", None)], ("do_first", "TB_SCREEN_MISSING"), id="undated"),
    pytest.param([igra("NEG", "2026-12-01")], ("do_first", "TB_SCREEN_MISSING"), id="future"),
    pytest.param(
        [igra("NEG", status="preliminary")], ("do_first", "TB_SCREEN_PENDING"), id="pending"
    ),
    pytest.param(
        [igra("NEG", status="entered-in-error")], ("do_first", "TB_SCREEN_MISSING"), id="error"
    ),
    pytest.param([tst(4.9)], NEG, id="skin-test-under-5"),
    pytest.param([tst(5.0)], ("ok", "TB_SCREEN_POSITIVE"), id="skin-test-5"),
    pytest.param([observation("tst-mm", 0.49, "cm", "2026-06-10")], NEG, id="4.9-in-cm"),
    pytest.param(
        [observation("tst-mm", 0.5, "cm", "2026-06-10")], ("ok", "TB_SCREEN_POSITIVE"), id="5-in-cm"
    ),
    pytest.param([igra("IND")], ("ok", "IGRA_INDETERMINATE"), id="indeterminate"),
    pytest.param([igra("IND", ago(60)), igra("NEG", ago(30))], NEG, id="repeated-negative"),
    pytest.param(
        [igra("NEG", ago(30), id="b"), igra("IND", ago(30), id="a")],
        ("ok", "IGRA_INDETERMINATE"),
        id="one-day-worse-counts",
    ),
]


@pytest.mark.parametrize(("results", "expected"), SCREENS)
def test_screening(results: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*results)
    for drug_class in BIOLOGIC:
        assert check(found, drug_class, "G-TB2") == expected
    assert (check(found, "TNFi", "G-TB4") is not None) == (expected[1] == "IGRA_INDETERMINATE")


def test_valid_until_is_twelve_months_after_the_latest_negative() -> None:
    found = gates(igra("NEG", "2026-01-10"), igra("NEG", "2026-06-10"))
    assert row(found, "TNFi", "G-TB2")["validUntil"] == "2027-06-10"


OLD = igra("NEG", "2025-01-10", id="old")
SHOWN = [
    pytest.param([OLD, igra("NEG", id="new")], [("Observation/new", "NEG")], id="negative"),
    pytest.param([OLD], [("Observation/old", "NEG")], id="expired"),
    pytest.param([OLD, igra("POS", id="pos")], [("Observation/pos", "POS")], id="positive"),
    pytest.param([OLD, igra("IND", ago(9))], [("Observation/old", "NEG")], id="indeterminate"),
    pytest.param(
        [OLD, tpt("2025-01-13", "2025-07-13") | {"id": "tpt"}],
        [("MedicationStatement/tpt", "completed"), ("MedicationStatement/tpt", "isoniazid")],
        id="preventive-therapy",
    ),
]


@pytest.mark.parametrize(("records", "expected"), SHOWN)
def test_what_the_screening_rests_on(records: list[Json], expected: list[tuple[str, str]]) -> None:
    shown = row(gates(*records), "TNFi", "G-TB2")["dataUsed"]
    assert [(used["ref"], used["value"]) for used in shown] == expected


@pytest.mark.parametrize(
    ("profile", "verdict"),
    [("STRICT", "do_first"), ("CN", "do_first"), ("EU", "caution"), ("US", "caution")],
)
def test_rituximab_by_regulatory_profile(profile: str, verdict: str) -> None:
    found = gates(cxr(), profile=profile)
    assert check(found, "RTX", "G-TB2") == (verdict, "TB_SCREEN_MISSING")
    assert check(found, "TNFi", "G-TB2") == ("do_first", "TB_SCREEN_MISSING")
    found = gates(igra("NEG"), profile=profile)
    wanted = "unknown" if verdict == "do_first" else "caution"
    assert check(found, "RTX", "G-TB5") == (wanted, "CXR_MISSING")


def test_observations_not_obtained() -> None:
    found = gates(incomplete=("Observation",))
    assert check(found, "TNFi", "G-TB2") == ("unknown", "OBSERVATIONS_NOT_OBTAINED")
    assert check(found, "TNFi", "G-TB5") == ("unknown", "OBSERVATIONS_NOT_OBTAINED")
    assert row(found, "TNFi", "G-TB2")["orders"] == ["igra"]


def test_conventional_drugs_are_cautioned_only_where_tuberculosis_is_suggested() -> None:
    assert check(gates(), "MTX", "G-TB2") is None
    contact = condition(ICD10("Z20.1"), ago(30))
    assert check(gates(contact), "MTX", "G-TB2") == ("caution", "TB_SCREEN_MISSING")
    assert check(gates(contact, igra("NEG")), "MTX", "G-TB2") is None


RUNNING = {"status": "active"}
THERAPY = [
    pytest.param([], ("do_first", "TB_INFECTION_UNTREATED"), id="none"),
    pytest.param(
        [tpt("2026-10-24", **RUNNING)],
        ("do_first", "TB_PREVENTIVE_THERAPY_TOO_SHORT"),
        id="under-1-month",
    ),
    pytest.param(
        [tpt("2026-10-23", **RUNNING)], ("caution", "TB_PREVENTIVE_THERAPY_RUNNING"), id="1-month"
    ),
    pytest.param(
        [tpt("2026-10", **RUNNING)],
        ("do_first", "TB_PREVENTIVE_THERAPY_START_UNKNOWN"),
        id="month-only",
    ),
    pytest.param(
        [tpt(None, **RUNNING)],
        ("do_first", "TB_PREVENTIVE_THERAPY_START_UNKNOWN"),
        id="start-missing",
    ),
    pytest.param(
        [tpt("2025-01-13", "2025-07-13")], ("ok", "TB_PREVENTIVE_THERAPY_COMPLETED"), id="6-months"
    ),
    pytest.param(
        [tpt("2025-01-13", "2025-07-12")],
        ("do_first", "TB_PREVENTIVE_THERAPY_COMPLETION_UNCONFIRMED"),
        id="a-day-short",
    ),
    pytest.param(
        [tpt("2025-01-13", "2025-05-13", drug=ATC("J04AB02"))],
        ("ok", "TB_PREVENTIVE_THERAPY_COMPLETED"),
        id="rifampicin-4-months",
    ),
    pytest.param(
        [tpt("2026-05-23", "2026-11-23")],
        ("ok", "TB_PREVENTIVE_THERAPY_COMPLETED"),
        id="ends-today",
    ),
    # called completed, but its end is still to come
    pytest.param(
        [tpt("2026-05-24", "2026-11-24")],
        ("do_first", "TB_PREVENTIVE_THERAPY_COMPLETION_UNCONFIRMED"),
        id="ends-tomorrow",
    ),
    pytest.param(
        [tpt("2025-01-13", None)],
        ("do_first", "TB_PREVENTIVE_THERAPY_COMPLETION_UNCONFIRMED"),
        id="completed-without-end",
    ),
    pytest.param(
        [tpt("2025-01-13", "2025-08-13", status="stopped")],
        ("do_first", "TB_PREVENTIVE_THERAPY_COMPLETION_UNCONFIRMED"),
        id="stopped",
    ),
    pytest.param(
        [statement("isoniazid", "2025-01-13", "2025-08-13", status="completed")],
        ("do_first", "TB_PREVENTIVE_THERAPY_COMPLETION_UNCONFIRMED"),
        id="exposure-proves-no-completion",
    ),
]


@pytest.mark.parametrize(("therapy", "expected"), THERAPY)
def test_positive_screen_and_preventive_therapy(
    therapy: list[Json], expected: tuple[str, str]
) -> None:
    found = gates(igra("POS", "2019-03-01"), igra("NEG"), cxr(), *therapy)
    for drug_class in BIOLOGIC:
        assert check(found, drug_class, "G-TB3") == expected
    gentle = "caution" if expected[0] == "do_first" else "ok"
    for drug_class in CONVENTIONAL:
        assert check(found, drug_class, "G-TB3") == (gentle, expected[1])


def procedure(start: str, end: str | None, status: str = "completed") -> Json:
    period = {"start": start} if end is None else {"start": start, "end": end}
    return resource(
        "Procedure",
        status=status,
        code=concept(LOCAL("tpt")),
        performedPeriod=period,
        subject={"reference": "Patient/p"},
    )


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (None, "TB_PREVENTIVE_THERAPY_RUNNING"),
        ("2026-11-23", "TB_PREVENTIVE_THERAPY_RUNNING"),
        ("2026-11", "TB_PREVENTIVE_THERAPY_RUNNING"),
        # called in progress, but over by its own dates
        ("2026-11-22", "TB_PREVENTIVE_THERAPY_COMPLETION_UNCONFIRMED"),
    ],
)
def test_a_therapy_in_progress_runs_until_its_documented_end(end: str | None, reason: str) -> None:
    found = row(
        gates(igra("POS"), cxr(), procedure("2026-09-01", end, "in-progress")), "TNFi", "G-TB3"
    )
    assert found["reason"] == reason


# four months are enough with rifampicin alone: was it taken within these four?
@pytest.mark.parametrize(
    ("start", "stop", "counts"),
    [
        (None, None, True),
        ("2025-05-13", "2025-06-20", True),
        ("2025-05-14", "2025-06-20", False),
        ("2024-12-01", "2025-01-13", True),
        ("2024-12-01", "2025-01-12", False),
    ],
)
def test_the_drugs_of_a_therapy_are_those_within_its_dates(
    start: str | None, stop: str | None, counts: bool
) -> None:
    rifampicin = statement(ATC("J04AB02"), start, stop, status="completed")
    found = gates(igra("POS"), cxr(), procedure("2025-01-13", "2025-05-13"), rifampicin)
    assert check(found, "TNFi", "G-TB3") == (
        ("ok", "TB_PREVENTIVE_THERAPY_COMPLETED")
        if counts
        else ("do_first", "TB_PREVENTIVE_THERAPY_COMPLETION_UNCONFIRMED")
    )


# 12 weekly doses of isoniazid and rifapentine span 77 days; 3 months of isoniazid and rifampicin
@pytest.mark.parametrize(
    ("drugs", "stop", "counts"),
    [
        (("J04AC01", "J04AB05"), "2025-03-31", True),
        (("J04AC01", "J04AB05"), "2025-03-30", False),
        (("J04AC01", "J04AB02"), "2025-04-13", True),
        (("J04AC01", "J04AB02"), "2025-04-12", False),
        (("J04AB02",), "2025-05-13", True),
        (("J04AB02",), "2025-05-12", False),
    ],
)
def test_dates_that_fit_the_regimen(drugs: tuple[str, ...], stop: str, counts: bool) -> None:
    start = "2025-01-13"
    taken = [statement(ATC(d), start, stop, status="completed") for d in drugs]
    found = gates(igra("POS"), cxr(), procedure(start, stop), *taken)
    assert check(found, "TNFi", "G-TB3") == (
        ("ok", "TB_PREVENTIVE_THERAPY_COMPLETED")
        if counts
        else ("do_first", "TB_PREVENTIVE_THERAPY_COMPLETION_UNCONFIRMED")
    )


def test_a_regimen_without_a_drug_needs_the_longest_duration() -> None:
    short = gates(igra("POS"), cxr(), procedure("2025-01-13", "2025-04-20"))
    reason = "TB_PREVENTIVE_THERAPY_COMPLETION_UNCONFIRMED"
    assert check(short, "TNFi", "G-TB3") == ("do_first", reason)
    full = gates(igra("POS"), cxr(), procedure("2025-01-13", "2025-07-20"))
    assert check(full, "TNFi", "G-TB3") == ("ok", "TB_PREVENTIVE_THERAPY_COMPLETED")


def test_another_drug_at_another_time_does_not_shorten_the_regimen() -> None:
    rifampicin = statement(ATC("J04AB02"), "2018-01-01", "2018-02-01", status="completed")
    found = gates(igra("POS"), cxr(), tpt("2025-01-13", "2025-05-01"), rifampicin)
    assert check(found, "TNFi", "G-TB3") == (
        "do_first",
        "TB_PREVENTIVE_THERAPY_COMPLETION_UNCONFIRMED",
    )


@pytest.mark.parametrize("missing", ["Procedure", "CarePlan", "MedicationStatement"])
def test_therapy_may_be_recorded_where_nothing_was_obtained(missing: str) -> None:
    found = gates(igra("POS"), cxr(), incomplete=(missing,))
    assert check(found, "TNFi", "G-TB3") == ("do_first", "TB_PREVENTIVE_THERAPY_NOT_OBTAINED")
    assert row(found, "TNFi", "G-TB3")["dataMissing"] == ["tb-preventive-therapy"]


HISTORY = ("unknown", "TB_HISTORY_TREATMENT_UNCONFIRMED")
LATENT = [
    ([condition(ICD10("Z22.7"))], ("do_first", "TB_INFECTION_UNTREATED")),
    (
        [condition(ICD10("Z22.7"), verification="provisional")],
        ("unknown", "LATENT_TUBERCULOSIS_POSSIBLE"),
    ),
    ([condition({"text": "潜伏结核感染"})], ("unknown", "LATENT_TUBERCULOSIS_POSSIBLE")),
    ([condition(ICD10("Z86.11"), "2009")], HISTORY),
    ([condition(TB, "2009", clinical="resolved")], HISTORY),
    ([condition(ICD10("Z86.11"), verification="refuted")], None),
]


@pytest.mark.parametrize(("entries", "expected"), LATENT)
def test_entries_of_latent_or_earlier_tuberculosis(
    entries: list[Json], expected: tuple[str, str] | None
) -> None:
    assert check(gates(igra("NEG"), cxr(), *entries), "JAKi", "G-TB3") == expected
    done = gates(igra("NEG"), cxr(), tpt("2025-01-13", "2025-07-13"), *entries)
    settled = check(done, "JAKi", "G-TB3")
    assert settled is None or settled[0] == "ok"


def symptom(day: str | None, **status: str) -> Json:
    return condition(SNOMED("66857006"), day, **status)


RADIOGRAPHS = [
    pytest.param([cxr()], ("ok", "CXR_NORMAL"), id="normal"),
    pytest.param([], ("unknown", "CXR_MISSING"), id="none"),
    pytest.param([cxr(day="2025-11-23")], ("ok", "CXR_NORMAL"), id="12-months"),
    pytest.param([cxr(day="2025-11-22")], ("unknown", "CXR_EXPIRED"), id="12-months-and-a-day"),
    pytest.param([cxr(day="2025-11")], ("unknown", "CXR_DATE_UNKNOWN"), id="month-edge"),
    pytest.param([cxr(status="preliminary")], ("unknown", "CXR_PENDING"), id="pending"),
    pytest.param([cxr("abnormal", "2020-01-01")], ("do_first", "CXR_ABNORMAL"), id="old-abnormal"),
    pytest.param([cxr("abnormal", "2020-01-01"), cxr()], ("ok", "CXR_NORMAL"), id="later-normal"),
    pytest.param([cxr(id="b"), cxr("abnormal", id="a")], ("do_first", "CXR_ABNORMAL"), id="tie"),
    pytest.param([cxr("tb-suggestive")], ("do_first", "CXR_TB_SUGGESTIVE"), id="suggestive"),
    pytest.param([cxr(), symptom(ago(20))], ("do_first", "TB_CONTACT_OR_SYMPTOMS"), id="symptom"),
    pytest.param([cxr(), symptom(ago(400))], ("ok", "CXR_NORMAL"), id="old-symptom"),
    pytest.param(
        [cxr(), symptom("2025-11-23")], ("do_first", "TB_CONTACT_OR_SYMPTOMS"), id="12-months"
    ),
    pytest.param([cxr(), symptom("2025-11-22")], ("ok", "CXR_NORMAL"), id="12-months-and-a-day"),
    pytest.param(
        [cxr(), condition(ICD10("Z20.1"), ago(20), clinical=None)],
        ("do_first", "TB_CONTACT_OR_SYMPTOMS"),
        id="contact-without-a-status",
    ),
    pytest.param(
        [cxr(), condition(ICD10("Z20.1"), ago(20), clinical="resolved")],
        ("ok", "CXR_NORMAL"),
        id="contact-that-is-over",
    ),
    pytest.param(
        [cxr(), symptom(None)], ("unknown", "TB_CONTACT_OR_SYMPTOMS_UNCLEAR"), id="undated-symptom"
    ),
    pytest.param(
        [cxr(), symptom(ago(20), verification="provisional")],
        ("unknown", "TB_CONTACT_OR_SYMPTOMS_UNCLEAR"),
        id="suspected-symptom",
    ),
    pytest.param(
        [tpt("2025-01-13", "2025-07-13")], ("ok", "CXR_DUE_AFTER_PREVENTIVE_THERAPY"), id="tpt"
    ),
]


@pytest.mark.parametrize(("resources", "expected"), RADIOGRAPHS)
def test_radiograph_and_signs(resources: list[Json], expected: tuple[str, str]) -> None:
    found = gates(igra("NEG"), *resources)
    for drug_class in BIOLOGIC:
        assert check(found, drug_class, "G-TB5") == expected


def test_a_radiograph_is_still_offered_after_completed_therapy() -> None:
    found = row(gates(tpt("2025-01-13", "2025-07-13")), "TNFi", "G-TB5")
    assert (found["verdict"], found["orders"], found["dataMissing"]) == ("ok", ["cxr"], ["cxr"])


@pytest.mark.parametrize(
    ("records", "incomplete", "asked"),
    [
        ([], (), []),
        ([condition(ICD10("A15.0"))], (), []),
        ([condition(ICD10("A15.0"), verification="provisional")], (), ["tb-status"]),
        ([], ("Condition",), ["tb-status"]),
    ],
)
def test_active_tuberculosis_asks(
    records: list[Json], incomplete: tuple[str, ...], asked: list[str]
) -> None:
    assert row(gates(*records, incomplete=incomplete), "TNFi", "G-TB1")["dataMissing"] == asked
