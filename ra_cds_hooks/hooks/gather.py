"""From a request to one patient's record: the prefetch first, then only what is missing.

For each key absent, null, failed and cut short are four different things; what is not obtained,
or not completely, is named in the record and never read as absence.

Sources: cds-hooks.md [Prefetch]; CDS Hooks 2.0.1 (412 Precondition Failed); clinical-spec.md 8.16.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ra_cds_hooks.errors import NeededDataUnavailable
from ra_cds_hooks.fhir.client import Answer, Budget, Failure, FhirClient, Server, next_link
from ra_cds_hooks.fhir.record import DataIssue, Entry, PatientRecord, Reading
from ra_cds_hooks.fhir.references import ID, reference_of
from ra_cds_hooks.hooks.drafts import DraftOrders
from ra_cds_hooks.hooks.models import HookRequest
from ra_cds_hooks.hooks.obtained import Obtained, read_document
from ra_cds_hooks.hooks.prefetch import Query, ServiceDefinition, fill
from ra_cds_hooks.hooks.trust import Reach, may_call, reach

# Resource types that a FHIR R4 server finds by another search parameter than ``patient``.
PATIENT_SEARCH = {"AdverseEvent": "subject=Patient/"}
# Drugs referenced in one record; a record with more is unlikely to be one patient's.
MAX_MEDICATION_READS = 50
NO_ORDERS = DraftOrders()
MEDICATION = Query("", "Medication")
Servers = tuple[str, ...] | None
Trace = Mapping[str, str]
NO_TRACE: Trace = {}


Pending = concurrent.futures.Future[Answer]


class Gatherer:
    """Gathers records; one per process, safe from several threads."""

    def __init__(
        self,
        reading: Reading,
        client: FhirClient,
        *,
        allowed_servers: tuple[str, ...] = (),
        loopback: bool = True,
        enough_seconds: float = 0.4,
        parallel_reads: int = 12,
    ) -> None:
        self._reading = reading
        self._client = client
        self._allowed = allowed_servers
        self._loopback = loopback
        self._enough_seconds = enough_seconds
        self._pool = concurrent.futures.ThreadPoolExecutor(parallel_reads, "fhir-read")

    def close(self) -> None:
        """Stops taking work and releases the connections."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def drafts_alone(
        self,
        request: HookRequest,
        orders: DraftOrders,
        budget: Budget,
        servers: Servers = None,
        trace: Trace = NO_TRACE,
    ) -> PatientRecord:
        """A record of the draft orders and the Medication resources they name, nothing else.

        Raises NeededDataUnavailable (412) when none of those asked about is this patient's.
        """
        access = self._access(request, servers, trace)
        entries = [*orders.entries, *self._medications(orders.entries, access, budget).entries]
        record = PatientRecord.read(
            request.context.patientId,
            entries,
            self._reading,
            issues=orders.issues,
            bases=[access.base] if access.base else [],
            drafts=orders.drafts,
        )
        asked = orders.drafts.in_question
        if asked and not any(record.holds(reference) for reference in asked):
            raise NeededDataUnavailable(
                "No order to check: none of the draft orders says that it is for the patient of "
                "context.patientId.",
                field="context.draftOrders",
            )
        return record

    def gather(
        self,
        service: ServiceDefinition,
        request: HookRequest,
        budget: Budget,
        orders: DraftOrders = NO_ORDERS,
        servers: Servers = None,
        trace: Trace = NO_TRACE,
    ) -> PatientRecord:
        """The record of ``request``'s patient, obtained within ``budget``, with ``orders`` in it.

        ``servers`` are those that the caller may name, None: those of the settings; ``trace`` are
        headers for them. Raises NeededDataUnavailable (412) when every key of a needed group failed
        (not for a service that answers when its FHIR server fails).
        """
        access = self._access(request, servers, trace)
        queries = {
            key: fill(definition.query, request.context)
            for key, definition in service.prefetch.items()
        }
        # What rules read and no key covers can only come from the server.
        covered = {query.resource_type for query in queries.values()} | {"Medication"}
        covered.update(service.not_read)
        others = {
            kind: fill(_search_by_patient(kind), request.context)
            for kind in sorted(self._reading.checks.resource_types - covered)
        }
        asked = {**queries, **others}
        # A client without a server may send those too, each under the name of its resource type.
        sent = {key: _sent(key, asked[key], request.prefetch) for key in asked}
        if _is_enough(service, sent):
            budget.shorten(self._enough_seconds)
        calls = {
            key: self._call(asked[key], sent.get(key), access, budget)
            for key in asked
            if _is_open(sent.get(key))
        }
        got = {
            key: _outcome(query, sent.get(key), calls.get(key), access, budget)
            for key, query in asked.items()
        }
        got = {
            key: _own_patient(key, asked[key], value, request.context.patientId)
            for key, value in got.items()
        }
        _require(service, got)
        entries = [
            Entry(entry.resource, entry.full_url, key)
            for key, value in got.items()
            for entry in value.entries
        ]
        entries += orders.entries
        drugs = self._medications(entries, access, budget)
        entries += drugs.entries
        asked["Medication"], got["Medication"] = MEDICATION, drugs
        gaps = {key: value.why for key, value in got.items() if value.why is not None}
        return PatientRecord.read(
            request.context.patientId,
            entries,
            self._reading,
            incomplete={asked[key].resource_type for key in gaps},
            issues=[
                *orders.issues,
                *(DataIssue("DATA_INCOMPLETE", "", f"{key}: {why}") for key, why in gaps.items()),
            ],
            bases=[access.base] if access.base else [],
            drafts=orders.drafts,
        )

    def _access(self, request: HookRequest, servers: Servers, trace: Trace) -> _Access:
        base = request.fhirServer
        listed = self._allowed if servers is None else servers
        may = base is not None and may_call(base, listed, loopback=self._loopback)
        return _Access(request, base, may, trace)

    def _call(
        self, query: Query, sent: _Sent | None, access: _Access, budget: Budget
    ) -> Pending | str:
        """A call under way, or in words why there is none."""
        why = access.refusal(query)
        if why is not None:
            return why
        server = access.server()
        if sent is not None and sent.next_page is not None:
            return self._pool.submit(self._client.pages, server, sent.next_page, budget)
        call: Callable[[Server, str, Budget], Answer] = (
            self._client.read if query.is_read else self._client.search
        )
        return self._pool.submit(call, server, query.text, budget)

    def _medications(self, entries: Iterable[Entry], access: _Access, budget: Budget) -> Obtained:
        """Medication resources that are referenced and neither sent nor contained.

        Where none can be asked for, a drug goes by the text beside its reference; where a read
        failed, that is a gap of its own.
        """
        listed = list(entries)
        present = {
            f"Medication/{e.resource.get('id')}"
            for e in listed
            if isinstance(e.resource, dict) and e.resource.get("resourceType") == "Medication"
        }
        wanted = sorted(
            {r for e in listed if (r := _medication(e.resource, access.base))} - present
        )
        if not wanted or access.refusal(MEDICATION) is not None:
            return Obtained()
        calls = [
            self._pool.submit(self._client.read, access.server(), reference, budget)
            for reference in wanted[:MAX_MEDICATION_READS]
        ]
        answers = [_within(call, budget) for call in calls]
        why = [f"FHIR server: {answer.failure}" for answer in answers if answer.failure is not None]
        if len(wanted) > len(calls):
            why.append("more Medication resources are referenced than are read")
        found = tuple(Entry(document) for answer in answers for document in answer.documents)
        return Obtained(found, why="; ".join(dict.fromkeys(why)) or None)


