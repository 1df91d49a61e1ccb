"""render(): a Decision becomes the CDS Hooks response in one language. Words come from files only.

Sources: CDS Hooks 2.0.1 [CDS Service Response]; cards.md (how a card reads).
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from fhir.resources.R4B.servicerequest import ServiceRequest
from jinja2 import Environment, StrictUndefined, Template, UndefinedError, meta

from ra_cds_hooks.cql_engine_lite import Evidence
from ra_cds_hooks.decision.catalogue import Content, Service
from ra_cds_hooks.decision.decide import CardDecision, Decision
from ra_cds_hooks.decision.values import to_json, without_empty
from ra_cds_hooks.errors import ContentError

# CDS Hooks 2.0.1: "summary ... SHOULD be less than 140 characters".
SUMMARY_LIMIT = 140
EVIDENCE_LINES = 5
OVERRIDE_SYSTEM = "urn:ra-cds-hooks:override-reasons"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:ra-cds-hooks:card")

_jinja = Environment(
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)
# Cards say what they are given; jinja would copy its functions into each of some 60 a request.
_jinja.globals.clear()
# Text of the record inside a card: no markup of its own, and not at length.
_jinja.filters["plain"] = lambda text: re.sub(r"[^\w\s.,;:%/+()-]", "", str(text))[:40]


def render(
    content: Content,
    decision: Decision,
    *,
    service: Service,
    language: str,
    hook_instance: str,
    with_extension: bool = True,
) -> dict[str, Any]:
    """The response body: ``cards`` in the service's order, and the Decision as an extension.

    ``language`` is a key of the cards' words ("en", "zh"). The same record state gives the same
    card ``key``; the uuid is drawn from key and ``hook_instance``, so that a repeated call is
    recognised. Raises ContentError when a template and the Decision do not fit together.
    """
    words = Words(content.words, language)
    rows = _EvidenceRows(decision, words)
    cards = []
    for card_id in service.cards:
        answer = decision.cards[card_id]
        if answer.shown is not False:
            cards += [
                _card(content, decision, one, words, rows.of(one.evidence), hook_instance)
                for one in answer.rows or (answer,)
            ]
    response: dict[str, Any] = {"cards": cards}
    if with_extension:
        response["extension"] = {content.extension_key: dict(decision.document)}
    return response


def _card(
    content: Content,
    decision: Decision,
    answer: CardDecision,
    words: Words,
    rows: list[dict[str, Any]],
    hook_instance: str,
) -> dict[str, Any]:
    card = answer.card
    known: dict[str, Any] = {
        "d": decision.document,
        "evidence": evidence_lines(rows),
        "version": content.version,
        "row": answer.row,
        "overridden": answer.overridden,
    }
    source = words.source(_say(card.source, {"w": words, **known}, f"card {card.id}").strip())
    say = Sayings(words, known | {"source_label": source["label"]})
    text = card.words[words.language]
    # A card whose condition is null is shown in its unknown form: unknown is not false.
    form = "" if answer.shown else "unknown_"
    where = f"card {card.id} ({words.language})"
    summary = " ".join(say.template(text[f"{form}summary"], where).split())
    detail = _tidy(say.template(text[f"{form}detail"], where))
    if answer.overridden:
        detail += f"\n\n{say('site_values', 'NOTE')}"
    key = _stable_key(content, decision, answer, rows)
    suggestions = [
        *_removal(answer, say, key, hook_instance),
        *_suggestions(decision, answer, words, key, hook_instance),
    ]
    body = {
        "uuid": _uuid(hook_instance, key),
        "summary": summary if len(summary) < SUMMARY_LIMIT else summary[: SUMMARY_LIMIT - 2] + "…",
        "detail": detail,
        "indicator": answer.indicator or "info",
        "source": source,
        "suggestions": suggestions,
        "links": [words.link(key_of_link) for key_of_link in answer.links],
        "overrideReasons": [
            {"system": OVERRIDE_SYSTEM, "code": code, "display": words("override", code)}
            for code in card.override_reasons
        ],
        "extension": {
            content.extension_key: without_empty(
                {"card": card.id, "key": key, "row": answer.row, "evidence": rows}
            )
        },
    }
    if suggestions:
        suggestions[0]["isRecommended"] = True
        body["selectionBehavior"] = card.selection_behavior
    return without_empty(body)


class Words:
    """The words of one language: ``w(group, code)`` gives the text, or raises ContentError.

    A code without words is an error rather than a blank: a card never drops a conclusion.
    """

    def __init__(self, words: Mapping[str, Any], language: str) -> None:
        self._words = words
        self.language = language

    def __call__(self, group: str, code: str) -> str:
        try:
            return str(self._words[group][code][self.language])
        except KeyError as error:
            raise ContentError(
                f"no {self.language} words for {group}.{code}: add them under decision/words"
            ) from error

    def has(self, group: str, code: str) -> bool:
        """Whether this code has words of its own (groups that speak only of some codes)."""
        return code in self._words.get(group, {})

    def codes(self, group: str) -> list[str]:
        """The codes of a group, in the order of the file."""
        return list(self._words.get(group, {}))

    def text(self, group: str, code: str, known: Mapping[str, Any]) -> str:
        """Words that are themselves a template, filled with ``known``."""
        return _say(self(group, code), {**known, "w": self}, f"words {group}.{code}").strip()

    def source(self, key: str) -> dict[str, Any]:
        """The card's ``source`` member: label in this language and url."""
        label = self("sources", key)
        return without_empty({"label": label, "url": self._words["sources"][key].get("url")})

    def link(self, key: str) -> dict[str, Any]:
        """One of the card's ``links``: an absolute address that holds nothing of the patient."""
        return {
            "label": self("links", key),
            "url": self._words["links"][key]["url"],
            "type": "absolute",
        }


