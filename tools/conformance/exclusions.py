"""tests/conformance/exclusions.toml: the cases that do not pass, each by name and with a reason."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.conformance.cases import PROJECT
from tools.conformance.run import PASSED, Verdict

EXCLUSIONS = PROJECT / "tests" / "conformance" / "exclusions.toml"
CAUSES = ("translator", "specification")

Key = tuple[str, str]


class ExclusionsError(ValueError):
    """The list is not well formed: no reason, unknown cause, an entry twice, an unknown key."""


@dataclass(frozen=True)
class Exclusion:
    """Why a case does not pass: the translator's matter, or against the specification."""

    cause: str
    reason: str


def read_exclusions(path: Path = EXCLUSIONS) -> dict[Key, Exclusion]:
    """The list by (file, name). Raises ExclusionsError."""
    found: dict[Key, Exclusion] = {}
    for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("case", []):
        if set(entry) != {"file", "name", "cause", "reason"}:
            raise ExclusionsError(f"needs file, name, cause and reason: {entry}")
        key = (entry["file"], entry["name"])
        if key in found:
            raise ExclusionsError(f"twice: {key}")
        if entry["cause"] not in CAUSES:
            raise ExclusionsError(f"cause of {key} is none of {', '.join(CAUSES)}")
        if not entry["reason"].strip():
            raise ExclusionsError(f"no reason: {key}")
        found[key] = Exclusion(entry["cause"], entry["reason"])
    return found


def discrepancies(verdicts: Sequence[Verdict], exclusions: Mapping[Key, Exclusion]) -> list[str]:
    """What the list says wrongly: excluded but passes, not excluded but fails, no such case."""
    outcomes = {(v.case.file, v.case.name): v.outcome for v in verdicts}
    wrong = []
    for key, outcome in outcomes.items():
        if key in exclusions and outcome == PASSED:
            wrong.append(f"{'.'.join(key)} passes, take it off exclusions.toml")
        if key not in exclusions and outcome != PASSED:
            wrong.append(f"{'.'.join(key)} does not pass and is not in exclusions.toml")
    unknown = exclusions.keys() - outcomes.keys()
    return wrong + [f"{'.'.join(key)} is excluded but no case" for key in sorted(unknown)]
