"""The thresholds of the clinical content: what is declared, and what a deployment sets instead.

A site overrides them in one TOML file, a table per library:

    [RAParameters]
    "Target Due After" = "7 months"
    "High Titre Multiple" = 4

Source: house rule "numbers in parameters"; clinical-spec 0.8 (profiles settable per deployment).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ra_cds_hooks.cql_engine_lite import Program, Quantity
from ra_cds_hooks.errors import ConfigurationError, ContentError

_DECLARATION = re.compile(
    r'^parameter "(?P<name>[^"]+)" (?P<type>[\w<>.]+)(?: default (?P<default>[^/\n]+?))?'
    r"\s*(?://\s*(?P<unit>[^\n]*))?$"
)
# Every quantity among the parameters is a length of time: a validity, a look-back, a window.
_DURATION = re.compile(r"(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>(?:day|week|month|year)s?)")
_PYTHON_TYPES = {"Boolean": bool, "Integer": int, "String": str}


@dataclass(frozen=True)
class Parameter:
    """One declared number: ``name`` is "Library.Parameter"; default and unit as written in the CQL.

    ``source`` is the comment above it, which names unit, meaning and source.
    """

    name: str
    type: str
    default: str
    unit: str
    source: str


def declared(content_dir: Path) -> list[Parameter]:
    """Every parameter of the CQL under ``content_dir``, by library and in the order written.

    Raises ContentError when the CQL text is not there.
    """
    paths = sorted(content_dir.glob("*.cql"))
    if not paths:
        raise ContentError(f"no CQL found under {content_dir}: set RA_CDS_CONTENT_DIR")
    return [found for path in paths for found in _declared_in(path)]


def _declared_in(path: Path) -> Iterator[Parameter]:
    # one comment may stand above several parameters; a new one begins after them
    comment: list[str] = []
    used = False
    for line in path.read_text(encoding="utf-8").splitlines():
        match = _DECLARATION.match(line)
        if match:
            yield Parameter(
                f"{path.stem}.{match['name']}",
                match["type"],
                (match["default"] or "").strip().strip("'"),
                (match["unit"] or "").strip(),
                " ".join(comment),
            )
            used = True
        elif line.startswith("//"):
            comment = [] if used else comment
            used = False
            comment.append(line.removeprefix("//").strip())
        elif not line.strip():
            comment, used = [], False


def read_overrides(path: Path | None) -> dict[str, Any]:
    """``{"Library.Parameter": raw value}`` of a site's TOML file; empty without a file.

    Raises ConfigurationError when the file cannot be read or is not of the form above.
    """
    if path is None:
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"RA_CDS_PARAMETERS_FILE: {path.name} cannot be read as TOML ({error})"
        ) from error
    found: dict[str, Any] = {}
    for library, entries in tables.items():
        if not isinstance(entries, Mapping):
            raise ConfigurationError(
                f"RA_CDS_PARAMETERS_FILE: {library!r} stands outside a table; write "
                '[RAParameters] above "Parameter Name" = value (`ra-cds parameters` lists them)'
            )
        found |= {f"{library}.{name}": value for name, value in entries.items()}
    return found


def as_cql(program: Program, given: Mapping[str, Any]) -> dict[str, Any]:
    """Raw values of TOML or JSON as values of the types that the parameters are declared with.

    Quantities are written "90 days". What is a CQL value already stays. Raises ConfigurationError
    naming the parameter, for one that does not exist or a value that does not fit its type.
    """
    types = {p.name: str(getattr(p.type, "name", "")) for p in program.parameters}
    found = {}
    for name, value in given.items():
        if name not in types:
            raise ConfigurationError(
                f"no parameter is called {name!r}: `ra-cds parameters` lists them"
            )
        found[name] = _fitting(name, types[name].removeprefix("System."), value)
    return found


def _fitting(name: str, type_: str, value: Any) -> Any:
    try:
        if type_ == "Quantity" and not isinstance(value, Quantity):
            match = _DURATION.fullmatch(str(value).strip())
            if match is None:
                raise ValueError
            return Quantity(Decimal(match["value"]), match["unit"])
        if type_ == "Decimal":
            number = Decimal(str(value))
            if isinstance(value, bool) or not number.is_finite():
                raise ValueError
            return number
        # type(), because True is an int and no Integer
        if type_ in _PYTHON_TYPES and type(value) is not _PYTHON_TYPES[type_]:
            raise ValueError
    except (ValueError, InvalidOperation):
        raise ConfigurationError(f"parameter {name}: not a {type_}, like its default") from None
    return value


def as_written(value: Any) -> str:
    """A parameter's value as a person writes it: "90 days", "3.2", "STRICT"."""
    if isinstance(value, Quantity):
        return f"{value.value} {value.unit}"
    return str(value)
