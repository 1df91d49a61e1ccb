"""`ra-cds terminology check`: what no value set knows, counted, mapped codes left out."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ra_cds_hooks.cli import main
from ra_cds_hooks.errors import InvalidBundle
from ra_cds_hooks.fhir.files import resources_in
from ra_cds_hooks.fhir.local_codes import LocalCodes
from ra_cds_hooks.fhir.unknown_codes import UnknownCode, as_local_codes, unknown_codes

SITE = "urn:oid:1.2.840.99999.1"
KNOWN = {("http://loinc.org", "1988-5"), ("http://loinc.org", "88981-6")}
MAPPING = f"""
[[lab]]
system = "{SITE}"
code = "TJC"
to = {{ system = "http://loinc.org", code = "88981-6" }}
"""


def lab(*codings: tuple[str, str], text: str | None = None, display: str = "") -> dict[str, Any]:
    concept: dict[str, Any] = {
        "coding": [{"system": s, "code": c, **({"display": display} if display else {})}
                   for s, c in codings]
    }  # fmt: skip
    if text:
        concept["text"] = text
    return {"resourceType": "Observation", "code": concept}


RECORD = [
    lab(("http://loinc.org", "1988-5")),
    lab((SITE, "CRP"), ("http://loinc.org", "1988-5")),
    lab((SITE, "TJC"), display="Tender joints"),
    lab((SITE, "SJC"), display="Swollen joints"),
    lab((SITE, "SJC"), display="Swollen joints"),
    lab(text="DAS"),
    {"resourceType": "Condition", "code": {"coding": [{"system": SITE, "code": "RA"}]}},
    {"resourceType": "MedicationRequest", "medicationCodeableConcept": {"text": "艾拉莫德片"}},
    {"resourceType": "Observation", "code": {}, "component": [lab((SITE, "GS"))["code"] and
     {"code": {"coding": [{"system": SITE, "code": "GS"}]}}]},
    {"resourceType": "Encounter", "type": [{"text": "not asked for"}]},
    {"resourceType": "Observation", "code": "no concept"},
]  # fmt: skip


def test_unknown_codes_are_counted_by_kind_the_most_frequent_first() -> None:
    assert unknown_codes(RECORD, KNOWN, LocalCodes()) == [
        UnknownCode("drug", "", "", "艾拉莫德片", 1),
        UnknownCode("lab", SITE, "SJC", "Swollen joints", 2),
        UnknownCode("lab", "", "", "DAS", 1),
        UnknownCode("lab", SITE, "GS", "", 1),
        UnknownCode("lab", SITE, "TJC", "Tender joints", 1),
        UnknownCode("condition", SITE, "RA", "", 1),
    ]


def test_what_is_mapped_is_not_listed(tmp_path: Path) -> None:
    path = tmp_path / "local_codes.toml"
    path.write_text(MAPPING)
    found = unknown_codes(RECORD, KNOWN, LocalCodes.read(path))
    assert "TJC" not in [row.code for row in found]
    assert "SJC" in [row.code for row in found]


def test_the_file_to_fill_in_is_toml_that_maps_nothing_yet() -> None:
    text = as_local_codes([UnknownCode("lab", SITE, 'a"b\\c', "one\ntwo", 3)])
    assert tomllib.loads(text) == {}
    uncommented = "\n".join(
        line.removeprefix("# ") for line in text.splitlines() if not line.endswith("rest.")
        and "times:" not in line
    )  # fmt: skip
    assert tomllib.loads(uncommented)["lab"] == [
        {"system": SITE, "code": 'a"b\\c', "to": {"system": "", "code": ""}}
    ]


def test_bundles_single_resources_and_ndjson_are_read(tmp_path: Path) -> None:
    one, two = {"resourceType": "Condition", "id": "1"}, {"resourceType": "Condition", "id": "2"}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": one}, {}, {"resource": two}]}
    (tmp_path / "a.json").write_text(json.dumps(bundle))
    (tmp_path / "b.json").write_text(json.dumps(one))
    (tmp_path / "c.ndjson").write_text(f"{json.dumps(one)}\n\n{json.dumps(two)}\n")
    assert list(resources_in(tmp_path / "a.json")) == [one, two]
    assert list(resources_in(tmp_path / "b.json")) == [one]
    assert list(resources_in(tmp_path / "c.ndjson")) == [one, two]


@pytest.mark.parametrize(
    ("name", "text"), [("a.json", "{"), ("a.json", "[]"), ("a.ndjson", "{}\n{"), ("a.json", "{}")]
)
def test_what_is_not_fhir_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidBundle, match=name):
        list(resources_in(tmp_path / name))


def test_the_command_lists_and_prints_a_file_to_fill_in(tmp_path: Path) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": r} for r in RECORD]}
    (tmp_path / "a.json").write_text(json.dumps(bundle))
    answer = CliRunner().invoke(main, ["terminology", "check", str(tmp_path / "a.json")])
    assert answer.exit_code == 0, answer.output
    assert f"     2  lab        {SITE}|SJC  Swollen joints" in answer.output
    # the real content knows C reactive protein
    assert "1988-5" not in answer.output
    toml = CliRunner().invoke(main, ["terminology", "check", "--toml", str(tmp_path / "a.json")])
    assert '# code = "SJC"' in toml.output
