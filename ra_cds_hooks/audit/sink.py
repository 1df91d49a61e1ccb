"""Where audit events go: JSON lines in a file, or the database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import orjson

from ra_cds_hooks.errors import StoreUnavailable
from ra_cds_hooks.store import AuditRows

SWEEP_EVERY = timedelta(hours=1)


class Sink(Protocol):
    """Writes events and gives them back, oldest first."""

    def write(self, event_id: str, recorded_at: datetime, body: str) -> None:
        """Raises StoreUnavailable."""

    def bodies(self) -> Iterator[str]:
        """Raises StoreUnavailable."""


class AuditFile:
    """One JSON line an event. The file is opened for each, so it may be rotated at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, event_id: str, recorded_at: datetime, body: str) -> None:
        """Append one event in a single write. Raises StoreUnavailable."""
        line = f"{body}\n".encode()
        try:
            # Nobody but the service's user: who asked when is nobody else's business.
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                written = os.write(handle, line)
                if written != len(line):
                    _take_back(handle, written)
            finally:
                os.close(handle)
        except OSError as error:
            raise StoreUnavailable(
                f"The audit cannot be written ({type(error).__name__})."
            ) from None
        if written != len(line):
            raise StoreUnavailable("The audit cannot be written (no room left).")

    def bodies(self) -> Iterator[str]:
        """Every line. Raises StoreUnavailable."""
        try:
            with self._path.open(encoding="utf-8", errors="replace") as file:
                yield from (line for line in file if line.strip())
        except OSError as error:
            raise StoreUnavailable(f"The audit cannot be read ({type(error).__name__}).") from None


def _take_back(handle: int, written: int) -> None:
    """Cut off the piece of a line that found no room: the next event would be glued to it."""
    end = os.lseek(handle, 0, os.SEEK_CUR)
    if os.fstat(handle).st_size == end:  # nobody has written since
        os.ftruncate(handle, end - written)


class AuditTable:
    """Events in the database; what is older than ``keep`` is forgotten, once an hour."""

    def __init__(self, rows: AuditRows, keep: timedelta | None = None) -> None:
        self._rows = rows
        self._keep = keep
        self._swept: datetime | None = None

    def write(self, event_id: str, recorded_at: datetime, body: str) -> None:
        """Store one event. Raises StoreUnavailable."""
        self._rows.write(event_id, recorded_at, body)
        if self._keep is None or (self._swept and recorded_at - self._swept < SWEEP_EVERY):
            return
        self._swept = recorded_at
        self._rows.forget(recorded_at - self._keep)

    def bodies(self) -> Iterator[str]:
        """Every event. Raises StoreUnavailable."""
        return self._rows.bodies()


def events(sink: Sink, left_out: Callable[[int], None]) -> Iterator[dict[str, Any]]:
    """Every AuditEvent of a sink; ``left_out`` hears the number of each line that is none.

    One line that a crash or a full disk tore does not take the others with it.
    """
    for number, body in enumerate(sink.bodies(), start=1):
        try:
            event = orjson.loads(body)
        except orjson.JSONDecodeError:
            event = None
        if isinstance(event, dict) and event.get("resourceType") == "AuditEvent":
            yield event
        else:
            left_out(number)
