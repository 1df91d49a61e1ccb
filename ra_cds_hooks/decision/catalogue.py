"""Everything a deployment says in data, loaded once: ELM, value sets, services, cards and words.

The catalogue is the seam between the clinical content and the code: Python reads which define
becomes which member of the Decision document, and never knows what a define means.

Source: architecture.md ("Logic in CQL, words in card files"), CDS Hooks 2.0.1 [Discovery].
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ra_cds_hooks.cql_engine_lite import (
    BoundTerminology,
    CqlEngineError,
    Program,
    ValueSets,
    load,
)
from ra_cds_hooks.decision.parameters import as_cql
from ra_cds_hooks.errors import ConfigurationError, ContentError

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
    ``not_read`` are resource types that only the rules of other services read.
    ``members`` are the Decision members it computes (None: all). ``screen`` is a define evaluated
    on the draft orders alone: where it is empty, nothing is gathered and no card is shown.
    ``answers_when_unreachable``: a FHIR server that fails costs checks, never the answer.
    ``quiet_after_override``: a card overridden with a reason may stay away for a while.
    """

    id: str
    hook: str
    title: str
    description: str
    usage_requirements: str
    prefetch: Mapping[str, PrefetchKey]
    cards: tuple[str, ...]
    beyond_prefetch: Mapping[str, str]
    not_read: tuple[str, ...] = ()
    members: tuple[str, ...] | None = None
    screen: str | None = None
    answers_when_unreachable: bool = False
    quiet_after_override: bool = False


@dataclass(frozen=True)
class Card:
    """One card: the define that shows it, and its words in each language (Jinja2 sources).

    ``when``, ``indicator``, ``orders``, ``links`` and ``evidence`` name CQL defines of
    RARecommendations; ``links`` gives keys of the ``links`` words.
    ``each`` takes the place of the first three: a define with a list of rows, one card a row. A row
    says its ``indicator``, ``orders``, the ``refs`` it rests on, the draft's ``ref``, and whether
    to ``remove`` it; in the words it is the variable ``row``.
    ``source`` is a Jinja2 source that gives a key of the ``sources`` words; ``speaks_of`` names the
    Decision members that the card is about (with the evidence they make its stable key).
    """

    id: str
    when: str
    indicator: str | None
    each: bool
    source: str
    orders: str | None
    links: str | None
    evidence: tuple[str, ...]
    speaks_of: tuple[str, ...]
    selection_behavior: str
    override_reasons: tuple[str, ...]
    words: Mapping[str, Mapping[str, str]]

    @property
    def defines(self) -> tuple[str, ...]:
        """Every define that this card needs, each once."""
        named = (self.when, self.indicator, *self.evidence, self.orders, self.links)
        return tuple(dict.fromkeys(name for name in named if name is not None))


@dataclass(frozen=True)
class Content:
    """The loaded clinical content. Immutable, shared by all requests and threads."""

    program: Program
    terminology: BoundTerminology
    services: Mapping[str, Service]
    cards: Mapping[str, Card]
    words: Mapping[str, Any]
    members: Mapping[str, str]
    orders_define: str
    evidence_elements: Mapping[str, tuple[str, ...]]
    incomplete_data_parameter: str
    draft_orders_parameter: str
    orders_in_question_parameter: str
    orders_are_signed_parameter: str
    parameter_words: Mapping[str, Sequence[str]]
    parameters: Mapping[str, Any]
    version: str
    extension_key: str
    defines: tuple[str, ...]

    def codes_known(self) -> frozenset[tuple[str | None, str]]:
        """Every (system, code) of any value set that the rules name."""
        return frozenset().union(*self.terminology.expansions)

    def cards_of(self, service: Service | None) -> list[Card]:
        """The cards of a service in its order; all cards without one."""
        return [self.cards[i] for i in service.cards] if service else list(self.cards.values())

    def members_of(self, service: Service | None) -> Mapping[str, str]:
        """The Decision members that a service computes, by name; all without one."""
        if service is None or service.members is None:
            return self.members
        return {name: self.members[name] for name in service.members}

    def defines_of(self, service: Service | None) -> tuple[str, ...]:
        """The defines that a service evaluates, and no others; all without one."""
        needed = dict.fromkeys(self.members_of(service).values())
        for card in self.cards_of(service):
            needed |= dict.fromkeys(card.defines)
        needed[self.orders_define] = None
        return tuple(needed)


