"""The hand-written expectation in the front matter of a case.md, and how a Decision is held to it.

Every key is listed here; a key that is not is an error, so that a misspelt expectation cannot pass
by being ignored. Comparison gives a list of differences; an empty list is agreement.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOLERANCE = 0.005
FENCE = "+++"

BIOLOGIC = ("TNFi", "IL6Ri", "ABA", "RTX", "JAKi")
CONVENTIONAL = ("MTX", "LEF", "SSZ", "HCQ")
GROUPS = {"b/ts": BIOLOGIC, "all": (*BIOLOGIC, *CONVENTIONAL)}
VERDICTS = {"block", "do_first", "unknown", "caution", "ok"}
# A check that no gate carries is reported as a difference, so a misspelt one cannot pass.
CHECK = re.compile(r"G-[A-Z]+[0-9]?")

PRIMARY = {
    *("NOT_RA", "DATA_CONFLICT", "INFECTION_ACTIVE", "INTOLERANCE", "UNKNOWN_DATE_PRECISION"),
    *("TOO_EARLY", "ACTIVITY_UNKNOWN", "AT_TARGET", "PSEUDO_REFRACTORY"),
    *("PSEUDO_REFRACTORY_SUSPECTED", "NON_ADHERENCE", "PRIMARY_NONRESPONSE_M3"),
    *("PRIMARY_NONRESPONSE_M6", "SECONDARY_LOSS", "TARGET_MISSED_UNKNOWN_TYPE", "ON_TRACK"),
    "NO_DMARD",
}
# Whether it is RA at all is unknown: no category of the spec applies, and the member is absent.
UNDETERMINED = "UNDETERMINED"
# The flags that C1 to C10 can raise (clinical-spec.md 8.1, 8.2, 8.27, 8.29, 8.30, 8.40-8.43);
# a category below the primary one is a flag too (0.12). `flags` compares exactly these.
C1_TO_C10 = PRIMARY | {
    *("PARTIAL_RESPONSE", "RESPONSE_DISCORDANT", "INDEX_DISCORDANT", "EARLIER_RESPONSE_UNKNOWN"),
    *("DAS28_3V_FALLBACK", "ESTIMATED_CRP", "REPORTED_SCORE_MISMATCH", "FUTURE_DATED_DATA"),
    *("COEXISTING_FIBROMYALGIA", "COEXISTING_OSTEOARTHRITIS", "COEXISTING_DEPRESSION"),
    *("COEXISTING_SLEEP_DISORDER", "START_UNCONFIRMED", "AT_TARGET_ON_GC", "FEET_NOT_ASSESSED"),
    *(
        "MINOR_WORSENING",
        "SCORE_PREDATES_WINDOW",
        "DUAL_BTS_RECONCILE",
        "PROVISIONAL_LOSS",
    ),
    "EARLY_WORSENING",
}
# The flags of the mechanism and population layers (C11 to C20): named by flags_include, _exclude.
LATER = {
    *("SERO_ABA", "SERO_RTX", "D2T_RA", "D2T_LIKELY_CONFIRM_C3", "TRUE_REFRACTORY"),
    *("MTX_DOSE_LOW", "SHORT_EXPOSURE", "UNDERDOSED"),
    *("REFRACTORY_PENDING", "POLY_REFRACTORY", "JAK_CONVERGENCE", "STROMAL_CONSIDER"),
}

KEYS = {
    # economics_at_target: exactly these codes; ultrasound: grades, combined, reason
    *("economics_at_target", "ultrasound"),
    # d2t: state and criterion1..3; pending: exactly these items, in this order
    *("mechanism", "mechanism_detail", "d2t", "refractory", "pending", "later_flags"),
    *("primary", "has_ra", "flags", "flags_include", "flags_exclude", "index"),
    *("objective_inflammation", "milestones", "activity", "adherence", "gates", "gaps_include"),
    "gaps_exclude",
    # the draft order of the case and its card: tests/cases/order.py
    *("order", "data_issues_include", "cards", "cards_include", "not_obtained", "first_page_only"),
    # options: [class, score] in rank order; options_removed: the classes without a rank
    *("options", "options_removed", "options_last", "next_step", "ranking", "current_drugs"),
    # economics: exactly these notes of the next step
    "economics",
}
MILESTONES = {"month3", "month6", "assessmentDate", "evaluableFrom"}
SCORES = {"das28Esr4", "das28Esr3", "das28Crp4", "das28Crp3", "cdai", "sdai"}
ACTIVITY = SCORES | {
    *("primaryIndex", "state", "date", "boolean20", "components", "baseline", "best", "absent"),
}
COMPONENTS = {"tjc28", "sjc28", "ptgh", "ega", "esr", "crp"}
AT_ANOTHER_DATE = SCORES | {"date"}
ADHERENCE = {"state", "pdc"}


class ExpectationError(ValueError):
    """A case.md whose front matter is missing, misspelt, or expects nothing of the primary code."""


@dataclass(frozen=True)
class Expectation:
    """One case's front matter: what goes in besides the bundle, and what must come out."""

    case_id: str
    wanted: Mapping[str, Any]

    @property
    def not_obtained(self) -> tuple[str, ...]:
        """Resource types that the client could not deliver at all."""
        return tuple(self.wanted.get("not_obtained", ()))

    @property
    def first_page_only(self) -> tuple[str, ...]:
        """Resource types of which more pages exist than could be read."""
        return tuple(self.wanted.get("first_page_only", ()))

    def differences(self, document: Mapping[str, Any], cards: Sequence[str]) -> list[str]:
        """Where the Decision document and the ids of the shown cards differ from it."""
        wanted = self.wanted
        return [
            *_primary(wanted, document),
            *_same("hasRA", wanted.get("has_ra"), document.get("hasRA")),
            *_flags(wanted, document.get("flags", [])),
            *_same("index", wanted.get("index"), document.get("index", {}).get("ingredient")),
            *_same(
                "objectiveInflammation",
                wanted.get("objective_inflammation"),
                document.get("objectiveInflammation", {}).get("state"),
            ),
            *_members("milestones", wanted, document),
            *_activity(wanted.get("activity", {}), document.get("activity", {})),
            *_members("adherence", wanted, document),
            *_gates(wanted.get("gates", {}), document.get("gates", {})),
            *_options(wanted, document.get("options", [])),
            *_same("nextStep", wanted.get("next_step"), document.get("nextStep", {}).get("action")),
            *_same("ranking", wanted.get("ranking"), document.get("nextStep", {}).get("ranking")),
            *_same(
                "economics",
                wanted.get("economics"),
                document.get("nextStep", {}).get("economics", []),
            ),
            *_current_drugs(wanted, document.get("currentDrugFindings", [])),
            *_same("mechanism", wanted.get("mechanism"), document.get("mechanism", "NONE")),
            *_members(
                "mechanismDetail", {"mechanismDetail": wanted.get("mechanism_detail", {})}, document
            ),
            *_d2t(wanted.get("d2t", {}), document.get("d2t", {})),
            *_same(
                "refractory", wanted.get("refractory"), document.get("refractory", {}).get("state")
            ),
            *_same(
                "pending", wanted.get("pending"), document.get("refractory", {}).get("pending", [])
            ),
            *_economics_at_target(wanted, document.get("economics", [])),
            *_members(
                "ultrasoundGrade", {"ultrasoundGrade": wanted.get("ultrasound", {})}, document
            ),
            *_later_flags(wanted, document.get("flags", [])),
            *_gaps(wanted, document.get("gaps", [])),
            *_missing(
                "dataIssues",
                wanted.get("data_issues_include", []),
                [issue["code"] for issue in document.get("dataIssues", [])],
            ),
            *_same("cards", wanted.get("cards"), list(cards)),
            *_missing("cards", wanted.get("cards_include", []), cards),
        ]


