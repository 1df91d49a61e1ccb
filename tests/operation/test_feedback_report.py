"""What became of the cards: sums, export, and nothing in it that a client could have typed."""

from __future__ import annotations

import csv
import io
import json
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from ra_cds_hooks.cli import main
from ra_cds_hooks.store import CardLog, Feedback, FeedbackStore
from ra_cds_hooks.store.report import answered_cards, summary
from tests.web.conftest import SERVICE, URL, bundle_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OURS = "urn:ra-cds-hooks:override-reasons"
IDS = [str(uuid.UUID(int=number)) for number in range(10)]


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'feedback.sqlite'}"


@pytest.fixture
def store(url):
    built = FeedbackStore(url)
    yield built
    built.close()


@pytest.fixture
def filled(store):
    """Four cards of one kind for two patients: accepted, overridden twice, not answered."""
    log = CardLog(store)
    log.shown([shown(IDS[n], subject="ab"[n % 2] * 64) for n in range(4)])
    log.flush()
    answer(store, IDS[0], "accepted", 10)
    answer(store, IDS[1], "overridden", 20, (OURS, "result-pending", "CANARY"))
    answer(store, IDS[2], "overridden", 60, ("urn:client", "CANARY", "CANARY"))
    return store


def shown(card, at=NOW, subject="a" * 64, name="status"):
    row = {"uuid": card, "service_id": "svc", "card": name, "subject": subject}
    return row | {"shown_at": at}


def answer(store, card, outcome, seconds, reason=(None, None, None), comment=None):
    moment = NOW + timedelta(seconds=seconds)
    store.add("svc", [Feedback(card, outcome, moment, (), reason, comment)], moment)


def run(url, *arguments):
    return CliRunner().invoke(
        main, ["feedback", *arguments], env={"RA_CDS_DATABASE_URL": url}, catch_exceptions=False
    )


def test_the_sums_of_one_card(filled):
    [row] = summary(answered_cards(filled))
    assert row == {
        "service": "svc",
        "card": "status",
        "shown": 4,
        "patients": 2,
        "accepted": 1,
        "overridden": 2,
        "unanswered": 1,
        "reasons": {"other": 1, "result-pending": 1},
        "secondsToAction": {"median": 20.0, "p90": 60.0, "count": 3},
    }


def test_the_last_answer_counts(filled):
    answer(filled, IDS[0], "overridden", 90)
    [row] = summary(answered_cards(filled))
    assert (row["accepted"], row["overridden"]) == (0, 3)
    assert row["reasons"] == {"none": 1, "other": 1, "result-pending": 1}


def test_an_answer_before_its_card_has_no_time_to_action(filled):
    answer(filled, IDS[3], "accepted", -5)
    [row] = summary(answered_cards(filled))
    assert (row["accepted"], row["secondsToAction"]["count"]) == (2, 3)


def test_an_answer_to_a_card_that_was_not_logged_is_a_row_of_its_own(filled):
    answer(filled, "CANARY", "accepted", 5)
    rows = {row["card"]: row for row in summary(answered_cards(filled))}
    assert rows["(not logged)"]["shown"] == 0
    assert rows["(not logged)"]["accepted"] == 1
    assert rows["status"]["accepted"] == 1


def test_from_a_day_on(filled):
    log = CardLog(filled)
    log.shown([shown(IDS[5], NOW + timedelta(days=1), name="later")])
    log.flush()
    assert len(answered_cards(filled, NOW)) == 5
    late = answered_cards(filled, NOW + timedelta(seconds=1))
    assert [card.card for card in late] == ["later"]


def test_the_report_and_both_exports(filled, url):
    answer(filled, "CANARY", "accepted", 5, comment="CANARY")
    report = run(url, "report").output
    assert "svc status: 4 shown to 2 patients, 1 accepted, 2 overridden, 1 unanswered" in report
    assert "overridden, result-pending: 1" in report
    assert "seconds to action: median 20, p90 60" in report
    rows = list(csv.DictReader(io.StringIO(run(url, "export").output)))
    assert len(rows) == 5
    assert rows[1]["card_uuid"] == IDS[1]
    assert (rows[1]["outcome"], rows[1]["reason"]) == ("overridden", "result-pending")
    assert rows[1]["seconds_to_action"] == "20.0"
    exported = json.loads(run(url, "export", "--format", "json").output)
    assert [row["card_uuid"] for row in exported] == [row["card_uuid"] for row in rows]
    for arguments in (("report", "--json"), ("export",), ("export", "--format", "json")):
        assert "CANARY" not in run(url, *arguments).output


def test_nothing_shown_is_said_so(url):
    assert "No card was shown" in run(url, "report").output


def test_a_date_that_is_none_is_refused(url):
    assert run(url, "report", "--since", "yesterday").exit_code == 4


def test_from_the_hook_to_the_report(make_app, hook_request):
    app = make_app()
    client = app.test_client()
    cards = client.post(URL, json=hook_request(bundle_of("v01-too-early"))).get_json()["cards"]
    item = {"card": cards[0]["uuid"], "outcome": "accepted"}
    item["outcomeTimestamp"] = (NOW + timedelta(seconds=7)).isoformat()
    item["acceptedSuggestions"] = [{"id": "x"}]
    client.post(f"{URL}/feedback", json={"feedback": [item]})
    parts = app.extensions["ra_cds_hooks"]
    parts.card_log.flush()
    rows = summary(answered_cards(parts.store))
    assert sum(row["shown"] for row in rows) == len(cards)
    [accepted] = [row for row in rows if row["accepted"]]
    assert accepted["service"] == SERVICE
    assert accepted["secondsToAction"]["median"] == 7.0


def test_without_the_log_nothing_is_remembered(make_app, hook_request):
    app = make_app(log_shown_cards=False)
    app.test_client().post(URL, json=hook_request(bundle_of("v01-too-early")))
    assert answered_cards(app.extensions["ra_cds_hooks"].store) == []


@pytest.mark.parametrize("days", [0, 10])
def test_old_feedback_is_forgotten_also_when_nothing_is_shown(make_app, days):
    """Shadow mode, or no log of shown cards, is no reason to keep what was promised to go."""
    app = make_app(feedback_retention_days=days, log_shown_cards=False)
    parts = app.extensions["ra_cds_hooks"]
    parts.store.add("svc", [Feedback(IDS[0], "accepted", NOW)], NOW - timedelta(days=11))
    app.test_client().get("/healthz")
    for thread in threading.enumerate():
        if thread.name == "retention":
            thread.join()
    assert parts.store.count() == (0 if days else 1)