def _cause(error: Exception, content_dir: Path) -> str:
    """What is wrong, and with which file where it is no JSON: that has no library to name."""
    for path in (*content_dir.glob("elm/*.json"), *content_dir.glob("valuesets/*.json")):
        try:
            orjson.loads(path.read_bytes())
        except (OSError, ValueError) as fault:
            return f"{path.relative_to(content_dir)}: {fault}"
    return str(error)


def load_content(
    content_dir: Path,
    parameters: Mapping[str, Any] | None = None,
    cache_dir: Path | None = None,
) -> Content:
    """Load ELM and value sets from ``content_dir`` (the ``cql`` folder), cards and words from here.

    ``parameters`` maps ``"Library.Parameter Name"`` to a value (see `decision.parameters`) and
    overrides the defaults. ``cache_dir`` keeps the compiled program for the next start.

    Raises ConfigurationError for a parameter that does not fit, ContentError when a file is missing
    or malformed, and the engine's load errors.
    """
    elm_files = sorted(p for p in (content_dir / "elm").glob("*.json") if p.name != "manifest.json")
    if not elm_files:
        raise ContentError(
            f"no ELM found under {content_dir / 'elm'}: run `make elm`, or set RA_CDS_CONTENT_DIR "
            "to the cql folder of an installation"
        )
    try:
        texts = [path.read_bytes() for path in elm_files]
        program = load(texts, cache=cache_dir, parse=orjson.loads)
        terminology = program.bind(ValueSets.from_directory(content_dir / "valuesets"))
    except (CqlEngineError, OSError, ValueError) as error:  # of content, not of a patient: in full
        cause = _cause(error, content_dir)
        raise ContentError(f"the content in {content_dir} is not whole: {cause}") from error
    layout = _read(HERE / "members.toml")
    cards = {card.id: card for card in map(_card, sorted((HERE / "cards").glob("*.toml")))}
    services = {s.id: s for s in map(_service, sorted((HERE / "services").glob("*.toml")))}
    words = _merge(_read(path) for path in sorted((HERE / "words").glob("*.toml")))
    for service in services.values():
        for card_id in service.cards:
            if card_id not in cards:
                raise ContentError(f"service {service.id} names the card {card_id!r}: no such file")
    members: dict[str, str] = layout["members"]
    for service in services.values():
        for name in service.members or ():
            if name not in members:
                raise ContentError(f"service {service.id} names the member {name!r}: not there")
    defines = dict.fromkeys(members.values())
    for card in cards.values():
        defines |= dict.fromkeys(card.defines)
    defines |= {service.screen: None for service in services.values() if service.screen}
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
        draft_orders_parameter=layout["draft_orders_parameter"],
        orders_in_question_parameter=layout["orders_in_question_parameter"],
        orders_are_signed_parameter=layout["orders_are_signed_parameter"],
        parameter_words=layout["parameter_words"],
        parameters=as_cql(program, _for_a_site(layout, parameters or {})),
        version=f"{layout['content_version']}+{_fingerprint(content_dir)}",
        extension_key=layout["extension_key"],
        defines=tuple(defines),
    )


def _for_a_site(layout: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """``given`` unchanged, where a site may set it so; else ConfigurationError."""
    for name, value in given.items():
        if name in (value for key, value in layout.items() if key.endswith("_parameter")):
            raise ConfigurationError(f"parameter {name} is taken from each request, set by no site")
        words = layout["parameter_words"].get(name)
        if words is not None and value not in words:
            raise ConfigurationError(f"parameter {name}: one of {', '.join(words)}, not {value!r}")
    return given


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
            when=raw["each"] if "each" in raw else raw["when"],
            indicator=None if "each" in raw else raw["indicator"],
            each="each" in raw,
            source=raw["source"],
            orders=raw.get("orders"),
            links=raw.get("links"),
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
    # A service of another hook may be like one that is there: what it does not say is the same.
    if "like" in raw:
        raw = _read(path.with_name(f"{raw['like']}.toml")) | raw
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
            not_read=tuple(raw.get("not_read", ())),
            members=tuple(raw["members"]) if "members" in raw else None,
            screen=raw.get("screen"),
            answers_when_unreachable=raw.get("answers_when_unreachable", False),
            quiet_after_override=raw.get("quiet_after_override", False),
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
