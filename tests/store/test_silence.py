"""A PostgreSQL that is there and says nothing: a refusal that is told, never a fault of ours."""

from __future__ import annotations

import gc
import socket
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text

from ra_cds_hooks.errors import StoreUnavailable
from ra_cds_hooks.store import AuditRows, CardLog, Feedback, FeedbackStore, ShownCard, ShownCards
from ra_cds_hooks.store import feedback as store_feedback
from ra_cds_hooks.store.replay import DatabaseReplay
from ra_cds_hooks.store.report import answered_cards

# pg8000 leaves the socket of a connection that came to nothing to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def answer(card):
    return Feedback(card, "accepted", NOW)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(store_feedback, "SILENCE_SECONDS", 0.2)


@pytest.fixture
def silent():
    """A store whose database takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        store = FeedbackStore(f"postgresql+pg8000://tester@127.0.0.1:{port}/postgres")
        yield store
        store.close()
    gc.collect(1)  # here, where it is expected


USES = {
    "feedback": lambda store: store.add("svc", [answer("a")], NOW),
    "readiness": lambda store: store.require_reachable(),
    "audit": lambda store: AuditRows(store).write("a", NOW, "{}"),
    "report": answered_cards,
    "used tokens": lambda store: DatabaseReplay(store).first_use("i", "j", NOW + DAY, NOW),
    "shown cards": lambda store: ShownCards(store, lambda: b"key").remember(
        "svc", "u", "p", [ShownCard("c", "k", "n")], NOW, DAY
    ),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_silent_database_is_unavailable(silent, use):
    with pytest.raises(StoreUnavailable):
        use(silent)


def test_the_log_of_shown_cards_outlives_it(silent):
    failures = []
    log = CardLog(silent, failed=lambda: failures.append(1))
    row = {"uuid": "u", "service_id": "s", "card": "c", "subject": "x", "shown_at": NOW}
    log.shown([row])
    log.flush()
    log.close()
    assert failures == [1]


@contextmanager
def locked(url, table):
    """The table, held by somebody else."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield
    engine.dispose()


def test_after_a_silence_answers_belong_to_their_questions(postgres):
    """The late answer to what was given up does not become the answer to what comes next."""
    store = FeedbackStore(postgres)
    before = store.count()
    with locked(postgres, "feedback"), pytest.raises(StoreUnavailable):
        store.add("svc", [answer("late")], NOW)
    assert store.add("silence", [answer("b"), answer("c")], NOW) == 2
    assert store.count() - before in (2, 3), "what was not acknowledged may be there or not"
    assert {row.card for row in store.all()} >= {"b", "c"}
    store.close()