class Sayings:
    """Templates with everything they may speak of: the Decision, words, evidence and phrases.

    In a template, ``say(group, code)`` fills the words of a code with the same variables, and each
    entry of the ``phrases`` words is a variable of that name, filled when a template speaks of it.
    """

    def __init__(self, words: Words, known: Mapping[str, Any]) -> None:
        self._known = {**known, "w": words, "say": self}
        self._words = words

    def __call__(self, group: str, code: str) -> str:
        return self.template(self._words(group, code), f"words {group}.{code}").strip()

    def template(self, source: str, where: str) -> str:
        """``source`` filled in; raises ContentError naming ``where`` when it cannot be."""
        for name in _variables(source):
            if name not in self._known and self._words.has("phrases", name):
                self._known[name] = self("phrases", name)
        return _say(source, self._known, where)


def evidence_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line per row of `_EvidenceRows` that has words, newest first: ``value unit (date)``.

    Only defines that have evidence words speak; the extension carries all rows.
    """
    spoken = [row for row in rows if "text" in row]
    # Reversed order of dates, then the order in which the rules read: stable within a day.
    spoken.sort(key=lambda row: str(row.get("date", "")), reverse=True)
    return [row["text"] for row in spoken[:EVIDENCE_LINES]]


def _line(item: Evidence, members: Mapping[str, Any], words: Words) -> str:
    known = {name: to_json(value) for name, value in item.values.items()} | dict(members)
    said = words.text("evidence", item.define, {"value": "", "unit": "", "text": "", **known})
    return f"{said} ({members['date']})" if members.get("date") else said


class _EvidenceRows:
    """Evidence as the cards show it; what several cards cite is put into words once."""

    def __init__(self, decision: Decision, words: Words) -> None:
        self._decision = decision
        self._words = words
        self._known: dict[int, dict[str, Any]] = {}  # by id: the decision holds each item

    def of(self, evidence: Iterable[Evidence]) -> list[dict[str, Any]]:
        """The rows: reference, define, date, value, unit and text, empty members left out."""
        rows = []
        for item in evidence:
            row = self._known.get(id(item))
            if row is None:
                row = self._known[id(item)] = self._row(item)
            rows.append(row)
        return rows

    def _row(self, item: Evidence) -> dict[str, Any]:
        members, words = self._decision.evidence_members(item), self._words
        text = _line(item, members, words) if words.has("evidence", item.define) else None
        row = {"reference": item.reference, "define": item.define, **members, "text": text}
        return without_empty(row)


def _removal(
    answer: CardDecision, say: Sayings, key: str, hook_instance: str
) -> list[dict[str, Any]]:
    """The suggestion to delete the draft that the row speaks of, where the row says so."""
    if answer.row is None or answer.row.get("remove") is not True:
        return []
    label = say("suggestion", "remove")
    action = {"type": "delete", "description": label, "resourceId": [answer.row["ref"]]}
    return [{"label": label, "uuid": _uuid(hook_instance, f"{key}:remove"), "actions": [action]}]


def _suggestions(
    decision: Decision, answer: CardDecision, words: Words, key: str, hook_instance: str
) -> list[dict[str, Any]]:
    """One suggestion per missing test: create a ServiceRequest draft. Never a drug (cards.md)."""
    suggestions = []
    for order in answer.orders:
        label = words("orders", order)
        request = ServiceRequest.model_validate(
            {
                "status": "draft",
                "intent": "proposal",
                "code": _codeable(decision.order_codes[order]),
                "subject": {"reference": decision.document["patient"]},
            }
        )
        suggestion: dict[str, Any] = {
            "label": label,
            "uuid": _uuid(hook_instance, f"{key}:{order}"),
            "actions": [
                {
                    "type": "create",
                    "description": label,
                    "resource": request.model_dump(mode="json", exclude_none=True),
                }
            ],
        }
        suggestions.append(suggestion)
    return suggestions


def _codeable(code: Mapping[str, Any]) -> Mapping[str, Any]:
    return code if "coding" in code else {"coding": [dict(code)]}


def _stable_key(
    content: Content,
    decision: Decision,
    answer: CardDecision,
    rows: Sequence[Mapping[str, Any]],
) -> str:
    """The same advice on the same state of the record has the same key (issue: alert fatigue).

    Dates that move by themselves (today) are not part of it; the evidence and the verdict are.
    """
    parts = [answer.card.id, str(answer.shown), str(answer.indicator), *answer.orders]
    draft = None if answer.row is None else answer.row["ref"]
    if answer.row is not None:
        parts.append(json.dumps(_without_draft(answer.row, draft), sort_keys=True))
    parts += [
        json.dumps(decision.document.get(member), sort_keys=True)
        for member in answer.card.speaks_of
    ]
    parts += [
        f"{'draft' if row['reference'] == draft else row['reference']}"
        f"|{sorted((k, row[k]) for k in content.evidence_elements if k in row)}"
        for row in rows
    ]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"{answer.card.id}-{digest[:16]}"


def _without_draft(member: Any, draft: Any) -> Any:
    """What is said, without the name of the draft and the day on which it was looked at.

    The same draft made again has another name: it is the same advice.
    """
    if isinstance(member, Mapping):
        own = ("ref", "date") if member.get("ref") == draft else ()
        return {
            name: _without_draft(value, draft)
            for name, value in member.items()
            if name not in own and name != "refs"
        }
    if isinstance(member, list):
        return [_without_draft(item, draft) for item in member]
    return member


def _uuid(hook_instance: str, key: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{hook_instance}/{key}"))


def _say(source: str, known: Mapping[str, Any], where: str) -> str:
    if "{" not in source:
        return source  # most words are no template
    try:
        return _template(source).render(known)
    except ContentError:
        raise
    except UndefinedError as error:  # its message names the missing member, never a value
        raise ContentError(f"{where}: {error}") from error
    except Exception as error:  # other messages could quote the record: only the kind is told
        raise ContentError(f"{where}: {type(error).__name__}") from error


@lru_cache(maxsize=4096)
def _template(source: str) -> Template:
    return _jinja.from_string(source)


@lru_cache(maxsize=4096)
def _variables(source: str) -> tuple[str, ...]:
    """The variables that a template speaks of."""
    return tuple(sorted(meta.find_undeclared_variables(_jinja.parse(source))))


def _tidy(text: str) -> str:
    """Markdown with single blank lines between its parts, as the templates' blocks come and go."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    kept = [
        line for i, line in enumerate(lines) if line or (i + 1 < len(lines) and lines[i + 1] != "")
    ]
    return "\n".join(kept)