def _search_by_patient(kind: str) -> str:
    parameter = PATIENT_SEARCH.get(kind, "patient=")
    return f"{kind}?{parameter}{{{{context.patientId}}}}&_count=500"


@dataclass(frozen=True)
class _Access:
    request: HookRequest
    base: str | None
    allowed: bool
    trace: Trace

    def refusal(self, query: Query) -> str | None:
        """Why the server cannot be asked, None when it can."""
        if self.base is None:
            return "no fhirServer to ask"
        if not self.allowed:
            return "fhirServer is not on the list of allowed servers"
        if self._reach(query) is Reach.NONE:
            return f"the token's scope does not reach {query.resource_type}"
        return None

    def narrowing(self, query: Query) -> str | None:
        """Why what the server gives may not be all, None when it is."""
        if self._reach(query) is Reach.PART:
            return f"the token's scope reaches only a part of {query.resource_type}"
        return None

    def _reach(self, query: Query) -> Reach:
        authorization = self.request.fhirAuthorization
        scope = authorization.scope if authorization else None
        return reach(scope, query.resource_type, search=not query.is_read)

    def server(self) -> Server:
        authorization = self.request.fhirAuthorization
        token = authorization.access_token if authorization else None
        return Server(self.base or "", token, self.trace)


@dataclass(frozen=True)
class _Sent:
    """What the prefetch held for one key, and the page that is still to be fetched, if any."""

    obtained: Obtained
    next_page: str | None = None