def read_expectation(path: Path) -> Expectation:
    """The expectation in ``path`` (a case.md). Raises ExpectationError."""
    text = path.read_text(encoding="utf-8")
    parts = text.split(f"{FENCE}\n")
    if len(parts) != 3 or parts[0] or not parts[2].strip():
        raise ExpectationError(f"{path}: not front matter between {FENCE} lines and a paragraph")
    return checked(path.parent.name, tomllib.loads(parts[1]))


def checked(case_id: str, wanted: Mapping[str, Any]) -> Expectation:
    """``wanted`` as an Expectation. Raises ExpectationError for unknown keys and codes."""
    if "primary" not in wanted:
        raise ExpectationError(f"{case_id}: expects no primary code")
    _only(case_id, wanted, KEYS)
    _only(case_id, [wanted["primary"]], PRIMARY | {UNDETERMINED})
    for key in ("flags", "flags_include", "flags_exclude"):
        _only(case_id, wanted.get(key, []), C1_TO_C10 | LATER)
    _only(case_id, wanted.get("milestones", {}), MILESTONES)
    _only(case_id, wanted.get("adherence", {}), ADHERENCE)
    activity = wanted.get("activity", {})
    _only(case_id, activity, ACTIVITY)
    _only(case_id, activity.get("absent", []), SCORES)
    _only(case_id, activity.get("components", {}), COMPONENTS)
    for key in ("baseline", "best"):
        _only(case_id, activity.get(key, {}), AT_ANOTHER_DATE)
    for moa, _ in wanted.get("options", []):
        _only(case_id, [moa], set(BIOLOGIC))
    for key in ("options_removed", "options_last"):
        _only(case_id, wanted.get(key, []), set(BIOLOGIC))
    gates = wanted.get("gates", {})
    checks = {name for name in gates if CHECK.fullmatch(name)}
    _only(case_id, gates, {"verdict", "onlyIfNoAlternative", "molecules"} | checks)
    allowed = VERDICTS | {"not-ok"} | {f"unlike-{verdict}" for verdict in VERDICTS}
    for name, by_verdict in gates.items():
        if name == "onlyIfNoAlternative":
            _only(case_id, by_verdict, set(GROUPS["all"]))
            continue
        _only(case_id, by_verdict, VERDICTS if name == "molecules" else allowed)
        for classes in by_verdict.values() if name != "molecules" else ():
            _only(case_id, classes, {*GROUPS, *GROUPS["all"]})
    return Expectation(case_id, wanted)


