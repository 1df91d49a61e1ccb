"""Writing docs/clinical-logic.md."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ra_cds_hooks.decision.parameters import Parameter, declared
from tools.clinical_logic.cases import answers, front_matters
from tools.clinical_logic.sources import CQL, ROOT, Passage, Source, sources

HERE = Path(__file__).parent
PAGE = ROOT / "docs" / "clinical-logic.md"
# So many cases are named on the page; the rest are counted, and found by their folder's name.
NAMED_CASES = 12
# The rows that the page has to answer for (issue "whole clinical content").
SPEC_ROWS = (
    *(f"C{n}" for n in range(1, 26)),
    *("G-INF1", "G-INF2", "G-INF3", "G-TB1", "G-TB2", "G-TB3", "G-TB4", "G-HBV1", "G-HBV2"),
    *("G-HBV3", "G-HCV", "G-HIV", "G-VZV", "G-LIVE", "G-VAX", "G-PJP", "G-NTM", "G-COVID"),
    *("G-IGG", "G-ILD0", "G-ILD1", "G-ILD2", "G-ILD3", "G-BRX", "G-COPD", "G-SPO2"),
    *("G-JAK1", "G-JAK2", "G-JAK3", "G-JAK4", "G-HF", "G-DEM", "G-GI", "G-MAL", "G-DUAL"),
    *("G-ALLERGY", "G-DDI", "3.4", "4.2", "4.3"),
)


@dataclass(frozen=True)
class Rule:
    """One rule of rules.toml, joined with its CQL passage and its cases."""

    key: str
    rows: tuple[str, ...]
    title: str
    library: str
    define: str
    line: int
    passage: Passage | None
    fires: tuple[str, ...]
    silent: tuple[str, ...]

    @property
    def anchor(self) -> str:
        return "rule-" + "".join(ch if ch.isalnum() else "-" for ch in self.key.lower())


def rules() -> list[Rule]:
    """Every rule of rules.toml. Raises KeyError for a library that is not there."""
    table = tomllib.loads((HERE / "rules.toml").read_text(encoding="utf-8"))
    files = sources()
    return [_rule(entry, files) for entry in table["rule"]]


def left_out() -> dict[str, str]:
    """Rows that no rule computes, each with the reason."""
    table = tomllib.loads((HERE / "rules.toml").read_text(encoding="utf-8"))
    found: dict[str, str] = table.get("left_out", {})
    return found


def _rule(entry: Mapping[str, Any], files: Mapping[str, Source]) -> Rule:
    source = files[entry["library"]]
    define = entry.get("define", "Checks")
    headed = source.headed(entry["heading"]) if "heading" in entry else None
    passage = headed or source.about(define)
    fires, silent = answers(entry["shows"])
    key = entry.get("key") or str(next(v for k, v in entry["shows"].items() if k != "is"))
    return Rule(
        key if isinstance(key, str) else key[0],
        tuple(entry["rows"]),
        entry["title"],
        source.library,
        define,
        headed.line if headed else source.line_of(define),
        passage,
        tuple(fires),
        tuple(silent),
    )


def problems(found: Iterable[Rule]) -> list[str]:
    """What keeps the page from being whole: a rule without cases or words, a row without answer."""
    said = []
    answered = set(left_out())
    for rule in found:
        answered.update(rule.rows)
        if rule.line == 0:
            said.append(f"{rule.key}: no define {rule.define!r} in {rule.library}")
        if rule.passage is None or not rule.passage.when_then:
            said.append(f"{rule.key}: no When / Then above {rule.library}.{rule.define}")
        if not rule.fires:
            said.append(f"{rule.key}: no case in which it fires")
        if not rule.silent:
            said.append(f"{rule.key}: no case in which it does not fire")
    said += [
        f"row {row}: neither computed nor left out" for row in SPEC_ROWS if row not in answered
    ]
    return said


def as_markdown(found: list[Rule]) -> str:
    """The whole page."""
    numbers = {p.name: p for p in declared(CQL)}
    parts = [(HERE / "preamble.md").read_text(encoding="utf-8").strip(), _cards(found)]
    parts += ["## The rules", *(_section(rule, numbers) for rule in found)]
    parts.append(_rows(found))
    parts.append((HERE / "decisions.md").read_text(encoding="utf-8").strip())
    return "\n\n".join(parts) + "\n"


def _cards(found: list[Rule]) -> str:
    lines = ["## From a card to its rules", "", "| Card | Shown when | Rules |", "|---|---|---|"]
    links = {rule.key: f"[{rule.key}](#{rule.anchor})" for rule in found}
    for path in sorted((ROOT / "ra_cds_hooks" / "decision" / "cards").glob("*.toml")):
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        library, _, define = card["when"].partition(".")
        line = sources()[library].line_of(define)
        spoken = [links[r.key] for r in found if _speaks(card, r)]
        lines.append(
            f"| `{card['id']}` | [{card['when']}](../cql/{library}.cql#L{line}) "
            f"| {', '.join(spoken)} |"
        )
    return "\n".join(lines)


def _speaks(card: Mapping[str, Any], rule: Rule) -> bool:
    """By the members a card speaks of: which of them carry the rule's answer."""
    table = tomllib.loads((HERE / "rules.toml").read_text(encoding="utf-8"))
    members = set(table["cards"].get(card["id"], ()))
    return any(rule.key.startswith(m) or m in rule.rows or m == rule.library for m in members)


def _section(rule: Rule, numbers: Mapping[str, Parameter]) -> str:
    lines = [f'<a id="{rule.anchor}"></a>', f"### {rule.key}: {rule.title}", ""]
    where = f"[`{rule.library}.{rule.define}`](../cql/{rule.library}.cql#L{rule.line})"
    lines.append(f"Rows {', '.join(rule.rows)}. Define {where}.")
    if rule.passage is not None:
        if rule.passage.guideline:
            lines += ["", *(f"> {text}" for text in rule.passage.guideline)]
        lines += ["", *_when_then(rule.passage.when_then)]
        if rule.passage.parameters:
            lines += ["", "| Parameter | Default | Source |", "|---|---|---|"]
            for name in rule.passage.parameters:
                p = numbers[name]
                lines.append(f"| {name} | {p.default} {p.unit} | {p.source} |".replace("  ", " "))
    lines += ["", f"Fires: {_named(rule.fires)}.", "", f"Does not fire: {_named(rule.silent)}."]
    return "\n".join(lines)


def _when_then(texts: tuple[str, ...]) -> list[str]:
    return [
        f"- **{word}** {rest}" if word in {"When", "Then"} else f"- {text}"
        for text in texts
        for word, _, rest in [text.partition(" ")]
    ]


def _named(cases: tuple[str, ...]) -> str:
    shown = [f"[{case}](../fhir_fixtures/{case}/case.md)" for case in cases[:NAMED_CASES]]
    more = len(cases) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _rows(found: list[Rule]) -> str:
    lines = ["## Every row of the specification", "", "| Row | Rules |", "|---|---|"]
    reasons = left_out()
    for row in SPEC_ROWS:
        links = [f"[{r.key}](#{r.anchor})" for r in found if row in r.rows]
        text = ", ".join(links) if links else f"left out: {reasons.get(row, '?')}"
        also = f"; left out: {reasons[row]}" if links and row in reasons else ""
        lines.append(f"| {row} | {text}{also} |")
    return "\n".join(lines)


def case_count() -> int:
    """How many case folders there are."""
    return len(front_matters())