def _outcome(
    query: Query, sent: _Sent | None, call: Pending | str | None, access: _Access, budget: Budget
) -> Obtained:
    """What a key gave in the end: what was sent, and what the server added to it."""
    before = sent.obtained if sent is not None else Obtained(obtained=False)
    if call is None:
        return before
    if isinstance(call, str):
        state = "not sent" if sent is None else before.why or "only the first page was sent"
        return Obtained(before.entries, before.obtained, f"{state}; {call}")
    answer = _within(call, budget)
    entries = [*before.entries]
    problems = [before.why, access.narrowing(query)]
    if answer.failure is not None:
        problems.append(f"FHIR server: {answer.failure}")
    several = sent is not None or len(answer.documents) > 1
    for document in answer.documents:
        page = read_document(document, query, is_page=several)
        entries.extend(page.entries)
        problems.append(page.why)
    obtained = before.obtained or bool(answer.documents)
    why = "; ".join(dict.fromkeys(problem for problem in problems if problem))
    return Obtained(tuple(entries), obtained, why or None, answer.failure is not None)


def _is_open(sent: _Sent | None) -> bool:
    return sent is None or sent.next_page is not None


def _sent(key: str, query: Query, prefetch: Mapping[str, dict[str, Any] | None]) -> _Sent | None:
    """None when the key is absent: the client did not fetch it."""
    if key not in prefetch:
        return None
    value = prefetch[key]
    if value is None:
        if query.is_read:
            return _Sent(Obtained(obtained=False, why="the client found nothing"))
        return _Sent(Obtained())
    page = next_link(value) if value.get("resourceType") == "Bundle" else None
    return _Sent(read_document(value, query, is_page=page is not None), page)


def _own_patient(key: str, query: Query, got: Obtained, patient_id: str) -> Obtained:
    """A read of the patient counts as obtained only when it is the patient of the context."""
    if not (query.is_read and query.resource_type == "Patient" and got.obtained):
        return got
    own = tuple(
        e
        for e in got.entries
        if isinstance(e.resource, dict) and e.resource.get("id") == patient_id
    )
    if own:
        return Obtained(own, why=got.why)
    return Obtained(obtained=False, why="not the patient of context.patientId")


def _is_enough(service: ServiceDefinition, sent: Mapping[str, _Sent | None]) -> bool:
    """Whether the prefetch alone holds a key of every needed group."""
    groups: dict[str, bool] = {}
    for key, definition in service.prefetch.items():
        if definition.required:
            found = sent.get(key)
            has = found is not None and found.obtained.obtained
            groups[definition.required] = groups.get(definition.required, False) or has
    return all(groups.values())


def _require(service: ServiceDefinition, got: Mapping[str, Obtained]) -> None:
    groups: dict[str, list[str]] = {}
    for key, definition in service.prefetch.items():
        if definition.required:
            groups.setdefault(definition.required, []).append(key)
    for group, keys in groups.items():
        if service.answers_when_unreachable and any(got[key].unreachable for key in keys):
            continue
        if not any(got[key].obtained for key in keys):
            reasons = "; ".join(f"{key}: {got[key].why or 'not sent'}" for key in keys)
            raise NeededDataUnavailable(
                f"No advice is possible without {group} data ({reasons}). Send it as prefetch, "
                "or name a FHIR server that this service may call.",
                field=f"prefetch.{keys[0]}",
            )


def _within(call: Pending, budget: Budget) -> Answer:
    try:
        return call.result(timeout=budget.remaining())
    except concurrent.futures.TimeoutError:
        call.cancel()
        return Answer(failure=Failure.BUDGET)


def _medication(resource: Any, base: str | None) -> str | None:
    """``Medication/id`` when the resource points to a separate Medication on the same server."""
    if not isinstance(resource, dict):
        return None
    literal = reference_of(resource.get("medicationReference")) or ""
    relative = literal.removeprefix(f"{base}/").partition("/_history/")[0]
    kind, _, id_ = relative.partition("/")
    return relative if kind == "Medication" and ID.fullmatch(id_) else None
