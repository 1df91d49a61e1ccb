"""A card overridden with a reason: real feedback over HTTP, and what the next call shows."""

import sqlite3
from datetime import timedelta

import pytest

from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.store import secret_for
from ra_cds_hooks.web import create_app

from .conftest import NOW
from .orders import (
    ADALIMUMAB,
    HYDROXYCHLOROQUINE,
    SELECT,
    SIGN,
    TOFACITINIB,
    call_of,
    dosage,
    medication_request,
    post,
)

CAUTION = "order-tnfi--caution"
CODED = {"reason": {"system": "urn:ra-cds-hooks:override-reasons", "code": "result-pending"}}


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def start(content, tmp_path, clock):
    """A client of an application over one database; settings by keyword."""
    opened = []

    def make(**settings):
        database = f"sqlite:///{tmp_path / 'store.sqlite'}"
        app = create_app(
            load_settings(**{"as_of": NOW, "database_url": database, **settings}),
            content=content,
            now=clock,
        )
        opened.append(app.extensions["ra_cds_hooks"])
        return app.test_client()

    yield make
    for parts in opened:
        parts.gatherer.close()
        parts.store.close()


def override(client, card, service=SIGN, reason=CODED, outcome="overridden"):
    item = {"card": card["uuid"], "outcome": outcome, "outcomeTimestamp": NOW.isoformat()}
    if reason is not None:
        item["overrideReason"] = reason
    answer = client.post(f"/cds-services/{service}/feedback", json={"feedback": [item]})
    assert answer.status_code == 200


def ask(client, content, case=CAUTION, concept=ADALIMUMAB, service=SIGN, user=None, id_="d1"):
    draft = medication_request(concept, id_, dosageInstruction=dosage(20, "wk"))
    body = call_of(content, case, draft, service=service)
    if user:
        body["context"]["userId"] = user
    return post(client, body, service)["cards"]


def test_overridden_advice_stays_away_also_for_a_new_draft(start, content):
    client = start()
    [card] = ask(client, content)
    override(client, card)
    assert ask(client, content, id_="another-draft") == []


def ask_about_a_dose(client, content, id_, milligrams=400, before=()):
    """A hydroxychloroquine order that is above 5 mg/kg a day; ``before`` are drafts beside it."""
    draft = medication_request(HYDROXYCHLOROQUINE, id_, dosageInstruction=dosage(milligrams))
    body = call_of(content, "gate-dose--hcq-above-5-mg-per-kg", *before, draft)
    return post(client, body)["cards"]


def test_an_overridden_dose_stays_away_for_a_new_draft_on_another_day(start, content):
    """The draft's own name, its place in the session and today are no part of the advice."""
    client = start()
    [card] = ask_about_a_dose(client, content, "d1")
    override(client, card)
    assert ask_about_a_dose(client, content, "d2") == []
    stop = medication_request(ADALIMUMAB, "d0", status="stopped")
    assert ask_about_a_dose(client, content, "d3", before=[stop]) == []
    tomorrow = start(as_of=NOW + timedelta(days=1))
    assert ask_about_a_dose(tomorrow, content, "d4") == []
    [other] = ask_about_a_dose(client, content, "d5", milligrams=500)
    assert other["indicator"] == "warning"


def test_evidence_names_the_draft_as_the_client_does(start, content):
    [card] = ask_about_a_dose(start(), content, "d1")
    named = [e["reference"] for e in card["extension"][content.extension_key]["evidence"]]
    assert "MedicationRequest/d1" in named
    assert not [name for name in named if "ra-cds-hooks" in name]


@pytest.mark.parametrize("reason", [None, {"userComment": "no code"}])
def test_an_override_without_coded_reason_changes_nothing(start, content, reason):
    client = start()
    [card] = ask(client, content)
    override(client, card, reason=reason)
    [again] = ask(client, content)
    assert again["detail"] == card["detail"]


def test_an_accepted_card_is_shown_again(start, content):
    client = start()
    [card] = ask(client, content)
    override(client, card, reason=None, outcome="accepted")
    assert len(ask(client, content)) == 1


