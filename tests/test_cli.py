"""The command line: answers, exit codes of errors.TABLE, nothing of the record in errors."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ra_cds_hooks.cli import main

FIXTURES = Path(__file__).parents[1] / "fhir_fixtures"
V01 = FIXTURES / "v01-too-early" / "bundle.json"


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=environment)


def test_evaluate_prints_the_cards():
    answer = run("evaluate", str(V01), "--as-of", "2026-11-23")
    assert answer.exit_code == 0, answer.output
    assert "Too early to judge adalimumab" in answer.output
    assert "2026-12-28" in answer.output


def test_evaluate_in_chinese():
    answer = run("evaluate", str(V01), "--as-of", "2026-11-23", "--lang", "zh")
    assert "阿达木单抗尚早判断" in answer.output


def test_evaluate_json_is_the_decision():
    answer = run("evaluate", str(V01), "--as-of", "2026-11-23", "--json")
    decision = json.loads(answer.output)
    assert decision["primary"] == "TOO_EARLY"
    assert decision["milestones"]["evaluableFrom"] == "2026-12-28"


def test_the_date_decides():
    later = run("evaluate", str(V01), "--as-of", "2027-03-01", "--json")
    assert json.loads(later.output)["primary"] != "TOO_EARLY"


def test_no_card_is_said_so():
    answer = run(
        "evaluate", str(FIXTURES / "record--no-ra" / "bundle.json"), "--as-of", "2026-11-23"
    )
    assert answer.exit_code == 0
    assert "No cards" in answer.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "not a FHIR Bundle"),
        ('{"resourceType": "Patient"}', "not a FHIR Bundle"),
        ('{"resourceType": "Bundle"}', "holds no Patient"),
        ('{"resourceType": "Bundle", "entry": "SECRET"}', "not a list"),
    ],
)
def test_a_file_that_is_no_record_ends_with_4_and_a_message(tmp_path, text, said):
    path = tmp_path / "bundle.json"
    path.write_text(text)
    answer = run("evaluate", str(path))
    assert answer.exit_code == 4
    assert said in answer.output
    assert "SECRET" not in answer.output
    assert "Traceback" not in answer.output


def test_two_patients_need_a_choice(tmp_path):
    bundle = json.loads(V01.read_text())
    bundle["entry"].append({"resource": {"resourceType": "Patient", "id": "other"}})
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(bundle))
    assert "--patient" in run("evaluate", str(path)).output
    chosen = run("evaluate", str(path), "--patient", "v01-too-early", "--as-of", "2026-11-23")
    assert chosen.exit_code == 0, chosen.output


def test_a_wrong_setting_ends_with_3_and_names_it():
    answer = run("check", RA_CDS_FHIR_BUDGET_SECONDS="soon")
    assert answer.exit_code == 3
    assert "RA_CDS_FHIR_BUDGET_SECONDS" in answer.output


def test_check_says_that_the_content_is_whole():
    answer = run("check")
    assert answer.exit_code == 0, answer.output
    assert "whole" in answer.output


def test_expect_writes_what_the_case_gives(tmp_path):
    shutil.copytree(FIXTURES / "v01-too-early", tmp_path / "v01-too-early")
    (tmp_path / "v01-too-early" / "expected.json").unlink()
    answer = run("expect", "v01-too-early", RA_CDS_FIXTURES_DIR=str(tmp_path))
    assert answer.exit_code == 0, answer.output
    written = json.loads((tmp_path / "v01-too-early" / "expected.json").read_text())
    assert written["decision"]["primary"] == "TOO_EARLY"
    assert written["cards"]["status"] is True
    assert "contentVersion" not in written["decision"]


def test_expect_of_an_unknown_case_is_an_error():
    assert run("expect", "no-such-case").exit_code == 4


def test_a_reader_that_stops_early_is_no_internal_error() -> None:
    """`ra-cds parameters | head`: the reader has what it wants, and nobody is to be told."""
    command = [sys.executable, "-m", "ra_cds_hooks", "parameters"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
