"""Feedback: stored once however often it is sent, nothing about the patient, no loss in a race."""

import stat
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from ra_cds_hooks.errors import ConfigurationError, StoreUnavailable
from ra_cds_hooks.store import Feedback, FeedbackRow, FeedbackStore

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 10, 5, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    built = FeedbackStore(f"sqlite:///{tmp_path / 'feedback.sqlite'}")
    yield built
    built.close()


def accepted(card="c1", at=AT, suggestions=("s1",)):
    return Feedback(card, "accepted", at, suggestions)


def test_an_answer_is_stored_with_its_reason(store):
    reason = ("urn:r", "already-done", "Already done elsewhere")
    assert store.add("svc", [Feedback("c1", "overridden", AT, (), reason)], NOW) == 1
    row = store.all()[0]
    assert (row.service_id, row.card, row.outcome) == ("svc", "c1", "overridden")
    assert (row.reason_system, row.reason_code, row.reason_display) == reason
    assert row.comment is None


def test_a_repeat_is_stored_once(store):
    assert store.add("svc", [accepted()], NOW) == 1
    assert store.add("svc", [accepted()], NOW + timedelta(hours=1)) == 0
    same_moment = AT.astimezone(timezone(timedelta(hours=8)))
    assert store.add("svc", [accepted(at=same_moment)], NOW) == 0
    assert store.count() == 1


def test_a_batch_with_repeats_inside(store):
    batch = [accepted(), accepted("c2"), accepted(), accepted("c3")]
    assert store.add("svc", batch, NOW) == 3


def test_the_order_of_suggestions_does_not_matter(store):
    store.add("svc", [accepted(suggestions=("a", "b"))], NOW)
    assert store.add("svc", [accepted(suggestions=("b", "a"))], NOW) == 0


@pytest.mark.parametrize(
    "other",
    [accepted("c2"), accepted(at=AT + timedelta(seconds=1)), Feedback("c1", "overridden", AT)],
)
def test_a_different_answer_is_another_row(store, other):
    store.add("svc", [accepted()], NOW)
    assert store.add("svc", [other], NOW) == 1


def test_the_same_card_of_another_service_is_another_row(store):
    store.add("one", [accepted()], NOW)
    assert store.add("two", [accepted()], NOW) == 1


def test_no_column_can_name_a_patient():
    columns = set(FeedbackRow.__table__.columns.keys())
    assert not {c for c in columns if "patient" in c or "user" in c or "context" in c}


def test_the_file_is_in_wal_mode_and_survives_a_new_process(store, tmp_path):
    store.add("svc", [accepted()], NOW)
    with store.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    again = FeedbackStore(f"sqlite:///{tmp_path / 'feedback.sqlite'}")
    assert again.count() == 1
    again.close()


def test_sqlite_waits_for_the_disk_where_something_was_promised(store):
    """2 is FULL, 1 is NORMAL (SQLite, "PRAGMA synchronous")."""
    found = []
    for engine in (store.ready_engine(), store.passing_engine()):
        with engine.connect() as connection:
            found.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())
    assert found == [2, 1]


def test_many_threads_and_two_stores_lose_nothing_and_double_nothing(store, tmp_path):
    other = FeedbackStore(f"sqlite:///{tmp_path / 'feedback.sqlite'}")
    failures = []

    def send(target):
        try:
            for number in range(10):
                target.add("svc", [accepted(f"card-{number}")], NOW)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=send, args=(s,)) for s in (store, other) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert failures == []
    assert store.count() == 10


def test_a_store_that_cannot_be_written_says_so(tmp_path):
    store = FeedbackStore(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'f.sqlite'}")
    with pytest.raises(StoreUnavailable, match="Send it again later") as caught:
        store.add("svc", [Feedback("c1", "overridden", AT, comment="CANARY")], NOW)
    assert "CANARY" not in str(caught.value)
    store.close()


@pytest.mark.parametrize("url", ["nonsense", "nosuchdb://host/x"])
def test_a_wrong_url_is_a_configuration_error(url):
    with pytest.raises(ConfigurationError, match="RA_CDS_DATABASE_URL"):
        FeedbackStore(url)


def test_a_new_sqlite_database_is_the_services_own(tmp_path):
    store = FeedbackStore(f"sqlite:///{tmp_path / 'store.sqlite'}")
    store.require_reachable()
    with store.ready_engine().connect():
        made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    store.close()
    assert {"store.sqlite", "store.sqlite-wal"} <= made.keys()
    assert {mode & 0o077 for mode in made.values()} == {0}
