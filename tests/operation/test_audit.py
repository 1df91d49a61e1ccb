"""One AuditEvent an evaluation: what it says, what it must not say, and the replay from it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from fhir.resources.R4B.auditevent import AuditEvent

from ra_cds_hooks.audit.event import cards_of, detail, incomplete_of, resources_of
from ra_cds_hooks.cli import main
from ra_cds_hooks.web import evaluation
from tests.trust.conftest import ISS, Token, issuers, make_client  # noqa: F401  (fixtures)
from tests.trust.conftest import hook_request as bare_request
from tests.web.conftest import SERVICE, URL, bundle_of, patient_of
from tests.web.orders import ADALIMUMAB, PARACETAMOL, SIGN, call_of, medication_request

CASE = "v01-too-early"


@pytest.fixture
def audit(tmp_path):
    return tmp_path / "audit.jsonl"


@pytest.fixture
def start(make_app, audit):
    def make(**settings):
        return make_app(**{"audit": "file", "audit_file": audit, **settings}).test_client()

    return make


def written(audit):
    return [json.loads(line) for line in audit.read_text("utf-8").splitlines()]


def versioned(bundle):
    for number, entry in enumerate(bundle["entry"]):
        entry["resource"].setdefault("meta", {})["versionId"] = str(number + 1)
    return bundle


def test_an_evaluation_is_one_valid_audit_event(start, hook_request, audit, content):
    client = start()
    answer = client.post(URL, json=hook_request(versioned(bundle_of(CASE))))
    [event] = written(audit)
    AuditEvent.model_validate(event)
    assert event["outcome"] == "0"
    assert event["recorded"] == "2026-11-23T12:00:00+00:00"
    assert event["subtype"] == [{"system": "urn:ra-cds-hooks:hook", "code": "patient-view"}]
    assert detail(event, "contentVersion") == content.version
    assert detail(event, "asOf") == "2026-11-23T12:00:00+00:00"
    assert detail(event, "requestId") == answer.headers["X-Request-ID"]
    assert detail(event, "mode") == "on"
    shown = {card["uuid"] for card in answer.get_json()["cards"]}
    assert {card.uuid for card in cards_of(event)} == shown
    [status] = [card for card in cards_of(event) if card.card == "status"]
    assert (status.fate, status.form) == ("shown", "true")
    assert status.defines == content.cards["status"].defines


def test_resources_are_named_with_their_versions_and_the_patient_by_a_hash(
    start, hook_request, audit
):
    bundle = versioned(bundle_of(CASE))
    patient_id = patient_of(bundle)["id"]
    start().post(URL, json=hook_request(bundle))
    [event] = written(audit)
    named = resources_of(event)
    assert len(named) == len(bundle["entry"])
    others = [e["resource"] for e in bundle["entry"] if patient_id not in e["resource"]["id"]]
    expected = {f"{r['resourceType']}/{r['id']}/_history/{r['meta']['versionId']}" for r in others}
    assert {n["reference"] for n in named if "reference" in n} == expected
    text = audit.read_text()
    assert patient_id not in text
    assert "Practitioner/x" not in text


@pytest.mark.parametrize("version", ["a version with a name", 7, None, "x" * 65, "ü"])
def test_a_version_that_is_no_id_is_not_repeated(start, hook_request, audit, version):
    bundle = bundle_of(CASE)
    for entry in bundle["entry"]:
        entry["resource"]["meta"] = {"versionId": version}
    start().post(URL, json=hook_request(bundle))
    assert "_history" not in audit.read_text()


def test_who_called_is_named_and_its_subject_hashed(make_client, issuers, audit):  # noqa: F811
    client = make_client(issuers, audit="file", audit_file=audit)
    header = Token(claims={"sub": "somebody"}).header()
    assert client.post(URL, json=bare_request(), headers=header).status_code == 200
    [event] = written(audit)
    user, caller = event["agent"]
    assert caller["who"]["identifier"]["value"] == ISS
    assert len(caller["altId"]) == len(user["who"]["identifier"]["value"]) == 64
    assert "somebody" not in audit.read_text()


def test_gaps_and_data_issues_are_counted(start, hook_request, audit):
    request = hook_request(bundle_of(CASE))
    del request["prefetch"]["conditions"]
    start().post(URL, json=request)
    [event] = written(audit)
    assert "Condition" in incomplete_of(event)
    [gaps] = [e for e in event["entity"] if e.get("name") == "gaps"]
    issues = [d["valueString"] for d in gaps["detail"] if d["type"] == "issue"]
    assert [i for i in issues if i.startswith("DATA_INCOMPLETE x ")]


def test_a_refused_and_a_failed_evaluation_are_events_of_their_own(
    start, hook_request, audit, monkeypatch
):
    client = start()
    client.post(URL, json=hook_request(bundle_of(CASE)) | {"prefetch": {}})

    def crash(*_):
        raise ValueError("CANARY")

    monkeypatch.setattr(evaluation, "decide", crash)
    client.post(URL, json=hook_request(bundle_of(CASE)))
    told = [(e["outcome"], e["outcomeDesc"], cards_of(e)) for e in written(audit)]
    assert told == [("4", "NeededDataUnavailable", []), ("8", "ValueError", [])]
    assert "CANARY" not in audit.read_text()


def test_an_order_that_is_none_of_ours_is_an_event_without_record(start, content, audit):
    body = call_of(content, CASE, medication_request(PARACETAMOL))
    start().post(f"/cds-services/{SIGN}", json=body)
    [event] = written(audit)
    assert (resources_of(event), detail(event, "recordHash")) == ([], None)


def test_a_card_that_stays_away_is_recorded_as_quiet(start, content, audit):
    client = start()
    body = call_of(content, "order-tnfi--caution", medication_request(ADALIMUMAB))
    [card] = client.post(f"/cds-services/{SIGN}", json=body).get_json()["cards"]
    reason = {"reason": {"system": "urn:ra-cds-hooks:override-reasons", "code": "result-pending"}}
    item = {"card": card["uuid"], "outcome": "overridden", "overrideReason": reason}
    item["outcomeTimestamp"] = "2026-11-23T12:00:00Z"
    client.post(f"/cds-services/{SIGN}/feedback", json={"feedback": [item]})
    client.post(f"/cds-services/{SIGN}", json=body)
    assert [[c.fate for c in cards_of(e)] for e in written(audit)] == [["shown"], ["quiet"]]


@pytest.mark.parametrize(("required", "status"), [(False, 200), (True, 503)])
def test_an_audit_that_cannot_be_written(start, hook_request, tmp_path, caplog, required, status):
    client = start(audit_file=tmp_path / "no" / "audit.jsonl", audit_required=required)
    answer = client.post(URL, json=hook_request(bundle_of(CASE)))
    assert answer.status_code == status
    assert "cards" in answer.get_json() or required
    assert "audit cannot be written (FileNotFoundError)" in caplog.text
    metrics = client.get("/metrics").get_data(as_text=True)
    assert 'ra_cds_operation_failures_total{part="audit"} 1.0' in metrics


class TestReplay:
    @pytest.fixture(params=["file", "database"])
    def recorded(self, request, start, hook_request, tmp_path, audit):
        """An audited evaluation, and the command that replays it on a Bundle."""
        client = start(audit=request.param)
        bundle = versioned(bundle_of(CASE))
        client.post(URL, json=hook_request(bundle))
        environment = {
            "RA_CDS_AUDIT": request.param,
            "RA_CDS_AUDIT_FILE": str(audit),
            "RA_CDS_DATABASE_URL": f"sqlite:///{tmp_path / 'feedback.sqlite'}",
        }
        if request.param == "file":
            event_id = written(audit)[0]["id"]
        else:
            store = client.application.extensions["ra_cds_hooks"].audit
            event_id = json.loads(next(iter(store.bodies())))["id"]

        def run(changed, event=event_id, **more):
            path = tmp_path / "bundle.json"
            path.write_text(json.dumps(changed))
            arguments = ["replay", str(path), "--event", event]
            return CliRunner().invoke(main, arguments, env=environment | more)

        return bundle, run

    def test_the_same_record_gives_the_same_cards(self, recorded):
        bundle, run = recorded
        later = {"resourceType": "Observation", "id": "later", "status": "final"}
        answer = run({**bundle, "entry": [{"resource": later}, *reversed(bundle["entry"])]})
        assert answer.exit_code == 0, answer.output
        assert "Too early to judge adalimumab" in answer.output
        assert "rules: RARecommendations." in answer.output
        assert "cards as recorded, as of 2026-11-23T12:00:00+00:00" in answer.output

    def test_a_resource_of_that_day_that_is_missing_is_named(self, recorded):
        bundle, run = recorded
        kept = [e for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"]
        answer = run({**bundle, "entry": kept})
        assert answer.exit_code == 1
        assert "of that day are not in the Bundle" in answer.output

    def test_a_newer_version_is_not_the_record_as_it_was(self, recorded):
        bundle, run = recorded
        bundle["entry"][-1]["resource"]["meta"]["versionId"] = "99"
        assert "1 resources of that day are not in the Bundle" in run(bundle).output

    def test_an_altered_resource_is_noticed(self, recorded):
        bundle, run = recorded
        bundle["entry"][-1]["resource"]["language"] = "xx"
        answer = run(bundle)
        assert answer.exit_code == 1
        assert "another content" in answer.output

    def test_another_patient_is_noticed(self, recorded):
        _, run = recorded
        assert "not hold the patient" in run(bundle_of("v02-primary-nonresponse-m3")).output

    def test_other_parameters_are_noticed(self, recorded):
        bundle, run = recorded
        own = {"RA_CDS_PARAMETERS": '{"RAParameters.Joint Count Maximum": 27}'}
        assert "other parameters were in effect" in run(bundle, **own).output

    def test_another_mapping_of_codes_is_noticed(self, recorded, tmp_path):
        bundle, run = recorded
        path = tmp_path / "codes.toml"
        path.write_text(
            '[[lab]]\ntext = "x"\nto = { system = "http://loinc.org", code = "1988-5" }'
        )
        answer = run(bundle, RA_CDS_LOCAL_CODES=str(path))
        assert "other parameters were in effect" in answer.output

    def test_another_event_is_not_found(self, recorded):
        bundle, run = recorded
        answer = run(bundle, event="no-such-event")
        assert answer.exit_code == 4
        assert "no event of this id" in answer.output


class TestReplayOfAnOrder:
    """The drafts are in no record: they come with the request."""

    @pytest.fixture
    def recorded(self, start, content, audit, tmp_path):
        body = call_of(content, "order-tnfi--caution", medication_request(ADALIMUMAB))
        answer = start().post(f"/cds-services/{SIGN}", json=body)
        assert answer.get_json()["cards"]
        [event] = written(audit)
        environment = {"RA_CDS_DATABASE_URL": f"sqlite:///{tmp_path / 'feedback.sqlite'}"}
        path = tmp_path / "bundle.json"
        path.write_text(json.dumps(bundle_of("order-tnfi--caution")))

        def run(changed):
            arguments = ["replay", str(path), "--event", event["id"], "--audit", str(audit)]
            if changed is not None:
                request = tmp_path / "request.json"
                request.write_text(json.dumps(changed))
                arguments += ["--request", str(request)]
            return CliRunner().invoke(main, arguments, env=environment)

        return body, run

    def test_with_its_request_it_gives_the_same_card(self, recorded):
        body, run = recorded
        answer = run(body)
        assert answer.exit_code == 0, answer.output
        assert "The same 1 cards as recorded" in answer.output
        assert "OrderSafety.Order Concerns" in answer.output

    def test_without_it_the_replay_says_what_to_give(self, recorded):
        _, run = recorded
        answer = run(None)
        assert answer.exit_code == 1
        assert "give --request FILE" in answer.output

    def test_another_drug_in_the_draft_is_noticed(self, recorded):
        body, run = recorded
        body["context"]["draftOrders"]["entry"] = [{"resource": medication_request()}]
        answer = run(body)
        assert answer.exit_code == 1
        assert "another content" in answer.output

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"}, "another call"),
            ({"hook": "patient-view"}, "answers order-sign only"),
            ({"context": {"patientId": "someone-else"}}, "another patient"),
        ],
    )
    def test_the_request_of_another_call_is_refused(self, recorded, change, said):
        body, run = recorded
        context = {"context": body["context"] | change.get("context", {})}
        answer = run(body | change | context)
        assert answer.exit_code != 0
        assert said in answer.output


def test_other_content_is_noticed(start, hook_request, audit, tmp_path):
    start().post(URL, json=hook_request(bundle_of(CASE)))
    [event] = written(audit)
    for entity in event["entity"]:
        for row in entity.get("detail", ()):
            if row["type"] == "contentVersion":
                row["valueString"] = "0.0.0+older"
    audit.write_text(json.dumps(event))
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(bundle_of(CASE)))
    answer = CliRunner().invoke(
        main, ["replay", str(path), "--event", event["id"], "--audit", str(audit)]
    )
    assert answer.exit_code == 1
    assert "content 0.0.0+older answered then" in answer.output
    assert SERVICE