def test_neither_another_user_nor_another_hook_is_silenced(start, content):
    client = start()
    [card] = ask(client, content)
    override(client, card)
    assert len(ask(client, content, user="Practitioner/other")) == 1
    assert len(ask(client, content, service=SELECT)) == 1
    assert len(ask(client, content, case="order-jaki--caution", concept=TOFACITINIB)) == 1


@pytest.mark.parametrize(
    ("days", "shown"), [(30, False), (31, True)], ids=["the-last-day", "a-day-later"]
)
def test_the_period_ends(start, content, clock, days, shown):
    client = start()
    [card] = ask(client, content)
    override(client, card)
    clock.now = NOW + timedelta(days=days)
    cards = ask(client, content)
    assert bool(cards) is shown
    assert all(again["detail"] == card["detail"] for again in cards)


@pytest.mark.parametrize(("days", "after"), [(5, 4), (0, 0)])
def test_the_period_is_a_setting(start, content, clock, days, after):
    client = start(override_quiet_days=days)
    [card] = ask(client, content)
    override(client, card)
    clock.now = NOW + timedelta(days=after)
    assert bool(ask(client, content)) is (days == 0)


@pytest.mark.parametrize("verdict", ["block", "do-first", "unknown"])
def test_block_do_first_and_unknown_return_and_say_so(start, content, verdict):
    client = start()
    case = f"order-tnfi--{verdict}"
    [card] = ask(client, content, case)
    override(client, card)
    [again] = ask(client, content, case)
    assert again["summary"] == card["summary"]
    added = again["detail"].removeprefix(card["detail"]).strip()
    assert added == "This advice was overridden before (2026-11-23, result pending)."


def test_a_changed_record_brings_the_card_back_with_a_note(start, content):
    client = start()
    [card] = ask(client, content)
    override(client, card)
    body = call_of(content, CAUTION, medication_request(ADALIMUMAB))
    for entry in body["prefetch"]["medicationStatements"]["entry"]:
        if "isoniazid" in entry["resource"]["id"]:
            entry["resource"]["effectivePeriod"] = {"start": "2026-10-01"}
    [again] = post(client, body)["cards"]
    assert "overridden before (2026-11-23, result pending)" in again["detail"]


def test_a_reason_that_is_not_ours_is_not_repeated(start, content):
    client = start()
    case = "order-tnfi--block"
    [card] = ask(client, content, case)
    override(client, card, reason={"reason": {"code": "Jane Doe, 1967"}})
    [again] = ask(client, content, case)
    assert "overridden before (2026-11-23)." in again["detail"]
    assert "Jane" not in again["detail"]


def test_several_processes_and_a_restart_agree(start, content):
    [card] = ask(start(), content)
    override(start(), card)
    assert ask(start(), content) == []


def test_another_key_forgets(start, content):
    client = start(override_secret="first secret of the site")
    [card] = ask(client, content)
    override(client, card)
    assert ask(client, content) == []
    assert len(ask(start(override_secret="second secret of the site"), content)) == 1


def test_the_database_says_neither_who_nor_whom(start, content, tmp_path):
    client = start()
    ask(client, content)
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        rows = database.execute("select * from shown_card").fetchall()
    assert len(rows) == 1
    text = str(rows)
    assert "Practitioner" not in text
    assert CAUTION not in text
    assert "adalimumab" not in text


def test_old_rows_are_dropped(start, content, tmp_path, clock):
    client = start()
    ask(client, content)
    clock.now = NOW + timedelta(days=61)
    ask(client, content)
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        assert database.execute("select count(*) from shown_card").fetchone() == (1,)


def test_cards_are_shown_while_the_database_is_away(start, content, tmp_path):
    client = start(database_url=f"sqlite:///{tmp_path}/no/such/folder/store.sqlite")
    assert len(ask(client, content)) == 1


def test_the_key_beside_the_database_is_made_once_and_private(tmp_path):
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    made = secret_for(None, url)
    assert len(made) == 32
    assert secret_for(None, url) == made
    assert (tmp_path / "store.sqlite.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["store.sqlite.key"]
    assert secret_for("a configured secret", url) == b"a configured secret"
    assert secret_for(None, "sqlite://") != secret_for(None, "sqlite://")
