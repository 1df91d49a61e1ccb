"""Writing docs/clinical-logic.md."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ra_cds_hooks.decision.parameters import Parameter, declared
from tools.clinical_logic.cases import FIRES, SILENT, UNKNOWN, answers
from tools.clinical_logic.sources import CQL, ROOT, Passage, Source, parameters_read, sources

HERE = Path(__file__).parent
PAGE = ROOT / "docs" / "clinical-logic.md"
# So many cases are named on the page for each answer; the rest are counted.
NAMED_CASES = 3
_CHECK = re.compile(r"'(G-[A-Z]+\d?)'")
# The rows that the page has to answer for (issue "whole clinical content").
SPEC_ROWS = (
    *(f"C{n}" for n in range(1, 26)),
    *("G-INF1", "G-INF2", "G-INF3", "G-TB1", "G-TB2", "G-TB3", "G-TB4", "G-HBV1", "G-HBV2"),
    *("G-HBV3", "G-HCV", "G-HIV", "G-VZV", "G-LIVE", "G-VAX", "G-PJP", "G-NTM", "G-COVID"),
    *("G-IGG", "G-ILD0", "G-ILD1", "G-ILD2", "G-ILD3", "G-BRX", "G-COPD", "G-SPO2"),
    *("G-JAK1", "G-JAK2", "G-JAK3", "G-JAK4", "G-HF", "G-DEM", "G-GI", "G-MAL", "G-DUAL"),
    *("G-ALLERGY", "G-DDI", "3.3 ORAL facts", "3.4 tocilizumab start", "3.4 tocilizumab on drug"),
    *("3.4 sarilumab start", "3.4 tofacitinib", "3.4 baricitinib", "3.4 upadacitinib"),
    *("3.4 filgotinib", "3.4 MTX", "3.4 LEF", "3.4 SSZ", "3.4 HCQ", "3.4 TNFi / ABA", "3.4 RTX"),
    *("3.4 unknown", "3.4 pregnancy and lactation", "4.2", "4.3", "8.47"),
)


@dataclass(frozen=True)
class Rule:
    """One rule of rules.toml, joined with its CQL passage and its cases."""

    key: str
    part: str
    rows: tuple[str, ...]
    title: str
    library: str
    define: str
    line: int
    passage: Passage | None
    parameters: tuple[str, ...]
    # case ids by answer: fires, unknown, silent
    cases: Mapping[str, tuple[str, ...]]

    @property
    def anchor(self) -> str:
        return _slug("rule-" + self.key)


@cache
def table() -> dict[str, Any]:
    """rules.toml: ``parts`` of the page, ``rule`` (list), ``cards``, ``left_out``."""
    return tomllib.loads((HERE / "rules.toml").read_text(encoding="utf-8"))


def rules() -> list[Rule]:
    """Every rule of rules.toml; ``line`` is 0 where its library or define is not there."""
    return [_rule(entry) for entry in table()["rule"]]


def left_out() -> dict[str, str]:
    """Rows, or parts of rows, that no rule computes, each with the reason."""
    found: dict[str, str] = table().get("left_out", {})
    return found


def _rule(entry: Mapping[str, Any]) -> Rule:
    library = entry["library"]
    source = sources().get(library) or Source(library, "", {}, {})
    heading = entry.get("heading")
    headed = source.headed(heading) if heading else None
    define = entry.get("define") or (headed.defines[0] if headed and headed.defines else "Checks")
    passage = headed if heading else source.about(define)
    governed = source.governed(passage) if headed and passage else (define,)
    return Rule(
        entry["key"],
        entry["part"],
        tuple(entry["rows"]),
        entry["title"],
        source.library,
        define,
        source.line_of(define),
        passage,
        tuple(parameters_read(source.library, governed, entry.get("through", ()))),
        _nearest_first(answers(entry["shows"])),
    )


def _nearest_first(found: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Cases of the families in which the rule fires come first: they differ by what decides."""
    families = [case.partition("--")[0] for case in found[FIRES]]
    return {
        answer: tuple(sorted(cases, key=lambda c: -families.count(c.partition("--")[0])))
        for answer, cases in found.items()
    }


def problems(found: Iterable[Rule]) -> list[str]:
    """What keeps the page from being whole: a rule without cases or words, a row without answer."""
    said = []
    found = list(found)
    answered = set(left_out())
    for rule in found:
        answered.update(rule.rows)
        if rule.line == 0:
            said.append(f"{rule.key}: no define {rule.define!r} in {rule.library}")
        if rule.passage is None or not rule.passage.when_then:
            said.append(f"{rule.key}: no When / Then above {rule.library}.{rule.define}")
        if not rule.cases[FIRES]:
            said.append(f"{rule.key}: no case in which it fires")
        if not rule.cases[SILENT]:
            said.append(f"{rule.key}: no case in which it does not fire")
    keys = [rule.key for rule in found]
    said += [f"{key}: twice in rules.toml" for key in sorted(set(keys)) if keys.count(key) > 1]
    said += [
        f"row {row}: neither computed nor left out" for row in SPEC_ROWS if row not in answered
    ]
    said += [f"check {name}: no rule speaks of it" for name in _checks() if name not in keys]
    for path in _cards_of_the_content():
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        if not {rule.part for rule in found} & set(_parts(card)):
            said.append(f"card {card['id']}: leads to no rule")
    return said


