"""Value sets as committed: name -> set of (short system, code)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.terminology.source import SYSTEMS  # noqa: E402

Codes = set[tuple[str, str]]


@pytest.fixture(scope="session")
def resources() -> dict[str, dict[str, Any]]:
    files = sorted((ROOT / "cql" / "valuesets").glob("*.json"))
    loaded = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    return {resource["title"]: resource for resource in loaded}


@pytest.fixture(scope="session")
def codes(resources: dict[str, dict[str, Any]]) -> dict[str, Codes]:
    short = {address: name for name, (_, address) in SYSTEMS.items()}
    return {
        title: {(short[c["system"]], c["code"]) for c in resource["expansion"]["contains"]}
        for title, resource in resources.items()
    }
