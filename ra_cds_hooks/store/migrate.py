"""Brings the database to the tables of this release, on first use; no command to run.

Migrations only ever add, so an older release works on a newer database: the service can be rolled
back without touching its data.

Source: Alembic 1.14 (scripts in ``migrations/versions``).
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

log = logging.getLogger("ra_cds_hooks.store")

HERE = Path(__file__).parent / "migrations"
# Any number that no other user of the database takes for its own lock ("RACDS" in ASCII).
ADVISORY_LOCK = 0x5241434453
# Alembic's context is one per process.
_one_at_a_time = threading.Lock()


def migrate(engine: Engine) -> None:
    """Run the migrations that the database lacks. Raises SQLAlchemyError or OSError when it fails.

    Several processes that start together take turns; all or nothing is done.
    """
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    with _one_at_a_time, engine.connect() as connection:
        if _revision(connection) == scripts.get_current_head():
            return
        connection.rollback()
        _lock(connection)
        revision = _revision(connection)
        if revision is not None and revision not in {s.revision for s in scripts.walk_revisions()}:
            log.warning("the database was written by a newer release (%s): left as it is", revision)
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        log.info("database at revision %s", scripts.get_current_head())


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
