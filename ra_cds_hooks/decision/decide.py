"""decide(): one patient's record at one moment becomes a Decision. Pure: no I/O, no clock.

Source: architecture.md ("One request, as a story", "The Decision document").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from ra_cds_hooks.cql_engine_lite import Evidence, Results
from ra_cds_hooks.decision.catalogue import Card, Content, Service
from ra_cds_hooks.decision.parameters import as_written
from ra_cds_hooks.decision.values import to_json, without_empty


class DataIssue(Protocol):
    """Something in the record that could not be read as sent; never carries the value itself."""

    @property
    def code(self) -> str: ...
    @property
    def reference(self) -> str: ...
    @property
    def detail(self) -> str: ...


class Drafts(Protocol):
    """References of the draft orders in a record, and how the client named them."""

    @property
    def references(self) -> Sequence[str]: ...
    @property
    def in_question(self) -> Sequence[str]: ...
    @property
    def signed(self) -> bool: ...
    def as_sent(self, value: Any) -> Any: ...


class Record(Protocol):
    """One patient's record: the engine's retriever, and what is known to be wrong with it."""

    @property
    def drafts(self) -> Drafts: ...

    @property
    def patient_id(self) -> str: ...
    @property
    def incomplete(self) -> frozenset[str]: ...
    @property
    def data_issues(self) -> Sequence[DataIssue]: ...
    def retrieve(self, resource_type: str) -> Sequence[Mapping[str, Any]]: ...


@dataclass(frozen=True)
class CardDecision:
    """One card's answer: true, false or null (unknown), with what it rests on.

    ``overridden`` names parameters with a value of the site's own that its rules may have read.
    ``orders`` are keys of the orders table, ``links`` of the links words; ``evidence`` is in the
    order of the card's defines.
    ``rows`` are the single cards of a card that repeats, each with its ``row`` (JSON).
    """

    card: Card
    shown: bool | None
    indicator: str | None
    orders: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    row: Mapping[str, Any] | None = None
    rows: tuple[CardDecision, ...] = ()
    overridden: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


class EvidenceMembers:
    """date, value and unit of an evidence row, as members.toml names their elements.

    Worked out once for each row, whoever cites it. What is given out is not to be changed.
    """

    def __init__(self, elements: Mapping[str, Sequence[str]]) -> None:
        self._elements = elements
        # With the row itself, so that its id is not used again.
        self._known: dict[int, tuple[Evidence, dict[str, Any]]] = {}

    def __call__(self, item: Evidence) -> dict[str, Any]:
        """The members of the row, empty ones left out."""
        known = self._known.get(id(item))
        if known is None:
            known = self._known[id(item)] = (item, self._members(item.values))
        return known[1]

    def _members(self, values: Mapping[str, Any]) -> dict[str, Any]:
        found = {
            part: next((v for name in names if (v := values.get(name)) is not None), None)
            for part, names in self._elements.items()
        }
        return without_empty({part: to_json(value) for part, value in found.items()})


@dataclass(frozen=True)
class Decision:
    """The Decision document (JSON-ready, empty members left out) and each card's answer."""

    document: Mapping[str, Any]
    cards: Mapping[str, CardDecision]
    order_codes: Mapping[str, Any]
    evidence_members: EvidenceMembers


def decide(
    content: Content, record: Record, as_of: datetime, service: Service | None = None
) -> Decision:
    """Evaluate the content once for ``record`` at ``as_of`` (timezone-aware).

    With ``service`` only what its cards and members need is evaluated. Raises the engine's
    EvaluationError when a define cannot be evaluated: an answer that could not be computed is an
    error, never an empty list of cards.
    """
    defines = content.defines_of(service) if service else content.defines
    results = _evaluate(content, record, as_of, defines)
    cited, evidence_members = _Cited(results, record), EvidenceMembers(content.evidence_elements)
    wanted = content.members_of(service)
    members = {name: to_json(results[define]) for name, define in wanted.items()}
    members["dataIssues"] = [*issues_of(record), *(members.get("dataIssues") or [])]
    document = {
        "patient": f"Patient/{record.patient_id}",
        "asOf": as_of.date().isoformat(),
        "contentVersion": content.version,
        **members,
        "incomplete": sorted(record.incomplete),
        "evidence": _evidence_rows(cited.by(wanted.values()), evidence_members),
    }
    if content.parameters:
        document["overriddenParameters"] = {
            name: as_written(value) for name, value in sorted(content.parameters.items())
        }
    orders = results[content.orders_define] or []
    return Decision(
        document=record.drafts.as_sent(without_empty(document)),
        cards={
            card.id: _card_decision(
                card, results, cited, record.drafts, _overridden(card, content, results)
            )
            for card in content.cards_of(service)
        },
        order_codes={row["key"]: to_json(row["code"]) for row in orders},
        evidence_members=evidence_members,
    )


