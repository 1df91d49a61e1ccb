"""The public conformance cases: read from where the CQL_TESTS setting points, never copied here."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_FOLDER = PROJECT.parent / "shared" / "cql-tests"
NAMESPACE = "{http://hl7.org/fhirpath/tests}"
WHERE_FROM = (
    "The public CQL conformance cases are not here. They come from the cqframework/cql-tests "
    "repository on GitHub (folder tests/cql, Apache-2.0): clone it, set CQL_TESTS to that folder."
)


class CasesMissingError(RuntimeError):
    """There is no folder with conformance cases."""


@dataclass(frozen=True)
class Case:
    """One expression and what the case file says about it.

    `invalid` is None, "true" (no result: translation or evaluation must fail), "semantic" or
    "syntax" (translation must fail). `output` is the expected value as CQL text, None for most
    invalid cases.
    """

    file: str
    group: str
    name: str
    expression: str
    invalid: str | None
    output: str | None


def cases_folder(folder: Path | None = None) -> Path:
    """The folder given, else the CQL_TESTS setting, else ../shared/cql-tests beside the project.

    Raises CasesMissingError when it holds no case file.
    """
    chosen = folder or Path(os.environ.get("CQL_TESTS") or DEFAULT_FOLDER)
    if not any(chosen.glob("*.xml")):
        raise CasesMissingError(WHERE_FROM)
    return chosen


def read_cases(folder: Path) -> list[Case]:
    """All cases of all *.xml files, in file order."""
    cases: list[Case] = []
    for path in sorted(folder.glob("*.xml")):
        for group in ET.parse(path).getroot().iter(f"{NAMESPACE}group"):
            cases.extend(
                _read_case(path.stem, group.get("name", ""), test)
                for test in group.findall(f"{NAMESPACE}test")
            )
    return cases


def _read_case(file: str, group: str, test: ET.Element) -> Case:
    expression = test.find(f"{NAMESPACE}expression")
    output = test.find(f"{NAMESPACE}output")
    if expression is None or not expression.text:
        raise ValueError(f"{file}: test {test.get('name')} has no expression")
    invalid = expression.get("invalid")
    return Case(
        file=file,
        group=group,
        name=test.get("name", ""),
        expression=expression.text.strip(),
        invalid=None if invalid in (None, "false") else invalid,
        output=None if output is None or output.text is None else output.text.strip(),
    )
