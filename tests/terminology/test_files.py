"""The committed files: complete, referenced, written by the generator, readable by CQL."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.valueset import ValueSet

from tools.terminology.build import expansions, own_concepts, to_json
from tools.terminology.source import (
    Row,
    SourceError,
    Subject,
    ValueSetSource,
    parse_row,
    read_subjects,
)

ROOT = Path(__file__).resolve().parents[2]
DECLARED = re.compile(r"^valueset \"([^\"]+)\": '([^']+)'", re.MULTILINE)
REFERENCED = re.compile(r"\b(?:RAConcepts|Concepts)\.\"([^\"]+)\"")


def declared() -> dict[str, str]:
    return dict(DECLARED.findall((ROOT / "cql" / "RAConcepts.cql").read_text(encoding="utf-8")))


def test_committed_files_are_what_the_generator_writes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.terminology.build", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_declared_value_set_is_a_file_and_every_file_is_declared(
    resources: dict[str, dict[str, Any]],
) -> None:
    assert {title: r["url"] for title, r in resources.items()} == declared()
    assert len(declared()) > 100


def test_every_name_that_other_cql_uses_is_declared() -> None:
    library = (ROOT / "cql" / "RAConcepts.cql").read_text(encoding="utf-8")
    names = set(re.findall(r'^(?:valueset|code|codesystem) "([^"]+)"', library, re.MULTILINE))
    used = {
        (path.name, name)
        for path in (ROOT / "cql").glob("*.cql")
        if path.name != "RAConcepts.cql"
        for name in REFERENCED.findall(path.read_text(encoding="utf-8"))
    }
    assert {pair for pair in used if pair[1] not in names} == set()


def test_library_declares_terminology_and_nothing_else() -> None:
    lines = (ROOT / "cql" / "RAConcepts.cql").read_text(encoding="utf-8").splitlines()
    statements = {line.split(" ")[0] for line in lines if line and not line.startswith("//")}
    assert statements == {"library", "codesystem", "valueset", "code"}


def test_expansions_are_not_empty_and_hold_each_code_once(
    resources: dict[str, dict[str, Any]],
) -> None:
    for title, resource in resources.items():
        contains = resource["expansion"]["contains"]
        pairs = [(c["system"], c["code"]) for c in contains]
        assert pairs, title
        assert len(pairs) == len(set(pairs)) == resource["expansion"]["total"], title
        assert all(c["display"] for c in contains), title
        assert resource["compose"]["include"], title


def test_value_sets_are_valid_fhir(resources: dict[str, dict[str, Any]]) -> None:
    for title in ("Rheumatoid Arthritis", "Adalimumab", "TNF Inhibitors", "Positive Answers"):
        assert ValueSet.model_validate(resources[title]).title == title


def test_names_are_spelled_as_the_text_fallback_looks_them_up(
    codes: dict[str, set[tuple[str, str]]],
) -> None:
    # RANames lower-cases, turns everything else into spaces and looks up one to three words.
    for title, members in codes.items():
        for system, name in members:
            if system == "names":
                assert re.fullmatch(r"[a-z0-9一-龥]+( [a-z0-9一-龥]+)*", name), (title, name)


@pytest.mark.parametrize(
    "line",
    [
        "rxnorm 6851 methotrexate",
        "rxnorm 6851 V:OHDSI",
        "icd10cm M05.* V:CM Rheumatoid arthritis",
        "rxnorm 6851.* M methotrexate",
        "umls 6851 M methotrexate",
    ],
)
def test_a_row_that_cannot_be_read_is_refused(line: str) -> None:
    with pytest.raises(SourceError, match="somewhere"):
        parse_row(line, "somewhere")


def test_hierarchy_row_takes_the_category_and_what_is_below_it() -> None:
    rows = (parse_row("icd10cm M06.0.* V:CM", "x"), parse_row("icd10cm !M06.011 V:CM", "x"))
    found = {code for _, code in own_concepts(ValueSetSource("X", rows=rows))}
    assert {"M06.0", "M06.00", "M06.01", "M06.012"} <= found
    assert not {"M06.011", "M06.1", "M06"} & found


@pytest.mark.parametrize(
    "rows",
    [
        (Row("icd10cm", "Z22.51", "V:CM"),),
        (Row("icd10cm", "A16", "V:CM", below=True),),
        (Row("icd10cm", "M05", "V:CM", dropped=True),),
        (Row("rxnorm", "1", "M", "a"), Row("rxnorm", "1", "M", "a")),
    ],
)
def test_a_code_that_its_classification_does_not_know_cannot_be_shipped(
    rows: tuple[Row, ...],
) -> None:
    with pytest.raises(SourceError):
        own_concepts(ValueSetSource("X", rows=rows))


def test_an_included_value_set_must_exist_and_not_include_itself() -> None:
    for includes in (("Y",), ("X",)):
        with pytest.raises(SourceError, match="unknown or circular"):
            expansions([Subject("h", (ValueSetSource("X", includes=includes),))])


def test_one_code_stands_on_one_line() -> None:
    assert to_json({"a": [{"code": "1"}, {"code": "2"}]}) == (
        '{\n "a": [\n  {"code": "1"},\n  {"code": "2"}\n ]\n}'
    )


def test_every_source_row_is_marked_and_named_in_the_page() -> None:
    page = (ROOT / "docs" / "terminology.md").read_text(encoding="utf-8")
    for subject in read_subjects():
        for source in subject.value_sets:
            assert f"|{source.name}|" in page
            for row in source.rows:
                assert row.code in page, (source.name, row.code)
