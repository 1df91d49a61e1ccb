"""How long a FHIR server is given: repeats of reads inside the budget, and a breaker per server.

Reads are idempotent, so what a moment may mend (a refused or reset connection, 429, 5xx) is tried
again after a short pause, never beyond the time budget of the request. A server that keeps failing
is left alone for a while, so that its trouble does not become everybody's waiting.
"""

from __future__ import annotations

import email.utils
import random
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime

TRIES = 3
FIRST_PAUSE = 0.05
PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Patience:
    """Repeats and breaker: ``failures`` in a row open it, for ``rest_seconds``."""

    tries: int = TRIES
    first_pause: float = FIRST_PAUSE
    failures: int = 5
    rest_seconds: float = 10.0


def pause_before(attempt: int, patience: Patience, retry_after: float | None) -> float:
    """Seconds to wait before the repeat number ``attempt`` (1, 2 ...): doubled, with jitter.

    The server's own Retry-After counts where it is longer.
    """
    backoff: float = patience.first_pause * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)
    return max(backoff, retry_after or 0.0)


def retry_after(value: str | None, sent: str | None = None) -> float | None:
    """A Retry-After header in seconds: a number or an HTTP date; None when there is no sense in it.

    ``sent`` is the answer's own Date: by the server's clock both dates mean what they say.
    """
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    until, now = _moment(value), _moment(sent or "")
    return None if until is None or now is None else max(0.0, (until - now).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # an offset of more hours than a date can have
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass
class _State:
    failures: int = 0
    open_until: float | None = None
    probing: bool = False
    prober: object = None


@dataclass
class Breakers:
    """One breaker per server, by whatever names it. ``clock`` gives monotonic seconds; safe from
    several threads.
    """

    patience: Patience
    clock: Callable[[], float]
    _states: dict[Hashable, _State] = field(default_factory=dict)
    _lock: threading.Condition = field(default_factory=threading.Condition)

    def may_call(
        self, server: Hashable, asker: object = None, seconds: Callable[[], float] = lambda: 0.0
    ) -> bool:
        """Whether the server is asked now: always while it works, one probe after its rest.

        The other calls of the probe's own ``asker`` wait for its end, ``seconds()`` at most: where
        the server is well again, they are not turned away.
        """
        with self._lock:
            while True:
                state = self._states.get(server)
                if state is None or state.open_until is None:
                    return True
                if self.clock() < state.open_until:
                    return False
                if not state.probing:
                    state.probing, state.prober = True, asker
                    return True
                is_own = asker is not None and state.prober is asker
                if not is_own or not self._lock.wait(seconds()):
                    return False

    def worked(self, server: Hashable) -> None:
        """The server answered: its record is clean."""
        with self._lock:
            self._states.pop(server, None)
            self._lock.notify_all()

    def failed(self, server: Hashable) -> None:
        """The server failed: one more, and its rest begins (again) at the limit."""
        with self._lock:
            state = self._states.setdefault(server, _State())
            state.failures += 1
            if state.probing or state.failures >= self.patience.failures:
                state.open_until = self.clock() + self.patience.rest_seconds
                state.probing = False
                self._lock.notify_all()

    def undecided(self, server: Hashable) -> None:
        """A call ended without a word about the server: its probe, if it was one, is to be made."""
        with self._lock:
            state = self._states.get(server)
            if state is not None:
                state.probing = False
                self._lock.notify_all()

    def resting(self) -> int:
        """How many servers are left alone at the moment."""
        with self._lock:
            now = self.clock()
            return sum(
                state.open_until is not None and now < state.open_until
                for state in self._states.values()
            )
