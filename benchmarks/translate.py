"""Translate benchmarks/cql/Visit.cql with the project's translator.

    python -m benchmarks.translate

FHIRHelpers is the one of the clinical content. A test compares the hashes of the manifest.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tools.elm.elm import CQL_DIRECTORY, manifest_entry, read_sources, render_elm, write_whole
from tools.elm.translator import translate

FOLDER = Path(__file__).parent / "cql"
LIBRARY = "Visit"
ELM = FOLDER / f"{LIBRARY}.json"
MANIFEST = FOLDER / "manifest.json"
SHARED = "FHIRHelpers"


def sources() -> dict[str, str]:
    """CQL text by library name: the benchmark's own, and the FHIRHelpers that it includes."""
    return {**read_sources(FOLDER), SHARED: read_sources(CQL_DIRECTORY)[SHARED]}


def is_stale() -> bool:
    """Whether the committed ELM was made from other CQL than that beside it."""
    made_from = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return bool(made_from != manifest_entry(LIBRARY, sources(), ELM.read_text(encoding="utf-8")))


def main() -> int:
    """Write the ELM; exit code 1 when the CQL has an error."""
    texts = sources()
    (result,) = translate([(LIBRARY, texts[LIBRARY])], texts)
    for message in result.messages:
        if message.severity == "error":
            print(f"{LIBRARY}:{message.line}: {message.text}", file=sys.stderr)
    if result.elm is None:
        return 1
    text = render_elm(result.elm)
    write_whole(ELM, text)
    entry = manifest_entry(LIBRARY, texts, text)
    write_whole(MANIFEST, json.dumps(entry, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
