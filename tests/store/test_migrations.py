"""The tables come by migration, on first use, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.schema import CreateTable

from ra_cds_hooks.store import (
    AuditRows,
    CardLog,
    CardLogRow,
    Feedback,
    FeedbackRow,
    FeedbackStore,
    Retention,
    ShownCard,
    ShownCards,
)
from ra_cds_hooks.store.feedback import Base
from ra_cds_hooks.store.replay import DatabaseReplay, UsedToken
from ra_cds_hooks.store.shown import ShownCardRow

NOW = datetime(2026, 11, 23, 10, 5, tzinfo=UTC)
TABLES = {"feedback", "shown_card", "used_token", "card_log", "audit_event"}


@pytest.fixture
def store(database):
    built = FeedbackStore(database)
    yield built
    built.close()


def answer(card, outcome="accepted", **members):
    return Feedback(card, outcome, NOW, **members)


def test_the_first_use_makes_every_table_of_the_models(store):
    assert store.add("svc", [answer("c1")], NOW) == 1
    found = inspect(store.engine)
    assert set(Base.metadata.tables) == TABLES
    assert set(found.get_table_names()) == TABLES | {"alembic_version"}
    for name, table in Base.metadata.tables.items():
        columns = {c["name"]: c["nullable"] for c in found.get_columns(name)}
        assert columns == {c.name: bool(c.nullable) for c in table.columns}, name
        indexed = {tuple(i["column_names"]) for i in found.get_indexes(name) if not i["unique"]}
        assert indexed == {tuple(i.columns.keys()) for i in table.indexes}, name


def test_a_database_from_before_the_migrations_keeps_its_rows(database):
    engine = create_engine(database)
    before = [FeedbackRow, ShownCardRow, UsedToken]
    with engine.begin() as connection:
        for model in before:
            connection.execute(CreateTable(model.__table__))
        row = {"fingerprint": "f", "service_id": "s", "card": "old", "outcome": "accepted"}
        row |= {"accepted_suggestions": [], "outcome_at": NOW, "received_at": NOW}
        connection.execute(FeedbackRow.__table__.insert().values(**row))
    engine.dispose()
    store = FeedbackStore(database)
    store.add("svc", [answer("new")], NOW)
    assert [row.card for row in store.all()] == ["old", "new"]
    store.close()


def test_a_database_of_a_newer_release_is_left_as_it_is(store, database, caplog):
    store.add("svc", [answer("c1")], NOW)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    older = FeedbackStore(database)
    assert older.add("svc", [answer("c2")], NOW) == 1
    assert older.count() == 2
    assert "newer release (9999)" in caplog.text
    older.close()


FIRST_USE = """
import sys
from ra_cds_hooks.store import FeedbackStore
store = FeedbackStore(sys.argv[1])
sys.stdin.readline()
print(store.count())
"""


def test_processes_that_start_together_take_turns(database):
    command = [sys.executable, "-c", FIRST_USE, database]
    started = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=60) for process in started]
    assert ended == [("0\n", "")] * 4


def test_repeats_batches_and_times(store):
    batch = [answer("c1"), answer("c1"), answer("c2", "overridden", reason=("s", "x", "X"))]
    assert store.add("svc", batch, NOW) == 2
    assert store.add("svc", batch, NOW + timedelta(hours=1)) == 0
    first, second = store.all()
    assert first.received_at.replace(tzinfo=UTC) == NOW
    assert second.reason_code == "x"


def test_a_token_counts_once(store):
    replay = DatabaseReplay(store)
    later = NOW + timedelta(minutes=5)
    assert replay.first_use("iss", "j1", later, NOW)
    assert not replay.first_use("iss", "j1", later, NOW)
    assert replay.first_use("iss", "j1", later + timedelta(minutes=9), later + timedelta(minutes=2))


def test_overrides_are_found_again(store):
    shown = ShownCards(store, lambda: b"a key of the tests")
    card = ShownCard("u1", "key", "concern")
    who = ("svc", "user", "patient")
    shown.remember(*who, [card], NOW, timedelta(days=30))
    assert shown.overridden(*who, [card], NOW - timedelta(days=1)) == {}
    store.add("svc", [answer("u1", "overridden", reason=("s", "x", "X"))], NOW)
    [found] = shown.overridden(*who, [card], NOW - timedelta(days=1)).values()
    assert (found.same, found.at, found.reason) == (True, NOW, "x")


def log_row(uuid, at=NOW):
    return {"uuid": uuid, "service_id": "svc", "card": "status", "subject": "h", "shown_at": at}


def cards(store):
    with store.ready_engine().connect() as connection:
        return set(connection.execute(text("SELECT uuid FROM card_log")).scalars())


def test_shown_cards_are_logged_in_the_background_once_each(store):
    log = CardLog(store)
    log.shown([log_row("u1"), log_row("u2")])
    log.shown([log_row("u2")])
    log.close()
    assert cards(store) == {"u1", "u2"}


def test_what_is_older_than_the_retention_is_forgotten(store):
    log, retention = CardLog(store), Retention(store, timedelta(days=10))
    store.add("svc", [answer("old")], NOW)
    store.add("svc", [answer("new")], NOW + timedelta(days=10))
    log.shown([log_row("old")])
    log.flush()
    edge = NOW + timedelta(days=10)
    log.shown([log_row("edge", edge)])
    log.close()
    retention.sweep(edge)
    assert cards(store) == {"old", "edge"}, "ten days old is not yet older"
    assert store.count() == 2
    sweeping = retention.remind(edge + timedelta(hours=1))
    assert sweeping is not None
    sweeping.join()
    assert retention.remind(edge + timedelta(hours=1, minutes=59)) is None
    assert cards(store) == {"edge"}
    assert [row.card for row in store.all()] == ["new"]


def test_a_card_log_that_cannot_be_written_says_so_and_goes_on(tmp_path, caplog):
    failures = []
    store = FeedbackStore(f"sqlite:///{tmp_path}/no/such/folder/f.sqlite")
    log = CardLog(store, failed=lambda: failures.append(1))
    log.shown([log_row("u1")])
    log.close()
    assert failures == [1]
    assert "1 shown cards not logged" in caplog.text
    store.close()


def test_audit_rows_come_back_in_order_and_can_be_forgotten(store):
    rows = AuditRows(store)
    rows.write("b", NOW + timedelta(seconds=1), "second")
    rows.write("a", NOW, "first")
    assert list(rows.bodies()) == ["first", "second"]
    assert rows.forget(NOW + timedelta(seconds=1)) == 1
    assert list(rows.bodies()) == ["second"]


def test_no_table_has_a_column_for_a_name():
    for table in Base.metadata.tables.values():
        assert not {c.name for c in table.columns if "patient" in c.name or "user" in c.name}
    assert CardLogRow.__table__.columns["subject"].type.length == 64