def _only(case_id: str, given: Iterable[str], allowed: set[str]) -> None:
    unknown = sorted(set(given) - allowed)
    if unknown:
        raise ExpectationError(f"{case_id}: unknown in the front matter: {', '.join(unknown)}")


def _primary(wanted: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    found = document.get("primary", UNDETERMINED)
    return _same("primary", wanted["primary"], found)


def _flags(wanted: Mapping[str, Any], found: Sequence[str]) -> list[str]:
    differences = []
    if "flags" in wanted:
        relevant = sorted(C1_TO_C10.intersection(found))
        if relevant != sorted(wanted["flags"]):
            differences.append(f"flags: expected {sorted(wanted['flags'])}, got {relevant}")
    differences += _missing("flags", wanted.get("flags_include", []), found)
    for code in wanted.get("flags_exclude", []):
        if code in found:
            differences.append(f"flags: {code} must not be there")
    return differences


def _d2t(wanted: Mapping[str, str], found: Mapping[str, Any]) -> list[str]:
    differences = []
    for key, answer in wanted.items():
        given = found.get(key) if key == "state" else found.get(key, {}).get("state")
        differences += _same(f"d2t.{key}", answer, given)
    return differences


def _economics_at_target(
    wanted: Mapping[str, Any], found: Sequence[Mapping[str, Any]]
) -> list[str]:
    if "economics_at_target" not in wanted:
        return []
    codes = [row["code"] for row in found]
    return _same("economics at target", sorted(wanted["economics_at_target"]), sorted(codes))


def _later_flags(wanted: Mapping[str, Any], found: Sequence[str]) -> list[str]:
    """`later_flags` compares exactly the flags of C11 to C20."""
    if "later_flags" not in wanted:
        return []
    return _same("later flags", sorted(wanted["later_flags"]), sorted(LATER.intersection(found)))


def _missing(name: str, wanted: Iterable[str], found: Sequence[str]) -> list[str]:
    return [f"{name}: {code} is not in {sorted(found)}" for code in wanted if code not in found]


def _same(name: str, wanted: Any, found: Any) -> list[str]:
    if wanted is None or _equal(wanted, found):
        return []
    return [f"{name}: expected {wanted}, got {found}"]


def _equal(wanted: Any, found: Any) -> bool:
    if isinstance(found, Mapping) and "value" in found and not isinstance(wanted, Mapping):
        found = found["value"]
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return abs(wanted - found) <= TOLERANCE
    return bool(wanted == found)


def _members(name: str, wanted: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    found = document.get(name, {})
    return [
        difference
        for key, value in wanted.get(name, {}).items()
        for difference in _same(f"{name}.{key}", value, found.get(key))
    ]


def _activity(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    differences = []
    for key, value in wanted.items():
        if key == "absent":
            differences += [f"activity.{k}: must be absent" for k in value if k in found]
        elif isinstance(value, Mapping):
            inner = found.get(key, {})
            for name, part in value.items():
                differences += _same(f"activity.{key}.{name}", part, inner.get(name))
        else:
            differences += _same(f"activity.{key}", value, found.get(key))
    return differences


def _gates(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    differences = []
    for name, expected in wanted.items():
        if name == "onlyIfNoAlternative":
            last = sorted(moa for moa in found if found[moa].get("onlyIfNoAlternative"))
            differences += _same("gates.onlyIfNoAlternative", sorted(expected), last)
            continue
        if name == "molecules":
            differences += _molecules(expected, found)
            continue
        for verdict, groups in expected.items():
            for moa in (moa for group in groups for moa in GROUPS.get(group, (group,))):
                answers = _answers(name, found.get(moa, {}))
                if not answers or not all(_agrees(verdict, answer) for answer in answers):
                    differences.append(f"gates.{moa} {name}: expected {verdict}, got {answers}")
    return differences


def _molecules(wanted: Mapping[str, Sequence[str]], found: Mapping[str, Any]) -> list[str]:
    """Verdicts of single molecules; a gate names them only where the checks tell them apart."""
    given = {
        row["molecule"]: row["verdict"]
        for gate in found.values()
        for row in gate.get("molecules", [])
    }
    return [
        f"gates.molecules.{molecule}: expected {verdict}, got {given.get(molecule)}"
        for verdict, molecules in wanted.items()
        for molecule in molecules
        if given.get(molecule) != verdict
    ]


def _answers(name: str, gate: Mapping[str, Any]) -> list[str | None]:
    if name == "verdict":
        return [gate["verdict"]] if "verdict" in gate else []
    return [check.get("verdict") for check in gate.get("checks", []) if check["id"] == name]


def _agrees(wanted: str, found: str | None) -> bool:
    if wanted == "not-ok":
        return found != "ok"
    if wanted.startswith("unlike-"):
        return found != wanted.removeprefix("unlike-")
    return found == wanted


def _options(wanted: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> list[str]:
    """`options = []` expects that nothing is ranked; a class named nowhere is a difference too."""
    ranked = sorted((o for o in found if "rank" in o), key=lambda o: o["rank"])
    differences = []
    if "options" in wanted:
        order = [[o["class"], o["score"]] for o in ranked]
        differences += _same("options", [list(pair) for pair in wanted["options"]], order)
    if "options_removed" in wanted:
        removed = sorted(o["class"] for o in found if "rank" not in o)
        differences += _same("options removed", sorted(wanted["options_removed"]), removed)
    if "options_last" in wanted:
        last = sorted(o["class"] for o in ranked if o["standing"] == "last")
        differences += _same("options last", sorted(wanted["options_last"]), last)
    return differences


def _current_drugs(wanted: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> list[str]:
    """[ingredient, check] pairs of what stands against drugs that are taken."""
    if "current_drugs" not in wanted:
        return []
    pairs = sorted([f["ingredient"], f["id"]] for f in found)
    return _same("current drugs", sorted(list(pair) for pair in wanted["current_drugs"]), pairs)


def _gaps(wanted: Mapping[str, Any], gaps: Sequence[Mapping[str, Any]]) -> list[str]:
    """A gap is named by what is missing or by the order that would bring it."""
    named = sorted({str(gap[key]) for gap in gaps for key in ("what", "order") if key in gap})
    excluded = [name for name in wanted.get("gaps_exclude", []) if name in named]
    return [
        *_missing("gaps", wanted.get("gaps_include", []), named),
        *(f"gaps: {name} must not be there" for name in excluded),
    ]
