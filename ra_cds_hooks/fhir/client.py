"""Reads from a FHIR R4 server: GET only, within one time budget, and every outcome has a name.

The client never follows a redirect, never leaves the server it was given, keeps no cookie and
reads no proxy or credential from the environment: the token of a request goes to the server of
that request and nowhere else.

Sources: FHIR R4 "RESTful API" (search, paging), cds-hooks.md [Prefetch], [Trust].
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import requests
import urllib3

from ra_cds_hooks.fhir.destination import CheckedAdapter, Destinations, body_until
from ra_cds_hooks.fhir.json_text import JsonError, parse_json
from ra_cds_hooks.fhir.patience import (
    PASSING_STATUSES,
    Breakers,
    Patience,
    pause_before,
    retry_after,
)

_CHUNK = 64 * 1024


class Failure(StrEnum):
    """Why an answer could not be had, or not completely."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    BUDGET = "time budget used up"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not found"
    HTTP_ERROR = "http error"
    REFUSED = "request refused"
    REDIRECT = "redirect not followed"
    NOT_JSON = "not json"
    NOT_FHIR = "unexpected resource type"
    OPERATION_OUTCOME = "operation outcome"
    TOO_LARGE = "too large"
    FOREIGN_PAGE = "next page on another server"
    REPEATED_PAGE = "page repeated"
    TOO_MANY_PAGES = "too many pages"
    THROTTLED = "too many requests"
    RESTING = "failing, left alone for a while"


@dataclass(frozen=True)
class Answer:
    """What a read or search gave: ``documents`` (a resource, or the Bundles of all pages).

    ``failure`` says why there is nothing, or why there is not all; None means complete.
    """

    documents: tuple[dict[str, Any], ...] = ()
    failure: Failure | None = None


