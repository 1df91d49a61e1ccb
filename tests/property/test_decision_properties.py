"""What must hold for every record, checked over changed fixture records with Hypothesis.

Source: issue "Bad input": order and exact duplicates never change the Decision; removing all
results of a kind that a check requires never yields ok; removing or ageing past validity a
reassuring result never improves a verdict.
"""

from __future__ import annotations

import copy
from datetime import date, timedelta
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ra_cds_hooks.decision import decide
from ra_cds_hooks.fhir.record import PatientRecord
from tests.property.gate_records import AS_OF, FIXTURES, WORSE, bundle_of, parts

CASES = sorted(path.parent.name for path in FIXTURES.glob("*/bundle.json"))
BIOLOGICS = ("TNFi", "IL6Ri", "ABA", "RTX", "JAKi")

some = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def document(bundle: dict[str, Any]) -> dict[str, Any]:
    content, reading = parts()
    return dict(decide(content, PatientRecord.read_bundle(bundle, reading), AS_OF).document)


def verdicts(found: dict[str, Any]) -> dict[str, str]:
    return {name: gate["verdict"] for name, gate in found.get("gates", {}).items()}


def check(found: dict[str, Any], drug_class: str, check_id: str) -> str | None:
    for row in found["gates"][drug_class].get("checks", []):
        if row["id"] == check_id:
            return row["verdict"]
    return None


def codes(resource: dict[str, Any]) -> set[str]:
    return {c.get("code") for c in resource.get("code", {}).get("coding", [])}


# What each check requires, as the codes of the spec (section 5) under which fixtures send it.
IGRA = {"71773-6", "71775-1", "tst-mm"}
CXR = {"cxr", "36643-5"}
LUNG_FUNCTION = {"fvc-pct", "dlco-pct", "19872-1", "19911-7", "19876-2"}
LUNG = {"hrct-chest", "fvc-pct", "dlco-pct", "19872-1", "19911-7", "19876-2", "24627-2"}


