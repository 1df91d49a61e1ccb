"""Which case folders show that a rule fires, and which that it does not, by their case.md alone.

``shows`` of rules.toml says how a case answers. One of
    primary = CODE or [CODES]    the primary category
    flag = CODE                  a flag
    check = "G-..."              a safety check: any verdict other than ok and unknown is firing;
                                 with ``asks`` = true unknown is, for a check that only asks
    reason = [CODES]             findings on the card of a draft order; no card at all is silence
    note = CODE                  a note on the card of a draft order
    member = "path"              a member of the front matter, with ``is`` = a value or a list
    removed = CLASS              a class that the ranking leaves out
    last = CLASS                 a class that only comes after all others
    points = CLASS               a line of the ranking: ``fires`` and ``silent`` name the cases,
                                 whose ``options`` must then give the class different scores
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from tests.cases.expectation import BIOLOGIC, CONVENTIONAL, LATER, read_expectation
from tools.clinical_logic.sources import ROOT

FIXTURES = ROOT / "fhir_fixtures"
# The case says that the rule fires, that its datum is missing, or that it does not fire.
FIRES, UNKNOWN, SILENT = "fires", "unknown", "silent"
# None: the case says nothing of the rule.
Answer = str | None
EVERY_CLASS = {*BIOLOGIC, *CONVENTIONAL}
_GROUPS = {"b/ts": set(BIOLOGIC), "all": EVERY_CLASS}


@cache
def front_matters() -> dict[str, Mapping[str, Any]]:
    """The hand-written expectation of every case, by case id."""
    return {
        path.parent.name: read_expectation(path).wanted
        for path in sorted(FIXTURES.glob("*/case.md"))
    }


def answers(shows: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The cases by answer: fires, unknown, silent. Raises KeyError for an unknown way to ask."""
    ask = asked(shows)
    found = {case: ask(wanted) for case, wanted in front_matters().items()}
    if "points" in shows:
        found = {c: a for a in (FIRES, SILENT) for c in shows[a] if _scores(shows, c) is not None}
        if {_scores(shows, c) for c in shows[FIRES]} & {_scores(shows, c) for c in shows[SILENT]}:
            found = {}
    return {
        answer: tuple(c for c, a in found.items() if a == answer)
        for answer in (FIRES, UNKNOWN, SILENT)
    }


def asked(shows: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Answer]:
    """How one front matter answers."""
    [(how, what)] = [(k, v) for k, v in shows.items() if k not in {"is", "asks", FIRES, SILENT}]
    return {
        "primary": lambda wanted: _yes(wanted["primary"] in _listed(what)),
        "flag": lambda wanted: _flag(wanted, what),
        "check": lambda wanted: _check(wanted, what, asks=shows.get("asks", False)),
        "reason": lambda wanted: _order(wanted, "reasons", _listed(what)),
        "note": lambda wanted: _order(wanted, "notes", _listed(what)),
        "member": lambda wanted: _member(wanted, what, shows.get("is")),
        "removed": lambda wanted: _placed(wanted, "options_removed", what),
        "last": lambda wanted: _placed(wanted, "options_last", what),
        "points": lambda wanted: None,
    }[how]


def _yes(holds: bool) -> str:
    return FIRES if holds else SILENT


def _listed(what: Any) -> list[Any]:
    return what if isinstance(what, list) else [what]


def _flag(wanted: Mapping[str, Any], what: str) -> Answer:
    if any(what in wanted.get(k, ()) for k in ("flags", "flags_include", "later_flags")):
        return FIRES
    whole = "later_flags" if what in LATER else "flags"
    return SILENT if what in wanted.get("flags_exclude", ()) or whole in wanted else None


def _check(wanted: Mapping[str, Any], what: str, *, asks: bool) -> Answer:
    gates = wanted.get("gates", {})
    verdicts = {verdict for verdict in gates.get(what, ()) if not verdict.startswith("unlike-")}
    if verdicts - {"ok", "unknown"}:
        return FIRES
    if verdicts:
        return (FIRES if asks else UNKNOWN) if "unknown" in verdicts else SILENT
    # the worst verdict of every class is ok, so no check stands against any of them
    fine = gates.get("verdict", {}).get("ok", ())
    covered = set().union(*(_GROUPS.get(name, {name}) for name in fine))
    return SILENT if covered == EVERY_CLASS else None


def _order(wanted: Mapping[str, Any], key: str, codes: list[str]) -> Answer:
    order = wanted.get("order")
    if order is None:
        return None
    if set(codes) & set(order.get(key, ())):
        return FIRES
    return SILENT if order["verdict"] == "ok" else None


def _member(wanted: Mapping[str, Any], path: str, value: Any) -> Answer:
    """A member of the front matter (dotted path): has it this value (one of a list), or any."""
    found: Any = wanted
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    if value is None:
        return _yes(bool(found))
    if isinstance(found, list):
        return _yes(any(one in found for one in _listed(value)))
    return _yes(found in _listed(value))


def _placed(wanted: Mapping[str, Any], key: str, moa: str) -> Answer:
    if moa in wanted.get(key, ()):
        return FIRES
    if key == "options_removed":
        return SILENT if moa in [name for name, _ in wanted.get("options", ())] else None
    return SILENT if key in wanted else None


def _scores(shows: Mapping[str, Any], case: str) -> int | None:
    """The score that a case expects for the class; None without such a case or expectation."""
    options = dict(front_matters().get(case, {}).get("options", ()))
    found: int | None = options.get(shows["points"])
    return found
