"""decide(): one patient's record at one moment becomes a Decision. Pure: no I/O, no clock.

Source: architecture.md ("One request, as a story", "The Decision document").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ra_cds_hooks.cql_engine_lite import Evidence, Results
from ra_cds_hooks.decision.catalogue import Card, Content
from ra_cds_hooks.decision.values import to_json, without_empty


class DataIssue(Protocol):
    """Something in the record that could not be read as sent; never carries the value itself."""

    @property
    def code(self) -> str: ...
    @property
    def reference(self) -> str: ...
    @property
    def detail(self) -> str: ...


class Record(Protocol):
    """One patient's record: the engine's retriever, and what is known to be wrong with it."""

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

    ``orders`` are keys of the orders table; ``evidence`` is in the order of the card's defines.
    """

    card: Card
    shown: bool | None
    indicator: str | None
    orders: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Decision:
    """The Decision document (JSON-ready, empty members left out) and each card's answer."""

    document: Mapping[str, Any]
    cards: Mapping[str, CardDecision]
    order_codes: Mapping[str, Any]


def decide(content: Content, record: Record, as_of: datetime) -> Decision:
    """Evaluate the content once for ``record`` at ``as_of`` (timezone-aware).

    Raises the engine's EvaluationError when a define cannot be evaluated: an answer that could
    not be computed is an error, never an empty list of cards.
    """
    parameters = dict(content.parameters)
    parameters[content.incomplete_data_parameter] = sorted(record.incomplete)
    results = content.program.evaluate(
        record, content.terminology, parameters, as_of=as_of, defines=content.defines
    )
    members = {name: to_json(results[define]) for name, define in content.members.items()}
    issues = [
        without_empty({"code": i.code, "reference": i.reference, "detail": i.detail})
        for i in record.data_issues
    ]
    members["dataIssues"] = [*issues, *(members.get("dataIssues") or [])]
    document = {
        "patient": f"Patient/{record.patient_id}",
        "asOf": as_of.date().isoformat(),
        "contentVersion": content.version,
        **members,
        "incomplete": sorted(record.incomplete),
        "evidence": _evidence_rows(results, content),
    }
    orders = results[content.orders_define] or []
    return Decision(
        document=without_empty(document),
        cards={card.id: _card_decision(card, results) for card in content.cards.values()},
        order_codes={row["key"]: to_json(row["code"]) for row in orders},
    )


def _card_decision(card: Card, results: Results) -> CardDecision:
    return CardDecision(
        card=card,
        shown=results[card.when],
        indicator=results[card.indicator],
        orders=tuple(results[card.orders] or ()) if card.orders else (),
        evidence=_distinct(item for define in card.evidence for item in results.evidence(define)),
    )


def _distinct(items: Iterable[Evidence]) -> tuple[Evidence, ...]:
    seen: dict[tuple[str, str], Evidence] = {}
    for item in items:
        seen.setdefault((item.reference, item.define), item)
    return tuple(seen.values())


def _evidence_rows(results: Results, content: Content) -> list[dict[str, Any]]:
    """Every resource that decided a member: reference, date, value, and the define it served."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for define in content.members.values():
        for item in results.evidence(define):
            key = (item.reference, item.define)
            if key not in rows:
                rows[key] = {
                    "reference": item.reference,
                    **evidence_members(item, content),
                    "role": item.define,
                }
    return [rows[key] for key in sorted(rows)]


def evidence_members(item: Evidence, content: Content) -> dict[str, Any]:
    """date, value and unit of an evidence row, as members.toml names their elements."""
    found = {
        part: next((v for name in names if (v := item.values.get(name)) is not None), None)
        for part, names in content.evidence_elements.items()
    }
    return without_empty({part: to_json(value) for part, value in found.items()})