def without(bundle: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    kept = [e for e in bundle["entry"] if not codes(e["resource"]) & wanted]
    return {**bundle, "entry": kept}


@some
@given(st.sampled_from(CASES), st.randoms(use_true_random=False))
def test_the_order_of_resources_never_changes_the_decision(case, random):
    shuffled = bundle_of(case)
    random.shuffle(shuffled["entry"])
    assert document(shuffled) == document(bundle_of(case))


@some
@given(st.sampled_from(CASES), st.data())
def test_exact_duplicates_never_change_the_decision(case, data):
    bundle = bundle_of(case)
    repeated = data.draw(st.lists(st.sampled_from(range(len(bundle["entry"]))), max_size=8))
    for number in repeated:
        bundle["entry"].append(copy.deepcopy(bundle["entry"][number]))
    assert document(bundle) == document(bundle_of(case))


@some
@given(st.sampled_from(CASES), st.data())
def test_a_copy_under_the_same_identifier_never_changes_the_decision(case, data):
    bundle = bundle_of(case)
    number = data.draw(st.sampled_from(range(len(bundle["entry"]))))
    resource = bundle["entry"][number]["resource"]
    if resource["resourceType"] == "Patient":
        return
    resource["identifier"] = [{"system": "urn:example:lab", "value": "same-result"}]
    alone = document(copy.deepcopy(bundle))
    twin = copy.deepcopy(bundle["entry"][number])
    # The copy sorts behind the original, so that the original is the one that stays.
    twin["resource"]["id"] = "zz-copy"
    twin["fullUrl"] = "urn:uuid:zz-copy"
    bundle["entry"].append(twin)
    assert verdicts(document(bundle)) == verdicts(alone)
    assert document(bundle).get("primary") == alone.get("primary")
    assert document(bundle).get("activity") == alone.get("activity")


@some
@given(st.sampled_from(CASES))
def test_unrelated_resources_never_change_the_decision(case):
    bundle = bundle_of(case)
    patient = next(
        e["resource"]["id"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"
    )
    bundle["entry"].append(
        {
            "fullUrl": "urn:uuid:unrelated",
            "resource": {
                "resourceType": "Observation",
                "id": "unrelated",
                "status": "final",
                "category": [{"coding": [{"code": "vital-signs"}]}],
                "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
                "subject": {"reference": f"Patient/{patient}"},
                "effectiveDateTime": "2026-11-20",
                "valueQuantity": {"value": 72, "unit": "/min"},
            },
        }
    )
    assert document(bundle) == document(bundle_of(case))


@some
@given(st.sampled_from(CASES))
def test_without_any_tuberculosis_screening_no_biologic_is_ok(case):
    # A positive finding elsewhere (latent tuberculosis on the problem list, treatment) is data too.
    bundle = without(bundle_of(case), IGRA)
    found = document(bundle)
    if found.get("hasRA") is False or "gates" not in found:
        return
    for drug_class in BIOLOGICS:
        screening = check(found, drug_class, "G-TB2")
        if screening == "ok":
            reason = next(
                row["reason"]
                for row in found["gates"][drug_class]["checks"]
                if row["id"] == "G-TB2"
            )
            assert reason in {"TB_SCREEN_POSITIVE", "TB_PREVENTIVE_THERAPY_COMPLETED"}, case
        else:
            assert found["gates"][drug_class]["verdict"] != "ok", case


@some
@given(st.sampled_from(CASES))
def test_without_any_radiograph_no_biologic_is_ok(case):
    found = document(without(bundle_of(case), CXR))
    for drug_class in BIOLOGICS:
        if "gates" in found and check(found, drug_class, "G-TB5") == "ok":
            rows = found["gates"][drug_class]["checks"]
            assert any(row["reason"] == "TB_PREVENTIVE_THERAPY_COMPLETED" for row in rows), case


@some
@given(st.sampled_from(CASES), st.sampled_from([IGRA, CXR, LUNG]))
def test_removing_reassuring_results_never_improves_a_verdict(case, wanted):
    bundle = bundle_of(case)
    reassuring = {
        e["resource"]["id"]
        for e in bundle["entry"]
        if codes(e["resource"]) & wanted
        and is_reassuring(e["resource"])
        and not is_one_of_a_course(e["resource"], bundle)
    }
    kept = [e for e in bundle["entry"] if e["resource"]["id"] not in reassuring]
    before, after = verdicts(document(bundle)), verdicts(document({**bundle, "entry": kept}))
    for drug_class, verdict in before.items():
        assert WORSE.index(after[drug_class]) >= WORSE.index(verdict), (case, drug_class)


@some
@given(st.sampled_from(CASES), st.sampled_from([IGRA, CXR]), st.integers(400, 4000))
def test_ageing_reassuring_results_past_validity_never_improves_a_verdict(case, wanted, days):
    bundle = bundle_of(case)
    for entry in bundle["entry"]:
        resource = entry["resource"]
        if codes(resource) & wanted and is_reassuring(resource):
            old = date(2026, 11, 23) - timedelta(days=days)
            resource["effectiveDateTime"] = old.isoformat()
    before, after = verdicts(document(bundle_of(case))), verdicts(document(bundle))
    for drug_class, verdict in before.items():
        assert WORSE.index(after[drug_class]) >= WORSE.index(verdict), (case, drug_class)


def is_one_of_a_course(resource: dict[str, Any], bundle: dict[str, Any]) -> bool:
    """Whether a lung function value stands in a series: together they may show a fall.

    A good value that begins or ends a fall is an adverse finding (G-ILD3); without it progression
    becomes unknown, which is milder than the block that it proved.
    """
    own = codes(resource) & LUNG_FUNCTION
    return bool(own) and any(
        codes(e["resource"]) & own and e["resource"]["id"] != resource["id"]
        for e in bundle["entry"]
    )


def is_reassuring(resource: dict[str, Any]) -> bool:
    """A negative or normal result; an abnormal one may well improve a verdict when it goes."""
    said = orjson.dumps(
        [resource.get("valueCodeableConcept"), resource.get("interpretation")]
    ).lower()
    number = resource.get("valueQuantity", {}).get("value", 0)
    if codes(resource) & {"tst-mm"}:
        return number < 5
    if codes(resource) & LUNG_FUNCTION:
        return number >= 80
    return b"negative" in said or (b"normal" in said and b"abnormal" not in said)


@some
@given(st.sampled_from(CASES), st.data())
def test_a_missing_resource_never_crashes_and_never_adds_a_score(case, data):
    bundle = bundle_of(case)
    removable = [
        n for n, e in enumerate(bundle["entry"]) if e["resource"]["resourceType"] != "Patient"
    ]
    gone = set(data.draw(st.lists(st.sampled_from(removable), min_size=1, max_size=6)))
    bundle["entry"] = [e for n, e in enumerate(bundle["entry"]) if n not in gone]
    found = document(bundle)
    remaining = {f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in bundle["entry"]}
    assert {row["reference"] for row in found.get("evidence", [])} <= remaining
