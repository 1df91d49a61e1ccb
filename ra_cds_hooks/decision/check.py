"""Is the content whole? What `ra-cds check` and the tests ask of cards, words, services and cases.

Source: architecture.md ("Adding a rule": defines exist, prefetch covers every retrieve, every card
has a firing and a non-firing case, both languages, a source).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateSyntaxError

from ra_cds_hooks.decision.catalogue import LANGUAGES, Content, Service

WORDS_OF_A_CARD = ("summary", "detail", "unknown_summary", "unknown_detail")
# Between these lines stands the front matter of a case.md, the hand-written expectation (TOML).
FENCE = "+++\n"
PREFETCH_KEYS_LIMIT = 10
PREFETCH_URL_LIMIT = 2048
_jinja = Environment(autoescape=False)


def problems(content: Content, fixtures: Path | None = None) -> list[str]:
    """Every shortcoming of the content as one sentence; an empty list means it is whole.

    ``fixtures`` is the folder of case folders; without it the cases are not looked at.
    """
    found = [*_cards(content), *_words(content.words)]
    for service in content.services.values():
        found += _prefetch(content, service)
    if fixtures is not None:
        found += _cases(content, fixtures)
    return found


def _cards(content: Content) -> Iterator[str]:
    known = content.program.define_names()
    for define in content.defines:
        if define not in known:
            yield f"define {define!r} is named by a card or member and is in no library"
    for card in content.cards.values():
        for language in LANGUAGES:
            for part in WORDS_OF_A_CARD:
                text = card.words[language].get(part)
                if not text:
                    yield f"card {card.id}: no {language} {part}"
                else:
                    yield from _syntax(f"card {card.id} ({language} {part})", text)
        if not card.source.strip():
            yield f"card {card.id}: no source"
        for member in card.speaks_of:
            if member not in content.members:
                yield f"card {card.id}: speaks of {member!r}, which is no member of the Decision"
        for code in card.override_reasons:
            if code not in content.words["override"]:
                yield f"card {card.id}: override reason {code!r} has no words"


def _words(words: Mapping[str, Any]) -> Iterator[str]:
    for group, entries in words.items():
        for code, entry in entries.items():
            for language in LANGUAGES:
                text = entry.get(language)
                if not text:
                    yield f"words {group}.{code}: no {language} text"
                else:
                    yield from _syntax(f"words {group}.{code} ({language})", text)


def _syntax(where: str, text: str) -> Iterator[str]:
    try:
        _jinja.parse(text)
    except TemplateSyntaxError as error:
        yield f"{where}: {error}"


def _prefetch(content: Content, service: Service) -> Iterator[str]:
    if len(service.prefetch) > PREFETCH_KEYS_LIMIT:
        yield f"service {service.id}: {len(service.prefetch)} prefetch keys, at most ten"
    covered = set()
    for name, key in service.prefetch.items():
        covered.add(re.split(r"[/?]", key.query, maxsplit=1)[0])
        if len(key.query) > PREFETCH_URL_LIMIT:
            yield f"service {service.id}: prefetch {name} is over 2 KB"
        if not key.scope or not key.without:
            yield f"service {service.id}: prefetch {name} names no scope or no cost of its refusal"
    missing = content.program.resource_types_read() - covered
    missing -= {*service.beyond_prefetch, *service.not_read}
    for resource_type in sorted(missing):
        yield f"service {service.id}: rules read {resource_type}, and nothing brings it"


def _cases(content: Content, fixtures: Path) -> Iterator[str]:
    shown: dict[str, set[Any]] = {card_id: set() for card_id in content.cards}
    for path in sorted(fixtures.glob("*/expected.json")):
        for card_id, answer in json.loads(path.read_text(encoding="utf-8"))["cards"].items():
            shown.setdefault(card_id, set()).add(answer)
    for path in sorted(fixtures.glob("*/case.md")):
        wanted = tomllib.loads(path.read_text(encoding="utf-8").split(FENCE)[1])
        for card_id in (*wanted.get("cards", ()), *wanted.get("cards_include", ())):
            shown.setdefault(card_id, set()).add(True)
        for card_id in content.cards if "cards" in wanted else ():
            shown[card_id].add(card_id in wanted["cards"])
        if "order" in wanted:
            # A draft that meets nothing shows no card of the order services, any other does.
            fires = wanted["order"].get("indicator") != "none"
            for card in content.cards.values():
                if card.each:
                    shown[card.id].add(fires)
    for card_id, answers in shown.items():
        if card_id not in content.cards:
            yield f"a case names the card {card_id!r}, which is in no file"
        if True not in answers:
            yield f"card {card_id}: no case in which it fires"
        if False not in answers:
            yield f"card {card_id}: no case in which it does not fire"
