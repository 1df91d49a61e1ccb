"""Which case folders show that a rule fires, and which that it does not, by their case.md alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from tests.cases.expectation import read_expectation
from tools.clinical_logic.sources import ROOT

FIXTURES = ROOT / "fhir_fixtures"
# True: the rule fires in the case; False: the case says that it does not; None: it says nothing.
Answer = bool | None


@cache
def front_matters() -> dict[str, Mapping[str, Any]]:
    """The hand-written expectation of every case, by case id."""
    return {
        path.parent.name: read_expectation(path).wanted
        for path in sorted(FIXTURES.glob("*/case.md"))
    }


def answers(shows: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """(cases in which the rule fires, cases in which it does not), by ``shows`` of rules.toml."""
    ask = asked(shows)
    found = {case: ask(wanted) for case, wanted in front_matters().items()}
    return [c for c, a in found.items() if a is True], [c for c, a in found.items() if a is False]


def asked(shows: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Answer]:
    """How a case answers: by ``primary``, ``flag``, ``check`` or ``member`` (with ``is``).

    Raises KeyError for another way.
    """
    [(how, what)] = [(k, v) for k, v in shows.items() if k != "is"]
    return {
        "primary": lambda wanted: _primary(wanted, what),
        "flag": lambda wanted: _flag(wanted, what),
        "check": lambda wanted: _check(wanted, what),
        "member": lambda wanted: _member(wanted, what, shows.get("is")),
    }[how]


def _primary(wanted: Mapping[str, Any], what: str | list[str]) -> Answer:
    codes = [what] if isinstance(what, str) else what
    return wanted["primary"] in codes


def _flag(wanted: Mapping[str, Any], what: str) -> Answer:
    if what in (*wanted.get("flags", ()), *wanted.get("flags_include", ())):
        return True
    if what in wanted.get("flags_exclude", ()) or "flags" in wanted:
        return False
    return None


def _check(wanted: Mapping[str, Any], what: str) -> Answer:
    """A check fires where any class gets a verdict other than ok from it."""
    verdicts = {
        verdict
        for part in (wanted.get("gates", {}), wanted.get("order", {}).get("checks", {}))
        for verdict in _verdicts(part.get(what))
    }
    if verdicts - {"ok"}:
        return True
    return False if verdicts else None


def _verdicts(found: Any) -> list[str]:
    if isinstance(found, str):
        return [found]
    return list(found or ())


def _member(wanted: Mapping[str, Any], path: str, value: Any) -> Answer:
    """A member of the front matter (dotted path): has it this value (one of a list), or any."""
    found: Any = wanted
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    if value is None:
        return bool(found)
    if isinstance(found, list):
        return value in found
    return found in value if isinstance(value, list) else bool(found == value)
