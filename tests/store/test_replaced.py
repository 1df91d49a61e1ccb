"""The database that is found is not the one that was opened: removed, or restored from a backup.

What was acknowledged must be in the file that the next start opens, and readiness must not say that
all is well while nothing can be stored.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from ra_cds_hooks.errors import StoreUnavailable
from ra_cds_hooks.store import Feedback, FeedbackStore

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANSWER = Feedback("4e0a3a1e-3f08-4027-8ab7-fa3b2a1d8b9f", "accepted", NOW)


def store_at(path):
    """A store that has been used: feedback, and the connection without waiting for the disk."""
    store = FeedbackStore(f"sqlite:///{path}")
    store.add("s", [ANSWER], NOW)
    with store.passing_engine().connect() as connection:
        connection.execute(text("SELECT 1 FROM shown_card"))
    return store


def remove(path):
    for file in path.parent.glob(path.name + "*"):
        file.unlink()


@pytest.mark.parametrize("leaves", ["nothing", "an empty file"])
def test_what_is_acknowledged_after_a_file_was_removed_is_in_the_new_one(tmp_path, leaves):
    path = tmp_path / "f.sqlite"
    store = store_at(path)
    remove(path)
    if leaves == "an empty file":
        path.touch()
    store.require_reachable()
    assert store.add("s", [ANSWER], NOW) == 1
    with store.passing_engine().connect() as connection:
        connection.execute(text("SELECT 1 FROM shown_card"))
    again = FeedbackStore(f"sqlite:///{path}")
    assert again.count() == 1
    again.close()
    store.close()


def test_it_is_not_ready_while_the_folder_is_away(tmp_path):
    folder = tmp_path / "volume"
    folder.mkdir()
    store = store_at(folder / "f.sqlite")
    folder.rename(tmp_path / "unmounted")
    with pytest.raises(StoreUnavailable):
        store.require_reachable()
    with pytest.raises(StoreUnavailable):
        store.add("s", [ANSWER], NOW)
    (tmp_path / "unmounted").rename(folder)
    store.require_reachable()
    assert store.count() == 1
    store.close()


def test_a_database_without_our_tables_is_not_ready_and_gets_them(tmp_path):
    """As when an empty database was made in the place of one that was lost, with PostgreSQL."""
    store = store_at(tmp_path / "f.sqlite")
    with store.engine.begin() as connection:
        for (name,) in connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        ).all():
            connection.execute(text(f"DROP TABLE {name}"))
    with pytest.raises(StoreUnavailable):
        store.require_reachable()
    store.require_reachable()
    assert store.add("s", [ANSWER], NOW) == 1
    store.close()
