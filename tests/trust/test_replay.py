"""A token counts once, in this process or in the database that several workers share."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from ra_cds_hooks.errors import StoreUnavailable
from ra_cds_hooks.hooks.callers import ReplayStore
from ra_cds_hooks.store import FeedbackStore
from ra_cds_hooks.store.replay import DatabaseReplay, MemoryReplay
from tests.trust.conftest import NOW

LATER = NOW + timedelta(minutes=5)


@pytest.fixture(params=["memory", "database"])
def replay(request: pytest.FixtureRequest, tmp_path: Path) -> ReplayStore:
    if request.param == "memory":
        return MemoryReplay()
    store = FeedbackStore(f"sqlite:///{tmp_path / 'store.sqlite'}")
    request.addfinalizer(store.close)
    return DatabaseReplay(store)


def test_a_token_counts_once_per_issuer(replay: ReplayStore) -> None:
    assert replay.first_use("a", "1", LATER, NOW)
    assert not replay.first_use("a", "1", LATER, NOW)
    assert replay.first_use("b", "1", LATER, NOW)
    assert replay.first_use("a", "2", LATER, NOW)


def test_names_are_not_confused_where_they_meet(replay: ReplayStore) -> None:
    assert replay.first_use("ab", "c", LATER, NOW)
    assert replay.first_use("a", "bc", LATER, NOW)


def test_it_is_remembered_until_it_expires_and_no_longer(replay: ReplayStore) -> None:
    assert replay.first_use("a", "1", LATER, NOW)
    assert not replay.first_use("a", "1", LATER, LATER - timedelta(seconds=1))
    assert replay.first_use("a", "1", LATER + timedelta(minutes=5), LATER + timedelta(minutes=2))


def test_memory_is_bounded_and_refuses_when_full() -> None:
    replay = MemoryReplay(limit=2)
    assert replay.first_use("a", "1", LATER, NOW)
    assert replay.first_use("a", "2", LATER, NOW)
    assert not replay.first_use("a", "3", LATER, NOW)
    assert replay.first_use("a", "3", LATER + timedelta(minutes=5), LATER)


def test_two_workers_share_what_the_database_knows(tmp_path: Path) -> None:
    stores = [FeedbackStore(f"sqlite:///{tmp_path / 'store.sqlite'}") for _ in range(2)]
    one, other = (DatabaseReplay(store) for store in stores)
    assert one.first_use("a", "1", LATER, NOW)
    assert not other.first_use("a", "1", LATER, NOW)
    for store in stores:
        store.close()


def test_without_its_database_nobody_is_let_in(tmp_path: Path) -> None:
    store = FeedbackStore(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.sqlite'}")
    with pytest.raises(StoreUnavailable):
        DatabaseReplay(store).first_use("a", "1", LATER, NOW)
    store.close()


KILLED = """
import os, signal, sys
from datetime import datetime
from ra_cds_hooks.store import FeedbackStore
from ra_cds_hooks.store.replay import DatabaseReplay
now, later = map(datetime.fromisoformat, sys.argv[2:])
assert DatabaseReplay(FeedbackStore(sys.argv[1])).first_use("a", "1", later, now)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_token_is_known_after_its_worker_was_killed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    command = [sys.executable, "-c", KILLED, url, NOW.isoformat(), LATER.isoformat()]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    store = FeedbackStore(url)
    assert not DatabaseReplay(store).first_use("a", "1", LATER, NOW)
    store.close()


def test_only_what_was_promised_waits_for_the_disk(tmp_path: Path) -> None:
    store = FeedbackStore(f"sqlite:///{tmp_path / 'store.sqlite'}")
    pragma = text("PRAGMA synchronous")
    with store.ready_engine().connect() as lasting, store.passing_engine().connect() as passing:
        assert (lasting.scalar(pragma), passing.scalar(pragma)) == (2, 1)  # FULL, NORMAL
    store.close()
    alone = FeedbackStore("sqlite://")
    assert alone.passing_engine() is alone.ready_engine(), "in memory there is one database"
    alone.close()