def screened_out(content: Content, service: Service, drafts: Record, as_of: datetime) -> bool:
    """Whether the draft orders alone (``drafts``) show that they are none of this service's.

    False without a ``screen``, and where the screen cannot tell.
    """
    if service.screen is None:
        return False
    found = _evaluate(content, drafts, as_of, (service.screen,))[service.screen]
    return found is not None and not found


def issues_of(record: Record) -> list[dict[str, Any]]:
    """What could not be read as sent, JSON-ready: code, reference, detail."""
    rows = [
        without_empty({"code": i.code, "reference": i.reference, "detail": i.detail})
        for i in record.data_issues
    ]
    named: list[dict[str, Any]] = record.drafts.as_sent(rows)
    return named


def _evaluate(content: Content, record: Record, as_of: datetime, defines: Sequence[str]) -> Results:
    parameters = dict(content.parameters)
    parameters[content.incomplete_data_parameter] = sorted(record.incomplete)
    if record.drafts.references:
        parameters[content.draft_orders_parameter] = list(record.drafts.references)
        parameters[content.orders_in_question_parameter] = list(record.drafts.in_question)
        parameters[content.orders_are_signed_parameter] = record.drafts.signed
    return content.program.evaluate(
        record, content.terminology, parameters, as_of=as_of, defines=defines
    )


def _overridden(card: Card, content: Content, results: Results) -> tuple[str, ...]:
    """Parameters with a value of the site's own that the card's rules may have read."""
    if not content.parameters:
        return ()
    defines = {card.when, *card.evidence, *(content.members[name] for name in card.speaks_of)}
    read = frozenset().union(*(results.parameters_read(define) for define in defines))
    return tuple(sorted(read.intersection(content.parameters)))


class _Cited:
    """The evidence, as far as the record holds it under a name of its own.

    A contained resource has none: the one that contains it is evidence, and is named.
    """

    def __init__(self, results: Results, record: Record) -> None:
        self._results = results
        self._record = record
        self._ids: dict[str, frozenset[str]] = {}

    def by(self, defines: Iterable[str]) -> tuple[Evidence, ...]:
        """The evidence of the defines, each row once."""
        found = self._results.evidence(*defines)
        return tuple(item for item in found if self._has(item.reference))

    def _has(self, reference: str) -> bool:
        kind, _, identity = reference.partition("/")
        ids = self._ids.get(kind)
        if ids is None:
            ids = self._ids[kind] = frozenset(r["id"] for r in self._record.retrieve(kind))
        return identity in ids


def _card_decision(
    card: Card, results: Results, cited: _Cited, drafts: Drafts, overridden: tuple[str, ...]
) -> CardDecision:
    if card.indicator is None:
        return replace(_repeated(card, results, cited, drafts, overridden), overridden=overridden)
    return CardDecision(
        card=card,
        shown=results[card.when],
        indicator=results[card.indicator],
        orders=tuple(results[card.orders] or ()) if card.orders else (),
        evidence=cited.by(card.evidence),
        overridden=overridden,
        links=tuple(results[card.links] or ()) if card.links else (),
    )


def _repeated(
    card: Card, results: Results, cited: _Cited, drafts: Drafts, overridden: tuple[str, ...]
) -> CardDecision:
    """A card for each row; a list that could not be computed is the card in its unknown form."""
    listed = results[card.when]
    evidence = cited.by(card.evidence)
    rows = []
    for found in listed or ():
        refs = set(found["refs"] or ())
        rows.append(
            CardDecision(
                card=card,
                shown=True,
                indicator=found["indicator"],
                orders=tuple(found["orders"] or ()),
                evidence=tuple(
                    replace(item, reference=drafts.as_sent(item.reference))
                    for item in evidence
                    if item.reference in refs
                ),
                row=drafts.as_sent(to_json(found)),
                overridden=overridden,
            )
        )
    shown = None if listed is None else bool(rows)
    # What cannot be computed about an order is worth a warning, not a remark.
    indicator = "warning" if shown is None else None
    return CardDecision(card, shown, indicator, (), (), rows=tuple(rows))


def _evidence_rows(
    evidence: Iterable[Evidence], evidence_members: EvidenceMembers
) -> list[dict[str, Any]]:
    """Every resource that decided a member: reference, date, value, and the define it served."""
    found = sorted(evidence, key=lambda item: (item.reference, item.define))
    return [
        {
            "reference": item.reference,
            **evidence_members(item),
            "role": item.define,
        }
        for item in found
    ]