class Budget:
    """A span of seconds that all calls of one request share. ``clock`` is monotonic seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self.is_short = False

    def remaining(self) -> float:
        """Seconds left, 0.0 when used up."""
        return max(0.0, self._end - self._clock())

    def shorten(self, seconds: float) -> None:
        """From now on at most ``seconds``: enough is known, the rest only narrows the advice."""
        self.is_short = True
        self._end = min(self._end, self._clock() + seconds)


@dataclass(frozen=True)
class Server:
    """One FHIR server of one request: base URL (already allowed) and the bearer token, if any.

    ``trace`` are the headers of the W3C trace context that its log may name.
    """

    base_url: str
    token: str | None = field(default=None, repr=False)
    trace: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """Seconds and sizes that bound one call; the budget bounds them all together."""

    connect_seconds: float = 1.0
    read_seconds: float = 2.0
    max_pages: int = 20
    max_page_bytes: int = 16 * 1024 * 1024


class _Stopped(Exception):
    """A call that came to nothing. ``passing``: a moment may mend it, so it is worth a repeat."""

    def __init__(
        self, failure: Failure, *, passing: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(failure)
        self.failure = failure
        self.passing = passing
        self.wait = wait


# What tells of a server in trouble, and not of this request.
_SERVER_FAULTS = {Failure.UNREACHABLE, Failure.TIMEOUT, Failure.HTTP_ERROR, Failure.THROTTLED}


class FhirClient:
    """Reads and searches; safe to use from several threads at once."""

    def __init__(
        self,
        limits: Limits,
        *,
        ca_bundle: Path | None = None,
        connections: int = 12,
        destinations: Destinations | None = None,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
        told: Callable[[str], None] = lambda outcome: None,
    ) -> None:
        """``told`` hears of the outcome of each read or search: "ok" or the `Failure`."""
        self._limits = limits
        self._patience = patience or Patience()
        self.breakers = Breakers(self._patience, time.monotonic)
        self._sleep = sleep
        self._told = told
        self._session = requests.Session()
        self._session.trust_env = False  # no netrc, no proxies: the token has one destination
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.verify = str(ca_bundle) if ca_bundle else True
        may_connect = (destinations or Destinations()).allow
        adapter = CheckedAdapter(may_connect, pool_maxsize=connections, max_retries=0)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        """Releases the connections."""
        self._session.close()

    def read(self, server: Server, path: str, budget: Budget) -> Answer:
        """One resource, for example ``Patient/p1``; its type must be the one asked for."""
        return self._telling(self._read(server, path, budget))

    def _read(self, server: Server, path: str, budget: Budget) -> Answer:
        try:
            document = self._get(server, f"{server.base_url}/{path}", budget)
        except _Stopped as stop:
            return Answer(failure=stop.failure)
        if document.get("resourceType") == "OperationOutcome":
            return Answer(failure=Failure.OPERATION_OUTCOME)
        if document.get("resourceType") != path.partition("/")[0]:
            return Answer(failure=Failure.NOT_FHIR)
        return Answer((document,))

    def search(self, server: Server, query: str, budget: Budget) -> Answer:
        """All pages of a search, for example ``Condition?patient=p1``."""
        return self.pages(server, f"{server.base_url}/{query}", budget)

    def pages(self, server: Server, url: str, budget: Budget) -> Answer:
        """All pages of a search from ``url`` on; what came before a failure is kept."""
        return self._telling(self._pages(server, url, budget))

    def _telling(self, answer: Answer) -> Answer:
        self._told("ok" if answer.failure is None else answer.failure.value)
        return answer

    def _pages(self, server: Server, url: str, budget: Budget) -> Answer:
        documents: list[dict[str, Any]] = []
        seen: set[str] = set()
        next_url: str | None = url
        while next_url is not None:
            failure = self._may_not_read(server, next_url, seen)
            if failure is not None:
                return Answer(tuple(documents), failure)
            seen.add(next_url)
            try:
                document = self._get(server, next_url, budget)
            except _Stopped as stop:
                return Answer(tuple(documents), stop.failure)
            if document.get("resourceType") == "OperationOutcome":
                return Answer(tuple(documents), Failure.OPERATION_OUTCOME)
            if document.get("resourceType") != "Bundle":
                return Answer(tuple(documents), Failure.NOT_FHIR)
            if document in documents:
                return Answer(tuple(documents), Failure.REPEATED_PAGE)
            documents.append(document)
            link = next_link(document)
            next_url = urljoin(next_url, link) if link else None
        return Answer(tuple(documents))

    def _may_not_read(self, server: Server, url: str, seen: set[str]) -> Failure | None:
        if not same_server(server.base_url, url):
            return Failure.FOREIGN_PAGE
        if url in seen:
            return Failure.REPEATED_PAGE
        if len(seen) >= self._limits.max_pages:
            return Failure.TOO_MANY_PAGES
        return None

    def _get(self, server: Server, url: str, budget: Budget) -> dict[str, Any]:
        """One document; repeated where a moment may mend it and the budget allows."""
        # Too slow for the short budget is no reason to refuse those who can wait.
        name = (server.base_url, budget.is_short)
        if not self.breakers.may_call(name, budget, budget.remaining):
            raise _Stopped(Failure.RESTING)
        for attempt in range(1, self._patience.tries + 1):
            try:
                document = self._get_once(server, url, budget)
            except _Stopped as stop:
                pause = pause_before(attempt, self._patience, stop.wait)
                last = attempt == self._patience.tries or pause >= budget.remaining()
                if not stop.passing or last:
                    self._note(name, stop.failure)
                    raise
                self._sleep(pause)
            except Exception:
                self.breakers.undecided(name)
                raise
            else:
                self.breakers.worked(name)
                return document
        raise AssertionError("the last attempt returns or raises")

    def _note(self, name: Hashable, failure: Failure) -> None:
        if failure in _SERVER_FAULTS:
            self.breakers.failed(name)
        elif failure is Failure.BUDGET:
            self.breakers.undecided(name)
        else:
            self.breakers.worked(name)

    def _get_once(self, server: Server, url: str, budget: Budget) -> dict[str, Any]:
        left = budget.remaining()
        if left <= 0:
            raise _Stopped(Failure.BUDGET)
        headers = {"Accept": "application/fhir+json", "User-Agent": "ra-cds-hooks", **server.trace}
        if server.token:
            headers["Authorization"] = f"Bearer {server.token}"
        limits = self._limits
        timeout = (min(limits.connect_seconds, left), min(limits.read_seconds, left))
        try:
            with self._session.get(
                url, headers=headers, timeout=timeout, allow_redirects=False, stream=True
            ) as response:
                if (failure := _status_failure(response.status_code)) is not None:
                    raise _Stopped(
                        failure,
                        passing=response.status_code in PASSING_STATUSES,
                        wait=retry_after(
                            response.headers.get("Retry-After"), response.headers.get("Date")
                        ),
                    )
                body = self._body(response, budget)
        except requests.Timeout:
            raise _Stopped(Failure.TIMEOUT) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
            # The text of these errors holds the URL, and that names the patient.
            raise _Stopped(Failure.UNREACHABLE, passing=True) from None
        try:
            document = parse_json(body)
        except JsonError:
            raise _Stopped(Failure.NOT_JSON) from None
        if not isinstance(document, dict):
            raise _Stopped(Failure.NOT_FHIR)
        return document

    def _body(self, response: requests.Response, budget: Budget) -> bytes:
        """The whole body, checked against size and budget after every piece that arrives."""
        parts: list[bytes] = []
        size = 0
        body_until(response, time.monotonic() + budget.remaining())
        while True:
            try:
                part = response.raw.read1(_CHUNK, decode_content=True)
            except urllib3.exceptions.ReadTimeoutError:
                is_over = budget.remaining() <= 0
                raise _Stopped(Failure.BUDGET if is_over else Failure.TIMEOUT) from None
            if not part:
                return b"".join(parts)
            size += len(part)
            if size > self._limits.max_page_bytes:
                raise _Stopped(Failure.TOO_LARGE)
            if budget.remaining() <= 0:
                raise _Stopped(Failure.BUDGET)
            parts.append(part)


def next_link(bundle: dict[str, Any]) -> str | None:
    """The URL of the next page that a Bundle names, None when it is the last."""
    links = bundle.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            url = link.get("url")
            return url if isinstance(url, str) and url else "about:blank"
    return None


def same_server(base_url: str, url: str) -> bool:
    """Whether ``url`` lies on the server of ``base_url``: same scheme, host, port and path."""
    base, other = urlsplit(base_url), urlsplit(url)
    try:
        same_origin = (base.scheme, base.hostname, _port(base)) == (
            other.scheme,
            other.hostname,
            _port(other),
        )
    except ValueError:
        return False
    path = base.path.rstrip("/")
    below = other.path == path or other.path.startswith(f"{path}/")
    # As the server may read it: an escaped dot or slash climbs as well, and so does "..;" where
    # what follows a semicolon is taken for parameters of the step (Java's servlets).
    steps = [step.partition(";")[0] for step in unquote(other.path).replace("\\", "/").split("/")]
    climbs = ".." in steps or "." in steps
    return same_origin and below and not climbs and other.username is None


def _port(parts: Any) -> int:
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)


def _status_failure(status: int) -> Failure | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return Failure.REDIRECT
    return {
        429: Failure.THROTTLED,
        401: Failure.UNAUTHORIZED,
        403: Failure.FORBIDDEN,
        404: Failure.NOT_FOUND,
        410: Failure.NOT_FOUND,
        501: Failure.REFUSED,
    }.get(status, Failure.REFUSED if 400 <= status < 500 else Failure.HTTP_ERROR)
