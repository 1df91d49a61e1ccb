"""Write docs/settings.md: every setting of ra_cds_hooks/settings.py, from docs/settings.toml.

    python -m tools.settings_table        (make settings)

Name, default and accepted values are the program's own; what a setting is for is in the TOML. A
test fails where the page is not what this writes, and where a setting is not described.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from ra_cds_hooks.settings import Settings

DOCS = Path(__file__).parents[1] / "docs"
PAGE, MEANINGS = DOCS / "settings.md", DOCS / "settings.toml"

HEAD = """# Settings

Every setting is an environment variable with the prefix `RA_CDS_`. A value that does not fit stops
the start with a message that names the variable. Lists are separated by commas. `ra-cds config
check` prints what is in effect and what is wrong with it.

Made by `make settings` from `ra_cds_hooks/settings.py` and [settings.toml](settings.toml).

| Variable | Default | Values | What it does |
|---|---|---|---|
"""


def meanings() -> dict[str, dict[str, str]]:
    """By field: ``meaning``, and ``default`` where the value itself would say nothing."""
    read = tomllib.loads(MEANINGS.read_text("utf-8"))
    return {name: {"meaning": t} if isinstance(t, str) else t for name, t in read.items()}


def page() -> str:
    """The whole page. Raises KeyError for a setting that nobody described."""
    described = meanings()
    rows = [
        f"| `RA_CDS_{name.upper()}` | {described[name].get('default') or _default(field)} "
        f"| {_values(field)} | {described[name]['meaning']} |"
        for name, field in Settings.model_fields.items()
    ]
    return HEAD + "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "not set"
    if value == ():
        return "empty"
    if isinstance(value, tuple):
        return f"`{','.join(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _values(field: FieldInfo) -> str:
    """What is accepted, in words; further rules are in the meaning."""
    kind = field.annotation
    if get_origin(kind) in (Union, UnionType):
        [kind] = [one for one in get_args(kind) if one is not NoneType]
    if get_origin(kind) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(kind))
    return _KINDS.get(kind, "list" if get_origin(kind) is tuple else "JSON") + _bounds(field)


_KINDS: dict[Any, str] = {
    bool: "`true`, `false`",
    int: "whole number",
    float: "number",
    str: "text",
    SecretStr: "text, never printed",
    Path: "path",
    datetime: "date or moment",
}
# Attributes of annotated-types, as pydantic keeps a Field's limits.
_LIMITS = {"ge": "from {}", "gt": "above {}", "le": "to {}"}


def _bounds(field: FieldInfo) -> str:
    said = [
        words.format(getattr(limit, name))
        for limit in field.metadata
        for name, words in _LIMITS.items()
        if hasattr(limit, name)
    ]
    return f" {' '.join(said)}" if said else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
