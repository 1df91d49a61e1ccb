"""A record nobody here wrote goes through: third-party patients in a third-party FHIR server.

The hook is fired over HTTP with only ``fhirServer`` and a bearer token. The overlay (RA, drugs,
activity, screening) is drawn at random with a fixed seed; what is asserted about single patients
follows from the drawn numbers by the formulas and rules of the clinical specification, written
here a second time.
"""

from collections import Counter
from copy import deepcopy
from datetime import timedelta
from math import log, sqrt

import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.interop.conftest import AS_OF
from tools.interop import overlay_codes as codes
from tools.interop.overlay import overlay
from tools.interop.overlay_codes import concept
from tools.interop.report import faults, markdown
from tools.interop.run import EXTENSION, HOOK, SERVICE

pytestmark = pytest.mark.interop

ADVANCED_CLASSES = ("TNFi", "IL6Ri", "ABA", "RTX", "JAKi")


def fired(client, patient_id, *, prefetch=None, with_fhir=True, **how):
    body = client.request_body(HOOK, patient_id, with_fhir=with_fhir)
    if prefetch is not None:
        body["prefetch"] = prefetch
    return client.call(SERVICE, body, **how)


def decision_of(response):
    assert response.status_code == 200, response.text
    return response.json()["extension"][EXTENSION]


def overlaid_with(run, code):
    """(shot, resources of the overlay with that code) for each overlaid patient."""
    for shot in run.overlaid:
        yield shot, [r for r in shot.overlay.resources if _has(r, code)]


def _has(resource, code):
    return {"system": code[0], "code": code[1]} in resource.get("code", {}).get("coding", ())


def test_records_come_from_three_generators_and_all_are_stored(run):
    assert {r.source for r in run.records} == {"carebundle", "sekmet-fhir", "clinosim US"}
    assert not run.refused
    assert run.stored == sum(len(r.resources) for r in run.records) + sum(
        len(shot.overlay.resources) for shot in run.overlaid
    )


def test_statuses_are_planned_and_bodies_are_cds_hooks(run):
    assert len(run.plain) == len(run.records)
    assert faults([*run.plain, *run.overlaid]) == []
    assert {shot.status for shot in run.plain + run.overlaid} == {200}


def test_patients_as_they_came_have_no_ra_and_get_no_card(run):
    assert [shot.body["cards"] for shot in run.plain] == [[] for _ in run.plain]
    assert {shot.decision["hasRA"] for shot in run.plain} == {False}


def test_every_answer_was_fetched_over_the_wire(run):
    shots = len(run.plain) + len(run.overlaid)
    for kind in ("Patient", "Condition", "MedicationStatement", "MedicationDispense", "Procedure"):
        assert run.fhir_requests[kind] >= shots, kind
    assert run.fhir_requests["Observation"] >= 2 * shots


def test_overlaid_patients_differ_in_outcome(run):
    assert len(run.overlaid) >= 50
    assert {shot.source for shot in run.overlaid} == {r.source for r in run.records}
    primaries = run.counts("primary")
    named = [name for name in primaries if name != "-"]
    assert len(named) >= 6, primaries
    assert max(primaries.values()) <= len(run.overlaid) / 2, primaries
    verdicts = sum(run.verdicts().values(), Counter())
    assert verdicts["ok"] >= 20
    assert verdicts.keys() >= {"ok", "caution", "unknown", "do_first", "block"}, verdicts
    assert len(run.gaps()) >= 8


def test_the_overlay_is_valid_r4_and_reproducible():
    for index in range(40):
        made = overlay("p", index=index, seed=5, as_of=AS_OF)
        assert made == overlay("p", index=index, seed=5, as_of=AS_OF)
        for resource in made.resources:
            get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_the_report_shows_every_primary_code(run):
    text = markdown(run)
    for name, patients in run.counts("primary").items():
        assert f"| {name.replace('-', '(none)')} | {patients} |" in text


# --- what the drawn numbers say, computed here a second time ---


