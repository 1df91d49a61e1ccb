"""Kill switch and shadow mode: one TOML file, read again when it changes, without a restart.

```toml
everything = "on"                         # absent: on
[services]
"ra-refractory-review" = "shadow"
[cards]
"next-option" = "off"
[issuers]
"https://ehr.example.org" = "shadow"
```

The strictest word wins: off (not evaluated; a card is not shown), shadow (evaluated and audited,
shown to nobody), on. A file that cannot be used stops the start; while the service runs, the last
good one stays in effect and the log says so.
"""

from __future__ import annotations

import logging
import threading
import tomllib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from ra_cds_hooks.errors import ConfigurationError

log = logging.getLogger("ra_cds_hooks.operation")


class Mode(IntEnum):
    """How far something goes; the larger is the stricter."""

    ON = 0
    SHADOW = 1
    OFF = 2

    @property
    def word(self) -> str:
        """As written in the file."""
        return self.name.lower()


_WORDS = {mode.word: mode for mode in Mode}


@dataclass(frozen=True)
class Positions:
    """The switches as the file sets them."""

    everything: Mode = Mode.ON
    services: dict[str, Mode] = field(default_factory=dict)
    cards: dict[str, Mode] = field(default_factory=dict)
    issuers: dict[str, Mode] = field(default_factory=dict)

    def service(self, service_id: str, issuer: str | None) -> Mode:
        """The mode of a call of this service by this client."""
        by_issuer = self.issuers.get(issuer, Mode.ON) if issuer is not None else Mode.ON
        return max(self.everything, self.services.get(service_id, Mode.ON), by_issuer)

    def card(self, card_id: str) -> Mode:
        """The mode of one card, apart from that of the call."""
        return self.cards.get(card_id, Mode.ON)


def read_positions(
    path: Path, services: Collection[str], cards: Collection[str], issuers: Collection[str]
) -> Positions:
    """The switches in ``path``. Raises ConfigurationError that names what is wrong.

    A name that is none of ``services``, ``cards`` or ``issuers`` is wrong: it would switch nothing.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"RA_CDS_SWITCHES: {path.name}: {error}") from None
    if not raw:
        # A file in the middle of being written, or that found no room, is empty as well.
        raise ConfigurationError('RA_CDS_SWITCHES: the file is empty: write everything = "on"')
    unknown = set(raw) - {"everything", "services", "cards", "issuers"}
    if unknown:
        raise ConfigurationError(f"RA_CDS_SWITCHES: no such table: {', '.join(sorted(unknown))}")
    tables: dict[str, dict[str, Mode]] = {}
    for name, known in (("services", services), ("cards", cards), ("issuers", issuers)):
        rows = raw.get(name, {})
        if not isinstance(rows, dict):
            raise ConfigurationError(f"RA_CDS_SWITCHES: {name} is not a table")
        for key in rows:
            if key not in known:
                raise ConfigurationError(f"RA_CDS_SWITCHES: {name}: there is no {key!r}")
        tables[name] = {key: _mode(word, f"{name}.{key}") for key, word in rows.items()}
    return Positions(_mode(raw.get("everything", "on"), "everything"), **tables)


class Switches:
    """The switches in effect now; safe from several threads.

    ``failed`` is called when a changed file cannot be used.
    """

    def __init__(
        self,
        path: Path | None,
        services: Collection[str],
        cards: Collection[str],
        issuers: Collection[str] = (),
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """Raises ConfigurationError for a file that cannot be used."""
        self._path = path
        self._known = (services, cards, issuers)
        self._failed = failed
        self._lock = threading.Lock()
        self._stamp = self._stamp_now()
        self._positions = read_positions(path, *self._known) if path else Positions()

    def positions(self) -> Positions:
        """The switches, read again when the file has changed since."""
        if self._path is None:
            return self._positions
        stamp = self._stamp_now()
        with self._lock:
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._positions = read_positions(self._path, *self._known)
                    log.warning("switches read again")
                except ConfigurationError as error:
                    log.error("switches left as they were: %s", error.message)
                    self._failed()
            return self._positions

    def _stamp_now(self) -> tuple[int, ...]:
        try:
            found = self._path.stat() if self._path else None
        except OSError:
            return ()
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found else ()


def _mode(word: object, where: str) -> Mode:
    if not isinstance(word, str) or word not in _WORDS:
        raise ConfigurationError(f"RA_CDS_SWITCHES: {where}: choose from {', '.join(_WORDS)}")
    return _WORDS[word]
