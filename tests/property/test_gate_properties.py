"""Monotone safety of every check of the gate, over changed fixture records.

Source: issue "Bad input": removing all results of a kind that a check requires never yields ok;
removing a reassuring result, or ageing it past its validity, never improves a verdict; adding an
unrelated resource changes nothing. Adverse findings follow explicit tables.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.property import gate_records as g
from tools.fixtures import codes as c

TODAY = date(2026, 11, 23)
CASES = sorted(path.parent.name for path in g.FIXTURES.glob("*/bundle.json"))


def some(examples: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )


def of(*names: str) -> set[str]:
    """The codes under which fixtures send these observations."""
    return {c.OBSERVATIONS[name][1] for name in names}


# --- results that a check requires: without any of them it is never ok --------------------------

TB_TESTS = {"71773-6", "71775-1", "tst-mm"}
LUNG = {"hrct-chest", "fvc-pct", "dlco-pct", "19872-1", "19911-7", "19876-2", "24627-2"}
# check -> codes that are taken away, and the reasons of an ok that rests on something else
REQUIRES: dict[str, tuple[set[str], set[str]]] = {
    "G-TB2": (TB_TESTS, {"TB_SCREEN_POSITIVE", "TB_PREVENTIVE_THERAPY_COMPLETED"}),
    "G-TB5": ({"cxr", "36643-5"}, set()),
    "G-HBV1": (of("hbsag", "anti-hbc") | {"5195-3", "16933-4"}, {"HBV_SCREEN_POSITIVE"}),
    "G-HBV2": (of("hbsag") | {"5195-3"}, set()),
    "G-HBV3": (of("anti-hbc") | {"16933-4"}, set()),
    "G-HCV": (of("anti-hcv", "hcv-rna") | {"16128-1", "11259-9"}, set()),
    "G-HIV": (of("hiv") | {"31201-7"}, set()),
    "G-IGG": (of("igg"), set()),
    "G-CBC": (of("wbc", "anc", "alc", "platelets", "haemoglobin"), set()),
    "G-LFT": (of("alt", "ast"), set()),
    "G-EGFR": (of("creatinine", "egfr"), set()),
    "G-ALB": (of("albumin"), set()),
    "G-SPO2": (of("spo2"), set()),
    "G-JAK1": (of("smoking", "bmi", "pack-years", "smoking-years"), set()),
    "G-PREG": (of("hcg"), {"NO_RECORD_OF_PREGNANCY", "PREGNANT"}),
    # a note for the drugs that do not harm the lung, and no question without a risk (8.46)
    "G-ILD0": (
        LUNG,
        {"NO_ILD_RISK_RECORDED", "ILD_RISK_NEVER_SCREENED", "ILD_RISK_UNKNOWN_NEVER_SCREENED"},
    ),
}


# Without the result there may be no row of its own: the screen (G-HBV1) says that it is missing,
# and of an interstitial lung disease on record G-ILD1 speaks.
SAID_BY_ANOTHER = {"G-HBV2", "G-HBV3", "G-ILD0"}


@pytest.mark.parametrize("check", sorted(REQUIRES))
@some(6)
@given(st.sampled_from(CASES))
def test_without_the_results_that_it_requires_a_check_is_never_ok(check: str, case: str) -> None:
    wanted, elsewhere = REQUIRES[check]
    found = g.rows(g.without_codes(g.bundle_of(case), wanted))
    spoken = [row for row in found if row["id"] == check]
    # silence would leave the class ok as well
    assert spoken or check in SAID_BY_ANOTHER, case
    for row in spoken:
        if row["verdict"] == "ok":
            assert row["reason"] in elsewhere, (case, row)


# --- lists that a check reads: where they were not obtained it is never ok ----------------------

MEDICATION = (
    *("MedicationStatement", "MedicationRequest", "MedicationAdministration"),
    "MedicationDispense",
)
# check -> resource types that are withheld
READS_LISTS: dict[str, tuple[str, ...]] = {
    "G-INF1": ("Condition",),
    "G-INF2": ("Condition",),
    "G-INF3": ("Condition",),
    "G-TB1": ("Condition",),
    "G-COVID": ("Condition",),
    "G-NTM": ("Condition",),
    "G-VZV": ("Condition",),
    "G-BRX": ("Condition",),
    "G-COPD": ("Condition",),
    # a normal HRCT would say it, too
    "G-ILD1": ("Condition", "Observation"),
    "G-HF": ("Condition",),
    "G-DEM": ("Condition",),
    "G-GI": ("Condition",),
    "G-MAL": ("Condition",),
    "G-PML": ("Condition",),
    "G-JAK2": ("Condition",),
    "G-JAK3": ("Condition",),
    "G-LIVER": ("Condition",),
    "G-COND": ("Condition",),
    "G-ALLERGY": ("AllergyIntolerance",),
    "G-LIVE": ("Immunization",),
    "G-VAX": ("Immunization",),
    "G-DDI": MEDICATION,
    "G-PJP": MEDICATION,
    "G-JAK4": MEDICATION,
}
# An ok of these reasons does not rest on the withheld list.
STANDS_ALONE: dict[str, set[str]] = {
    # said of the classes that COPD does not speak against, whether there is one or not
    "G-COPD": {"COPD_NO_OBJECTION"},
    # said of the drugs that an ILD would not speak against
    "G-ILD1": {"ILD_WOULD_BE_NO_OBJECTION"},
    # the NYHA class is a result; said of the drugs that it does not speak against
    "G-HF": {"HEART_FAILURE_NYHA_I_OR_II", "HEART_FAILURE_NYHA_III"},
    # the TNF inhibitors are blocked whatever was taken
    "G-JAK4": {"JAK_LINE_TNFI_CONTRAINDICATED"},
}


@pytest.mark.parametrize("check", sorted(READS_LISTS))
@some(4)
@given(st.sampled_from(CASES))
def test_where_its_list_was_not_obtained_a_check_is_never_ok(check: str, case: str) -> None:
    types = READS_LISTS[check]
    found = g.rows(g.without_types(g.bundle_of(case), types), withheld=types)
    spoken = [row for row in found if row["id"] == check]
    assert spoken, case
    for row in spoken:
        assert row["verdict"] != "ok" or row["reason"] in STANDS_ALONE.get(check, set()), (
            case,
            row,
        )


@some(25)
@given(st.sampled_from(CASES), st.sampled_from(sorted({*READS_LISTS.values(), ("Observation",)})))
def test_a_list_that_is_incomplete_never_improves_a_verdict(
    case: str, types: tuple[str, ...]
) -> None:
    """What was to be done first may become unknown; nothing falls below unknown, no block falls."""
    before = g.of_molecule(g.said(g.rows_of_case(case)))
    after = g.of_molecule(g.said(g.rows(g.bundle_of(case), withheld=types)))
    for key, verdict in before.items():
        least = "unknown" if verdict == "do_first" else verdict
        assert g.at_least(after.get(key), least), (key, verdict, after.get(key))


# --- adverse findings: each makes its check at least as bad as the table says -------------------


def day(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def allergy(drug: str) -> Any:
    system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-"
    return g.empty_chart().add(
        "AllergyIntolerance",
        "allergy",
        subject="patient",
        clinicalStatus={"coding": [{"system": system + "clinical", "code": "active"}]},
        verificationStatus={"coding": [{"system": system + "verification", "code": "confirmed"}]},
        code={"coding": [{"system": s, "code": k} for s, k in c.DRUGS[drug]]},
    )


def has(name: str, days: int = 30, **elements: Any) -> Any:
    return g.empty_chart().condition(name, day(days), **elements)


def coded(code: str) -> Any:
    """A condition of a code that codes.CONDITIONS does not name."""
    chart = has("hypertension")
    chart._resources[0][3]["code"] = {"coding": [{"system": c.ICD10CM, "code": code}]}
    return chart


def measured(name: str, value: float) -> Any:
    return g.empty_chart().quantity(name, value, day(0))


def takes(drug: str, daily_mg: float | None = None) -> Any:
    return g.empty_chart().taking(drug, day(200), daily_mg=daily_mg)


def result(name: str, answer: tuple[str, str, str, str]) -> Any:
    return g.empty_chart().result(name, answer, day(5))


def read_as(name: str, reading: str) -> Any:
    return g.empty_chart().reading(name, reading, day(0))


POSITIVE, UNCLEAR = c.POSITIVE, c.INDETERMINATE
TNF, IL6, RTX, JAK = ("adalimumab",), ("tocilizumab",), ("rituximab",), ("tofacitinib",)
MTX, LEF, HCQ = ("methotrexate",), ("leflunomide",), ("hydroxychloroquine",)
EVERY = (*TNF, *IL6, "abatacept", *RTX, *JAK)
TWO_INFECTIONS = has("sepsis", 5).condition("pneumonia", day(150))
LIVE_VACCINE = g.empty_chart().vaccinated(c.CVX, "03", day(5))
SMOKES = g.empty_chart().smoking(c.CURRENT_SMOKER, day(0))
HEART = read_as("nyha", "nyha-3").condition("heart-failure", day(30))
ILD_ON_MTX = has("ild").taking("methotrexate", day(200))
# check -> finding, molecules, occasion, the least verdict
ADVERSE: dict[str, tuple[Any, tuple[str, ...], str, str]] = {
    "G-INF1": (has("pneumonia", 5), EVERY, "start", "block"),
    "G-INF2": (has("sepsis", 5), EVERY, "start", "caution"),
    "G-INF3": (TWO_INFECTIONS, EVERY, "start", "caution"),
    "G-TB1": (has("tuberculosis"), EVERY, "start", "block"),
    "G-TB3": (result("igra", POSITIVE), TNF, "start", "caution"),
    "G-TB4": (result("igra", UNCLEAR), TNF, "start", "caution"),
    "G-TB5": (read_as("cxr", "abnormal"), EVERY, "start", "do_first"),
    "G-COVID": (has("covid-19", 5), EVERY, "start", "block"),
    "G-NTM": (has("ntm"), TNF, "start", "caution"),
    "G-VZV": (has("zoster", 5), JAK, "start", "block"),
    "G-LIVE": (LIVE_VACCINE, EVERY, "start", "do_first"),
    "G-BRX": (has("bronchiectasis"), EVERY, "start", "caution"),
    "G-COPD": (has("copd"), ("abatacept",), "start", "caution"),
    "G-SPO2": (measured("spo2", 88), EVERY, "start", "do_first"),
    "G-ILD1": (has("ild"), LEF, "start", "block"),
    "G-ILD2": (ILD_ON_MTX, MTX, "continue", "do_first"),
    "G-HF": (HEART, TNF, "start", "block"),
    "G-DEM": (has("multiple-sclerosis"), TNF, "start", "block"),
    "G-GI": (has("bowel-perforation"), IL6, "start", "block"),
    "G-MAL": (has("breast-cancer"), EVERY, "start", "do_first"),
    "G-PML": (has("pml"), RTX, "start", "block"),
    "G-JAK1": (SMOKES, JAK, "start", "caution"),
    "G-JAK2": (has("infarction"), JAK, "start", "block"),
    "G-JAK3": (has("pulmonary-embolism"), JAK, "start", "block"),
    "G-LIVER": (has("hepatic-failure"), (*MTX, *LEF, *JAK), "start", "block"),
    "G-COND": (coded("H35.00"), HCQ, "start", "block"),
    "G-ALLERGY": (allergy("adalimumab"), TNF, "start", "block"),
    "G-DDI": (takes("azathioprine"), JAK, "start", "block"),
    "G-PJP": (takes("prednisone", 40), TNF, "start", "caution"),
    "G-CBC": (measured("anc", 0.3), (*IL6, *MTX), "start", "block"),
    "G-LFT": (measured("alt", 900), (*IL6, *MTX), "start", "block"),
    "G-EGFR": (measured("egfr", 10), (*MTX, *LEF), "start", "block"),
    "G-ALB": (measured("albumin", 12), LEF, "start", "block"),
    "G-IGG": (measured("igg", 2), RTX, "start", "caution"),
    "G-HIV": (result("hiv", POSITIVE), TNF, "start", "do_first"),
    "G-HCV": (result("anti-hcv", POSITIVE), TNF, "start", "do_first"),
    "G-HBV2": (result("hbsag", POSITIVE), MTX, "start", "block"),
    "G-HBV3": (result("anti-hbc", POSITIVE), RTX, "start", "do_first"),
    "G-DOSE": (takes("methotrexate", 15), MTX, "continue", "block"),
    "G-DOSE0": (takes("hydroxychloroquine", 200), HCQ, "continue", "caution"),
}
# Where another check of the same question speaks instead: a severe infection of now is G-INF1.
INSTEAD: dict[str, set[str]] = {
    "G-INF2": {"G-INF1"},
    "G-TB3": {"G-TB1", "G-TB2", "G-TB5"},
    "G-TB4": {"G-TB1", "G-TB2", "G-TB3", "G-TB5"},
    "G-HBV3": {"G-HBV2"},
}


@pytest.mark.parametrize("check", sorted(ADVERSE))
@some(6)
@given(st.sampled_from(CASES))
def test_an_adverse_finding_is_never_passed_over(check: str, case: str) -> None:
    chart, molecules, occasion, least = ADVERSE[check]
    bundle = g.bundle_of(case)
    if check == "G-DOSE0":
        bundle = g.without_codes(bundle, of("weight"))
    spoken = g.said(g.rows(g.with_findings(bundle, chart)))
    for molecule in molecules:
        about = [
            row
            for name in (check, *sorted(INSTEAD.get(check, ())))
            for row in spoken.get((name, molecule, occasion), [])
        ]
        assert g.at_least(g.worst(about), least), (case, molecule, about)


# --- reassuring results: taken away or made old, nothing gets better ----------------------------


def improved(case: str, after: list[g.Row]) -> list[Any]:
    """Molecules, and checks of them, of which the rows say something better than in the case."""
    before, now = g.said(g.rows_of_case(case)), g.said(after)
    better = [
        (key, verdict, g.of_molecule(now).get(key))
        for key, verdict in g.of_molecule(before).items()
        if not g.at_least(g.of_molecule(now).get(key), verdict)
    ]
    better += [
        (key, [r["reason"] for r in about], [r["reason"] for r in now[key]])
        for key, about in before.items()
        if key in now and not g.at_least(g.worst(now[key]), str(g.worst(about)))
    ]
    return better


def reassuring(case: str) -> list[str]:
    """Results and vaccinations on which an ok rests, and nothing else does."""
    found = g.rows_of_case(case)
    used = {
        good: {d["ref"] for r in found if (r["verdict"] == "ok") is good for d in r["dataUsed"]}
        for good in (True, False)
    }
    return sorted(
        ref for ref in used[True] - used[False] if ref.startswith(("Observation/", "Immunization/"))
    )


@some(70)
@given(st.sampled_from(CASES), st.data())
def test_taking_reassuring_results_away_never_improves_a_verdict(case: str, data: Any) -> None:
    held = reassuring(case)
    gone = data.draw(st.sets(st.sampled_from(held), min_size=1)) if held else set()
    assert improved(case, g.rows(g.without_references(g.bundle_of(case), gone))) == []


@some(70)
@given(st.sampled_from(CASES), st.data(), st.integers(366, 4000))
def test_ageing_reassuring_results_past_their_validity_never_improves_a_verdict(
    case: str, data: Any, days: int
) -> None:
    held = reassuring(case)
    aged = data.draw(st.sets(st.sampled_from(held), min_size=1)) if held else set()
    bundle = g.bundle_of(case)
    for resource in g.resources(bundle):
        if g.reference(resource) in aged:
            vaccine = resource["resourceType"] == "Immunization"
            resource["occurrenceDateTime" if vaccine else "effectiveDateTime"] = day(days)
    assert improved(case, g.rows(bundle)) == []


# --- unrelated resources ------------------------------------------------------------------------

UNRELATED: list[dict[str, Any]] = [
    {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": c.LOINC, "code": "8867-4"}]},
        "effectiveDateTime": "2026-11-20",
        "valueQuantity": {"value": 72, "unit": "/min"},
    },
    {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"coding": [{"system": c.ICD10CM, "code": "H52.1"}], "text": "Myopia"},
        "recordedDate": "2026-11-20",
    },
    {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationCodeableConcept": {"coding": [{"system": c.ATC, "code": "A02BC01"}]},
        "effectiveDateTime": "2026-11-20",
    },
    {
        "resourceType": "AllergyIntolerance",
        "code": {"coding": [{"system": c.SNOMED, "code": "91935009"}], "text": "Peanut"},
    },
]


@some(16)
@given(st.sampled_from(CASES), st.sampled_from(UNRELATED))
def test_an_unrelated_resource_changes_no_check(case: str, stranger: dict[str, Any]) -> None:
    bundle = g.bundle_of(case)
    made = copy.deepcopy(stranger)
    holder = "patient" if made["resourceType"] == "AllergyIntolerance" else "subject"
    made |= {"id": "unrelated", holder: {"reference": f"Patient/{g.patient(bundle)['id']}"}}
    bundle["entry"].append({"fullUrl": "urn:uuid:unrelated", "resource": made})
    assert g.rows(bundle) == list(g.rows_of_case(case))


# --- every check is in a property ---------------------------------------------------------------


def test_every_check_of_the_gate_is_held_by_a_table() -> None:
    held = {*REQUIRES, *READS_LISTS, *ADVERSE}
    assert sorted(g.check_ids() - held) == [], "add it to REQUIRES, READS_LISTS or ADVERSE"
    assert sorted(held - g.check_ids()) == [], "no such check any more"


def test_what_the_cases_show_is_among_the_ids_that_were_read() -> None:
    shown = {row["id"] for case in CASES[::9] for row in g.rows_of_case(case)}
    assert shown <= g.check_ids()
    assert len(shown) > 40