def _current_components(made):
    """Drawn values of the latest visit, if it lies within 90 days and is complete."""
    wanted = {
        codes.TJC28: "tjc",
        codes.SJC28: "sjc",
        codes.ESR: "esr",
        codes.PATIENT_GLOBAL: "gh",
        codes.LOCAL_PATIENT_GLOBAL: "gh",
        codes.EVALUATOR_GLOBAL: "ega",
    }
    dates = {r["effectiveDateTime"] for r in made.resources if _has(r, codes.TJC28)}
    day = max(dates, default="")
    if day < (AS_OF - timedelta(days=90)).isoformat():
        return None
    values = {}
    for resource in made.resources:
        for code, name in wanted.items():
            if _has(resource, code) and resource["effectiveDateTime"] == day:
                value = resource["valueQuantity"]["value"]
                values[name] = value * 10 if code == codes.PATIENT_GLOBAL else value
    return values if len(values) == 5 else None


def test_scores_equal_the_formulas_on_the_drawn_numbers(run):
    checked = 0
    for shot in run.overlaid:
        drawn = _current_components(shot.overlay)
        if drawn is None or shot.decision.get("hasRA") is not True:
            continue
        das28 = (
            0.56 * sqrt(drawn["tjc"])
            + 0.28 * sqrt(drawn["sjc"])
            + 0.70 * log(max(drawn["esr"], 1))
            + 0.014 * drawn["gh"]
        )
        cdai = drawn["tjc"] + drawn["sjc"] + drawn["gh"] / 10 + drawn["ega"]
        activity = shot.decision["activity"]
        assert activity["das28Esr4"]["value"] == pytest.approx(das28, abs=0.005)
        assert activity["cdai"]["value"] == pytest.approx(cdai, abs=0.005)
        checked += 1
    assert checked >= 10


def test_active_infections_block_every_advanced_drug(run):
    checked = 0
    for name in ("pneumonia", "tuberculosis"):
        for shot, found in overlaid_with(run, codes.CONDITIONS[name][0]):
            if found:
                gates = shot.decision["gates"]
                assert {gates[c]["verdict"] for c in ADVANCED_CLASSES} == {"block"}, name
                checked += 1
    assert checked >= 2


def test_without_any_tuberculosis_test_no_tnf_inhibitor_is_ok(run):
    checked = 0
    for shot, found in overlaid_with(run, codes.IGRA):
        if not found:
            assert shot.decision["gates"]["TNFi"]["verdict"] != "ok"
            checked += 1
    assert checked >= 5


def test_the_index_drug_is_the_drug_that_was_laid_over(run):
    seen = Counter()
    for shot in run.overlaid:
        made = shot.overlay
        if shot.decision.get("hasRA") is not True or made.drug is None:
            continue
        stopped = any(r.get("status") == "stopped" for r in made.resources)
        if not stopped:
            assert shot.decision["index"]["ingredient"] == made.drug
            seen[made.drug] += 1
    assert len(seen) >= 8, seen


# --- one patient, several ways ---


def review_templates(client):
    [found] = [s for s in client.discover() if s["id"] == "ra-refractory-review"]
    return found["prefetch"]


@pytest.fixture
def varied(run):
    """Overlaid patients with different primary codes, one of each."""
    chosen = {}
    for shot in run.overlaid:
        chosen.setdefault(shot.decision.get("primary"), shot)
    return list(chosen.values())[:8]


def test_prefetch_and_fhir_server_give_the_same_decision(client, varied):
    templates = review_templates(client)
    for shot in varied:
        prefetch = client.resolve(templates, {"patientId": shot.patient_id})
        response = fired(client, shot.patient_id, prefetch=prefetch)
        assert decision_of(response) == shot.decision


def test_without_a_server_only_what_no_key_covers_is_missing(client, varied):
    """Prefetch alone: histories kept in Procedure and CarePlan are unknown, nothing else moves."""
    templates = review_templates(client)
    for shot in varied:
        prefetch = client.resolve(templates, {"patientId": shot.patient_id})
        alone = decision_of(fired(client, shot.patient_id, prefetch=prefetch, with_fhir=False))
        for member in ("hasRA", "primary", "flags", "index", "activity", "adherence"):
            assert alone.get(member) == shot.decision.get(member), member
        incomplete = {
            issue["detail"].split(":")[0]
            for issue in alone["dataIssues"]
            if issue["code"] == "DATA_INCOMPLETE"
        }
        assert incomplete == {"Procedure", "CarePlan", "AdverseEvent"}