def _checks() -> list[str]:
    """The id of every check that the CQL can give."""
    return sorted({name for s in sources().values() for name in _CHECK.findall(s.text)})


def _cards_of_the_content() -> list[Path]:
    return sorted((ROOT / "ra_cds_hooks" / "decision" / "cards").glob("*.toml"))


def as_markdown(found: list[Rule]) -> str:
    """The whole page."""
    numbers = {p.name: p for p in declared(CQL)}
    parts = [(HERE / "preamble.md").read_text(encoding="utf-8").strip(), _cards()]
    parts.append("## The rules")
    for part in table()["parts"]:
        parts += _part(part, found, numbers)
    parts += [_numbers(found, numbers), _rows(found)]
    parts.append((HERE / "decisions.md").read_text(encoding="utf-8").strip())
    return "\n\n".join(parts) + "\n"


def _cards() -> str:
    lines = [
        "## From a card to its rules",
        "",
        "| Card | Shown when | Its rules |",
        "|---|---|---|",
    ]
    for path in _cards_of_the_content():
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        shown_when: str = card["when"] if "when" in card else card["each"]
        library, _, define = shown_when.partition(".")
        line = sources()[library].line_of(define)
        parts = [f"[{table()['parts'][part]}](#{_slug('part-' + part)})" for part in _parts(card)]
        lines.append(
            f"| `{card['id']}` | [{library}.{define}](../cql/{library}.cql#L{line}) "
            f"| {'; '.join(parts)} |"
        )
    return "\n".join(lines)


def _parts(card: Mapping[str, Any]) -> list[str]:
    """The parts of the page whose answers a card tells, by [cards] of rules.toml."""
    found: list[str] = table()["cards"].get(card["id"], [])
    return found


def _part(part: str, found: list[Rule], numbers: Mapping[str, Parameter]) -> list[str]:
    of_part = [rule for rule in found if rule.part == part]
    index = " · ".join(f"[{rule.key}](#{rule.anchor})" for rule in of_part)
    head = f'<a id="{_slug("part-" + part)}"></a>\n\n### {table()["parts"][part]}\n\n{index}'
    return [head, *(_section(rule, numbers) for rule in of_part)]


def _section(rule: Rule, numbers: Mapping[str, Parameter]) -> str:
    lines = [f'<a id="{rule.anchor}"></a>', "", f"#### {rule.key}: {rule.title}", ""]
    where = f"[`{rule.library}.{rule.define}`](../cql/{rule.library}.cql#L{rule.line})"
    lines.append(f"Rows {', '.join(rule.rows)}. Define {where}.")
    if rule.passage is not None:
        if rule.passage.guideline:
            lines += ["", "> " + " ".join(rule.passage.guideline)]
        lines += ["", *_when_then(rule.passage.when_then)]
    if rule.parameters:
        read = [numbers[name] for name in rule.parameters]
        told = (f"{p.name.partition('.')[2]} {_value(p)}".strip() for p in read)
        lines += ["", f"Parameters ([sources](#numbers)): {'; '.join(told)}."]
    answers_of = {"Fires": FIRES, "Unknown": UNKNOWN, "Does not fire": SILENT}
    for said, answer in answers_of.items():
        if rule.cases[answer]:
            lines += ["", f"{said}: {_named(rule.cases[answer])}."]
    return "\n".join(lines)


def _value(p: Parameter) -> str:
    """Default and unit; nothing for a list, which the caller of the service fills."""
    return "" if p.type.startswith("List") else f"{p.default} {p.unit}".strip()


def _slug(text: str) -> str:
    return "".join(ch if ch.isalnum() else "-" for ch in text.lower())


def _numbers(found: list[Rule], numbers: Mapping[str, Parameter]) -> str:
    """Each parameter that a rule reads: default, what it is, source."""
    read = sorted({name for rule in found for name in rule.parameters})
    lines = ['<a id="numbers"></a>', "", "## The numbers that the rules read", ""]
    lines += ["| Parameter | Default | What it is, and its source |", "|---|---|---|"]
    for name in read:
        p = numbers[name]
        lines.append(f"| {name} | {_value(p)} | {_bare(p.source)} |")
    return "\n".join(lines)


def _bare(comment: str) -> str:
    """Without the rulers of a heading above it."""
    return re.sub(r"\s*-{3,}\s*", " ", comment).strip().replace("|", "\\|")


def _when_then(texts: tuple[str, ...]) -> list[str]:
    return [
        f"- **{word}** {rest}" if word in {"When", "Then"} else f"- {text}"
        for text in texts
        for word, _, rest in [re.sub(r"^(When|Then):", r"\1", text).partition(" ")]
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
        also = f"; in part left out: {reasons[row]}" if links and row in reasons else ""
        lines.append(f"| {row} | {text}{also} |")
    return "\n".join(lines)
