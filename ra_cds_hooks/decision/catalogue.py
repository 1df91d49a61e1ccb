"""Everything a deployment says in data, loaded once: ELM, value sets, services, cards and words.

The catalogue is the seam between the clinical content and the code: Python reads which define
becomes which member of the Decision document, and never knows what a define means.

Source: architecture.md ("Logic in CQL, words in card files"), CDS Hooks 2.0.1 [Discovery].
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ra_cds_hooks.cql_engine_lite import Program, Terminology, ValueSets, load
from ra_cds_hooks.errors import ContentError

HERE = Path(__file__).parent
LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class PrefetchKey:
    """One prefetch template: the FHIR query, the SMART scope it needs, and what its refusal costs.

    ``required`` groups keys of which at least one must be answered (``"patient"``, ``"data"``);
    an empty string marks a key that only narrows the advice.
    """

    query: str
    scope: str
    without: str
    required: str = ""


@dataclass(frozen=True)
class Service:
    """One CDS Hooks service as discovery shows it, and the ordered ids of its cards.

    ``beyond_prefetch`` maps a resource type that no key brings to what the advice loses without
    it; it is asked of the FHIR server when one is given, and counts as not obtained otherwise.
    """

    id: str
    hook: str
    title: str
    description: str
    usage_requirements: str
    prefetch: Mapping[str, PrefetchKey]
    cards: tuple[str, ...]
    beyond_prefetch: Mapping[str, str]


@dataclass(frozen=True)
class Card:
    """One card: the define that shows it, and its words in each language (Jinja2 sources).

    ``when``, ``indicator``, ``orders`` and ``evidence`` name CQL defines of RARecommendations.
    ``source`` is a Jinja2 source that gives a key of the ``sources`` words; ``speaks_of`` names the
    Decision members that the card is about (with the evidence they make its stable key).
    """

    id: str
    when: str
    indicator: str
    source: str
    orders: str | None
    evidence: tuple[str, ...]
    speaks_of: tuple[str, ...]
    selection_behavior: str
    override_reasons: tuple[str, ...]
    words: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Content:
    """The loaded clinical content. Immutable, shared by all requests and threads."""

    program: Program
    terminology: Terminology
    services: Mapping[str, Service]
    cards: Mapping[str, Card]
    words: Mapping[str, Any]
    members: Mapping[str, str]
    orders_define: str
    evidence_elements: Mapping[str, tuple[str, ...]]
    incomplete_data_parameter: str
    parameters: Mapping[str, Any]
    version: str
    extension_key: str
    defines: tuple[str, ...]


def load_content(content_dir: Path, parameters: Mapping[str, Any] | None = None) -> Content:
    """Load ELM and value sets from ``content_dir`` (the ``cql`` folder), cards and words from here.

    ``parameters`` maps ``"Library.Parameter Name"`` to a CQL value and overrides the defaults.
    Raises ContentError when a file is missing or malformed, and the engine's load errors.
    """
    elm_files = sorted(p for p in (content_dir / "elm").glob("*.json") if p.name != "manifest.json")
    if not elm_files:
        raise ContentError(
            f"no ELM found under {content_dir / 'elm'}: run `make elm`, or set RA_CDS_CONTENT_DIR "
            "to the cql folder of an installation"
        )
    program = load(orjson.loads(path.read_bytes()) for path in elm_files)
    terminology = program.bind(ValueSets.from_directory(content_dir / "valuesets"))
    layout = _read(HERE / "members.toml")
    cards = {card.id: card for card in map(_card, sorted((HERE / "cards").glob("*.toml")))}
    services = {s.id: s for s in map(_service, sorted((HERE / "services").glob("*.toml")))}
    words = _merge(_read(path) for path in sorted((HERE / "words").glob("*.toml")))
    for service in services.values():
        for card_id in service.cards:
            if card_id not in cards:
                raise ContentError(f"service {service.id} names the card {card_id!r}: no such file")
    members: dict[str, str] = layout["members"]
    defines = dict.fromkeys(members.values())
    for card in cards.values():
        names = (card.when, card.indicator, *card.evidence)
        defines.update(dict.fromkeys((*names, card.orders) if card.orders else names))
    defines[layout["orders"]] = None
    return Content(
        program=program,
        terminology=terminology,
        services=services,
        cards=cards,
        words=words,
        members=members,
        orders_define=layout["orders"],
        evidence_elements={part: tuple(names) for part, names in layout["evidence"].items()},
        incomplete_data_parameter=layout["incomplete_data_parameter"],
        parameters=dict(parameters or {}),
        version=f"{layout['content_version']}+{_fingerprint(content_dir)}",
        extension_key=layout["extension_key"],
        defines=tuple(defines),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ContentError(f"{path.name}: {error}; reinstall, or correct the file") from error


def _card(path: Path) -> Card:
    raw = _read(path)
    try:
        return Card(
            id=raw["id"],
            when=raw["when"],
            indicator=raw["indicator"],
            source=raw["source"],
            orders=raw.get("orders"),
            evidence=tuple(raw["evidence"]),
            speaks_of=tuple(raw["speaks_of"]),
            selection_behavior=raw.get("selection_behavior", "any"),
            override_reasons=tuple(raw["override_reasons"]),
            words={language: raw[language] for language in LANGUAGES},
        )
    except KeyError as error:
        raise ContentError(f"cards/{path.name}: {error} is missing") from error


def _service(path: Path) -> Service:
    raw = _read(path)
    try:
        return Service(
            id=raw["id"],
            hook=raw["hook"],
            title=raw["title"],
            description=raw["description"],
            usage_requirements=raw["usage_requirements"],
            prefetch={name: PrefetchKey(**key) for name, key in raw["prefetch"].items()},
            cards=tuple(raw["cards"]),
            beyond_prefetch=raw.get("beyond_prefetch", {}),
        )
    except (KeyError, TypeError) as error:
        raise ContentError(f"services/{path.name}: {error}") from error


def _merge(tables: Iterable[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for table in tables:
        for group, entries in table.items():
            merged.setdefault(group, {}).update(entries)
    return merged


def _fingerprint(content_dir: Path) -> str:
    """Eight hex digits over every content file, so that two contents never share a version."""
    digest = hashlib.sha256()
    files = [
        *sorted((content_dir / "elm").glob("*.json")),
        *sorted((content_dir / "valuesets").glob("*.json")),
        *sorted(HERE.rglob("*.toml")),
    ]
    for path in files:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