def test_a_result_on_the_last_page_decides(client, run, fhir_server):
    """1,100 newer laboratory results push an old positive IGRA onto the second page (8.31)."""
    shot = next(
        shot
        for shot, found in overlaid_with(run, codes.IGRA)
        if not found and shot.source == "carebundle"
    )
    record = next(r for r in run.records if r.patient_id == shot.patient_id)
    laboratory = [r for r in record.resources if _is_laboratory(r)]
    many = []
    for number in range(1100):
        copy = deepcopy(laboratory[number % len(laboratory)])
        copy["id"] = f"many-{number}"
        copy["effectiveDateTime"] = (AS_OF - timedelta(days=7 + number // 3)).isoformat()
        many.append(copy)
    igra = {
        "resourceType": "Observation",
        "id": "igra-of-long-ago",
        "status": "final",
        "subject": {"reference": f"Patient/{shot.patient_id}"},
        "category": [concept((codes.CATEGORY, "laboratory"))],
        "code": concept(codes.IGRA),
        "effectiveDateTime": "2012-05-04",
        "valueCodeableConcept": concept(codes.ANSWERS["positive"][0]),
    }
    fhir_server.store([*many, igra])
    before = len(fhir_server.requests())
    decision = decision_of(fired(client, shot.patient_id))
    asked = fhir_server.requests()[before:]
    assert sum(kind == "Observation" and "_offset" in rest for _, kind, rest, _ in asked) == 1
    checks = decision["gates"]["TNFi"]["checks"]
    references = {
        used["ref"]
        for check in checks
        for used in check.get("dataUsed", ())
        if "G-TB" in check["id"]
    }
    assert "Observation/igra-of-long-ago" in references
    assert decision["gates"]["TNFi"]["verdict"] in ("do_first", "block")


def _is_laboratory(resource):
    return resource["resourceType"] == "Observation" and any(
        coding.get("code") == "laboratory"
        for category in resource.get("category", ())
        for coding in category.get("coding", ())
    )


def test_events_of_another_patient_are_not_read(client, run, fhir_server):
    """sekmet-fhir ignores the search parameter ``subject`` of AdverseEvent and sends them all."""
    first, second = run.overlaid[0], run.overlaid[1]
    fhir_server.store(
        [
            {
                "resourceType": "AdverseEvent",
                "id": "event-of-another",
                "actuality": "actual",
                "subject": {"reference": f"Patient/{second.patient_id}"},
                "event": concept(text="infusion reaction"),
            }
        ]
    )
    sent = fhir_server.get(f"AdverseEvent?subject=Patient/{first.patient_id}")
    assert "event-of-another" in str(sent)  # else this test proves nothing
    decision = decision_of(fired(client, first.patient_id))
    issues = decision.pop("dataIssues", [])
    # Nothing in that answer is this patient's, so it tells nothing of this patient's events.
    assert decision.pop("incomplete") == ["AdverseEvent"]
    expected = {k: v for k, v in first.decision.items() if k != "dataIssues"}
    assert decision == expected
    assert "event-of-another" not in str(decision)
    assert issues != first.decision.get("dataIssues", [])


def test_language_changes_the_words_and_nothing_else(client, varied):
    for shot in varied:
        english = fired(client, shot.patient_id, language="en-GB,en;q=0.8").json()
        chinese = fired(client, shot.patient_id, language="zh-CN").json()
        assert english["extension"] == chinese["extension"]
        assert len(english["cards"]) == len(chinese["cards"]) > 0
        for ours, theirs in zip(english["cards"], chinese["cards"], strict=True):
            assert not _is_chinese(ours["summary"] + ours["detail"])
            assert _is_chinese(theirs["summary"]) and _is_chinese(theirs["detail"])
            assert ours["indicator"] == theirs["indicator"]


def _is_chinese(text):
    return any("\u4e00" <= character <= "\u9fff" for character in text)


@pytest.mark.parametrize("fault", ["wrong token", "unknown patient", "no server"])
def test_what_cannot_be_had_is_a_412_that_says_so(client, run, fault):
    body = client.request_body(HOOK, run.overlaid[0].patient_id, with_fhir=True)
    if fault == "wrong token":
        body["fhirAuthorization"]["access_token"] = "another"
    elif fault == "unknown patient":
        body["context"]["patientId"] = "nobody"
    else:
        body["fhirServer"] = "http://127.0.0.1:9/fhir"
    response = client.call(SERVICE, body)
    assert response.status_code == 412
    assert response.json()["resourceType"] == "OperationOutcome"
    assert run.overlaid[0].patient_id not in response.text
