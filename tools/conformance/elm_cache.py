"""Translated conformance cases, kept under .cache/conformance: a cold run takes 20 seconds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.conformance.cases import PROJECT, Case
from tools.elm.elm import TRANSLATOR_FILES, write_whole
from tools.elm.translator import translate

CACHE = PROJECT / ".cache" / "conformance"
DEFINE = "result"


@dataclass(frozen=True)
class TranslatedCase:
    """The ELM of one case, or None and the translator's first error."""

    elm: dict[str, Any] | None
    error: str | None


def library_name(index: int) -> str:
    """Name of the library that holds the case at this position."""
    return f"Case{index:04d}"


def source(index: int, case: Case) -> str:
    """One library per case, so that one that fails never takes its neighbours down."""
    return f"library {library_name(index)} version '1'\ndefine {DEFINE}:\n{case.expression}\n"


def translated(cases: Sequence[Case], cache: Path = CACHE) -> list[TranslatedCase]:
    """One TranslatedCase per case, from the cache when nothing that decides them changed."""
    sources = [(library_name(i), source(i, case)) for i, case in enumerate(cases)]
    digest = hashlib.sha256(json.dumps(sources).encode("utf-8"))
    for path in TRANSLATOR_FILES:
        digest.update(path.read_bytes())
    kept = cache / f"{digest.hexdigest()[:32]}.json"
    if kept.is_file():
        rows = json.loads(kept.read_text(encoding="utf-8"))
    else:
        rows = [
            {
                "elm": translation.elm,
                "error": next(
                    (m.text for m in translation.messages if m.severity == "error"), None
                ),
            }
            for translation in translate(sources)
        ]
        cache.mkdir(parents=True, exist_ok=True)
        for old in cache.glob("*.json"):
            old.unlink()
        write_whole(kept, json.dumps(rows, separators=(",", ":")))
    return [TranslatedCase(row["elm"], row["error"]) for row in rows]
