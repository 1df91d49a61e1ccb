"""One run: generate, store, fire the hook, overlay, fire again, count what came back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tools.interop.cds_hooks_client import CdsClient, outcome_faults, response_faults
from tools.interop.cds_server import CdsServer
from tools.interop.fhir_server import FhirServer
from tools.interop.overlay import Overlay, overlay
from tools.interop.records import SourceRecord, carebundle, clinosim, sekmet

SERVICE = "ra-refractory-review"
HOOK = "patient-view"
EXTENSION = "org.ra-cds-hooks.decision"
# The statuses that a caller is told to expect for a well-formed request.
PLANNED = {200, 412}
ADULT = 18
# Patients for whom the same question is asked a second time, with prefetch.
PREFETCHED = 30


@dataclass(frozen=True)
class Sizes:
    """How many patients each generator is asked for; ``overlaid`` is an upper limit."""

    clinosim_us: int = 100
    clinosim_jp: int = 40
    carebundle: int = 24
    sekmet: int = 12
    overlaid: int = 120
    seed: int = 20261123


SMALL = Sizes(clinosim_us=20, clinosim_jp=0, carebundle=36, sekmet=12, overlaid=60)


@dataclass(frozen=True)
class Shot:
    """One firing of the hook for one patient."""

    source: str
    patient_id: str
    status: int
    seconds: float
    body: Any = field(repr=False)
    overlay: Overlay | None = None

    @property
    def decision(self) -> dict[str, Any]:
        """The Decision document of a 200 answer, {} for others."""
        extension = self.body.get("extension", {}) if self.status == 200 else {}
        return dict(extension.get(EXTENSION, {}))

    @property
    def faults(self) -> list[str]:
        """Departures from the protocol."""
        if self.status not in PLANNED:
            return [f"unplanned status {self.status}"]
        return response_faults(self.body) if self.status == 200 else outcome_faults(self.body)


@dataclass
class Run:
    """What a run gave."""

    sizes: Sizes
    as_of: date
    records: Sequence[SourceRecord] = ()
    plain: list[Shot] = field(default_factory=list)
    overlaid: list[Shot] = field(default_factory=list)
    stored: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    fhir_requests: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    prefetched: list[tuple[Shot, Shot]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def counts(self, *path: str) -> Counter[str]:
        """How often each value stands at ``path`` in the Decisions of the overlaid patients."""
        return Counter(
            str(value) for shot in self.overlaid for value in _values(shot.decision, path)
        )

    def verdicts(self) -> dict[str, Counter[str]]:
        """Drug class -> verdict -> patients."""
        table: dict[str, Counter[str]] = {}
        for shot in self.overlaid:
            for name, gate in shot.decision.get("gates", {}).items():
                table.setdefault(name, Counter())[gate["verdict"]] += 1
        return table

    def gaps(self) -> Counter[str]:
        """``what`` of a gap -> patients that have it."""
        return Counter(
            what
            for shot in self.overlaid
            for what in {gap["what"] for gap in shot.decision.get("gaps", ())}
        )

    def differing(self) -> list[str]:
        """Patients whose Decision with everything prefetched is another one."""
        return [
            first.patient_id
            for first, second in self.prefetched
            if first.decision != second.decision
        ]


def _values(value: Any, path: Sequence[str]) -> list[Any]:
    """What stands at ``path``; lists are entered; a member that is absent counts as "-"."""
    if not path:
        return value if isinstance(value, list) else [value]
    if isinstance(value, list):
        return [found for item in value for found in _values(item, path)]
    return _values(value[path[0]], path[1:]) if path[0] in value else ["-"]


def generate(folder: Path, sizes: Sizes, as_of: date) -> list[SourceRecord]:
    """Patients of all three generators; the slow ones run side by side.

    Raises ValueError when two of them use the same patient id.
    """
    week_ago, yesterday = as_of - timedelta(days=7), as_of - timedelta(days=1)
    with ThreadPoolExecutor(3) as pool:
        hospitals = [
            pool.submit(
                clinosim, folder, country=country, population=size, seed=sizes.seed, end=yesterday
            )
            for country, size in (("US", sizes.clinosim_us), ("JP", sizes.clinosim_jp))
            if size
        ]
        wards = pool.submit(sekmet, folder, count=sizes.sekmet, seed=sizes.seed, as_of=as_of)
        records = carebundle(count=sizes.carebundle, seed=sizes.seed, reference=week_ago)
        records += wards.result()
        for hospital in hospitals:
            records += hospital.result()
    if len({record.patient_id for record in records}) < len(records):
        raise ValueError("two patients with one id")
    return records


def fire(client: CdsClient, records: Iterable[tuple[SourceRecord, Overlay | None]]) -> list[Shot]:
    """The hook for each patient in turn, with only ``fhirServer``."""
    shots = []
    for record, laid in records:
        body = client.request_body(HOOK, record.patient_id, with_fhir=True)
        start = time.perf_counter()
        response = client.call(SERVICE, body)
        shots.append(
            Shot(
                record.source,
                record.patient_id,
                response.status_code,
                time.perf_counter() - start,
                response.json(),
                laid,
            )
        )
    return shots


def spread(records: Sequence[SourceRecord], limit: int) -> list[SourceRecord]:
    """At most ``limit`` of the records, taken from every source in turn."""
    queues: dict[str, list[SourceRecord]] = {}
    for record in records:
        queues.setdefault(record.source, []).append(record)
    chosen: list[SourceRecord] = []
    while len(chosen) < limit and any(queues.values()):
        for queue in queues.values():
            if queue and len(chosen) < limit:
                chosen.append(queue.pop(0))
    return chosen


def overlays(
    records: Sequence[SourceRecord], sizes: Sizes, as_of: date
) -> list[tuple[SourceRecord, Overlay]]:
    """Overlays for adults among ``records``, sources mixed."""
    adults = [record for record in records if record.age(as_of) >= ADULT]
    return [
        (record, overlay(record.patient_id, index=index, seed=sizes.seed, as_of=as_of))
        for index, record in enumerate(spread(adults, sizes.overlaid))
    ]


def fire_all(run: Run, server: FhirServer, client: CdsClient) -> None:
    """Stores the records, fires for every patient, lays the overlays over some, fires again."""
    clock = _Clock(run)
    stored_before, asked_before = server.stored, len(server.requests())
    server.store(resource for record in run.records for resource in record.resources)
    clock("storing")
    run.plain = fire(client, ((record, None) for record in run.records))
    clock("firing, patients as they came")
    laid = overlays(run.records, run.sizes, run.as_of)
    server.store(resource for _, made in laid for resource in made.resources)
    clock("storing overlays")
    run.overlaid = fire(client, laid)
    clock("firing, with overlay")
    run.stored, run.refused = server.stored - stored_before, server.refused
    asked = [request for request in server.requests()[asked_before:] if request[0] == "GET"]
    run.fhir_requests = Counter(kind for _, kind, _, _ in asked)
    run.pages = sum("_offset" in rest for _, _, rest, _ in asked)


def fire_prefetched(run: Run, client: CdsClient, limit: int) -> None:
    """Fires again for some overlaid patients, with every prefetch key resolved by the client."""
    templates = next(s for s in client.discover() if s["id"] == SERVICE)["prefetch"]
    for shot in run.overlaid[:limit]:
        prefetch = client.resolve(templates, {"patientId": shot.patient_id})
        body = client.request_body(HOOK, shot.patient_id, with_fhir=True)
        start = time.perf_counter()
        response = client.call(SERVICE, body | {"prefetch": prefetch})
        seconds = time.perf_counter() - start
        again = replace(shot, status=response.status_code, seconds=seconds, body=response.json())
        run.prefetched.append((shot, again))


def whole_run(folder: Path, sizes: Sizes, as_of: date) -> Run:
    """Everything, with files below ``folder``."""
    run = Run(sizes, as_of)
    clock = _Clock(run)
    run.records = generate(folder, sizes, as_of)
    clock("generating")
    with FhirServer(folder) as server, CdsServer(folder, as_of) as service:
        clock("starting both servers")
        client = CdsClient(service.base_url, server.base_url, server.token)
        fire_all(run, server, client)
        fire_prefetched(run, client, PREFETCHED)
    return run


class _Clock:
    def __init__(self, run: Run) -> None:
        self._run, self._last = run, time.perf_counter()

    def __call__(self, what: str) -> None:
        now = time.perf_counter()
        self._run.seconds[what] = now - self._last
        self._last = now
