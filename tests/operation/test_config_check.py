"""`ra-cds config check`: what is in effect, no secret, and each thing that is wrong."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

from ra_cds_hooks.cli import main
from ra_cds_hooks.cli.config import notes, shown
from ra_cds_hooks.settings import Settings, load_settings

SECRET = "CANARY-secret-of-the-hashes"


def run(tmp_path, **environment):
    base = {"RA_CDS_DATABASE_URL": f"sqlite:///{tmp_path}/f.sqlite"}
    return CliRunner().invoke(main, ["config", "check"], env=base | environment)


def test_every_setting_is_printed_and_no_secret(tmp_path):
    answer = run(tmp_path, RA_CDS_OVERRIDE_SECRET=SECRET, RA_CDS_PORT="9000")
    assert answer.exit_code == 0, answer.output
    assert "nothing wrong" in answer.output
    for name in Settings.model_fields:
        assert f"RA_CDS_{name.upper()} = " in answer.output
    assert "RA_CDS_PORT = 9000\n" in answer.output
    assert "RA_CDS_FHIR_TRIES = 3 (default)" in answer.output
    assert "RA_CDS_OVERRIDE_SECRET = (set)" in answer.output
    assert "CANARY" not in answer.output


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"RA_CDS_FHIR_SERVER": "https://x"}, "RA_CDS_FHIR_SERVER: there is no such setting"),
        ({"RA_CDS_SWITCHES": "/no/such.toml"}, "RA_CDS_SWITCHES: such.toml"),
        ({"RA_CDS_LOCAL_CODES": "/no/such.toml"}, "such.toml"),
        ({"RA_CDS_FHIR_CA_BUNDLE": "/no/such.pem"}, "RA_CDS_FHIR_CA_BUNDLE: there is no such"),
        ({"RA_CDS_FHIR_CA_BUNDLE": __file__}, "RA_CDS_FHIR_CA_BUNDLE: it cannot be read"),
        ({"RA_CDS_FHIR_SERVERS": "https://a.test/fhir,b.test"}, "RA_CDS_FHIR_SERVERS: number 2"),
        ({"RA_CDS_FHIR_SERVERS": "http://a.test/fhir"}, "RA_CDS_FHIR_SERVERS: number 1"),
        ({"RA_CDS_FHIR_SERVERS": "https://u:p@a.test/fhir"}, "RA_CDS_FHIR_SERVERS: number 1"),
        ({"RA_CDS_DATABASE_URL": "postgresql://u:p@h/d"}, "write sqlite:///file or postgresql+pg"),
        ({"RA_CDS_AUDIT": "file", "RA_CDS_AUDIT_FILE": "/tmp"}, "RA_CDS_AUDIT_FILE: it is no file"),
        ({"RA_CDS_PARAMETERS": '{"RAParameters.No Such": 1}'}, "No Such"),
        ({"RA_CDS_DATABASE_URL": "sqlite:////no/such/f.sqlite"}, "database does not answer"),
        ({"RA_CDS_AUDIT": "file", "RA_CDS_AUDIT_FILE": "/no/such/a.jsonl"}, "RA_CDS_AUDIT_FILE"),
        (
            {"RA_CDS_ISSUERS": "/no/issuers.toml", "RA_CDS_PUBLIC_BASE_URL": "https://cds.test"},
            "issuers.toml",
        ),
    ],
)
def test_what_is_wrong_is_named_and_ends_with_1(tmp_path, environment, said):
    answer = run(tmp_path, **environment)
    assert answer.exit_code == 1, answer.output
    assert [
        line for line in answer.output.splitlines() if line.startswith("wrong: ") and said in line
    ]
    assert "nothing wrong" not in answer.output


def test_a_service_that_there_is_not_is_wrong(tmp_path):
    issuers = tmp_path / "issuers.toml"
    issuers.write_text('[[issuer]]\niss = "a"\njku = "https://a/j"\nservices = ["ra-typo"]\n')
    answer = run(tmp_path, RA_CDS_ISSUERS=str(issuers), RA_CDS_PUBLIC_BASE_URL="https://cds.test")
    assert answer.exit_code == 1
    assert "wrong: RA_CDS_ISSUERS: a: services: there is no 'ra-typo'" in answer.output


def test_an_audit_without_a_lasting_key_is_wrong(tmp_path):
    url = "postgresql+pg8000://user:CANARY@127.0.0.1:1/db"
    answer = run(tmp_path, RA_CDS_DATABASE_URL=url, RA_CDS_AUDIT="database")
    assert answer.exit_code == 1
    assert "needs a lasting key" in answer.output.replace("its hashes need", "needs")
    assert "user:***@127.0.0.1:1/db" in answer.output
    assert "CANARY" not in answer.output


@pytest.mark.parametrize(
    ("name", "value"), [("RA_CDS_PORT", "eighty"), ("RA_CDS_PARAMETERS", "{broken")]
)
def test_a_setting_that_does_not_fit_is_named_and_ends_with_3(tmp_path, name, value):
    answer = run(tmp_path, **{name: value})
    assert answer.exit_code == 3
    assert f"{name}: " in answer.output


VERIFIED = {"issuers": "i.toml", "public_base_url": "https://x"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "RA_CDS_ISSUERS"),
        ({"demo": True}, "RA_CDS_DEMO"),
        ({"as_of": "2026-11-23"}, "RA_CDS_AS_OF"),
        ({}, "RA_CDS_AUDIT"),
        ({"cors_origins": "*"}, "RA_CDS_CORS_ORIGINS"),
        ({"store_feedback_comments": True}, "RA_CDS_STORE_FEEDBACK_COMMENTS"),
        ({"database_url": "postgresql+pg8000://h/d"}, "RA_CDS_OVERRIDE_SECRET"),
        ({"public_base_url": "http://cds.example.org"}, "RA_CDS_PUBLIC_BASE_URL"),
        ({"jwt_replay": "memory", "workers": 2, **VERIFIED}, "RA_CDS_JWT_REPLAY"),
        ({"jwt_replay": "memory", **VERIFIED}, "RA_CDS_JWT_REPLAY"),
        # A database of several hosts, perhaps: pods with a worker each.
        ({"workers": 1, "database_url": "postgresql://h/d", **VERIFIED}, "RA_CDS_JWT_REPLAY"),
    ],
)
def test_a_choice_that_deserves_a_look_is_a_note(given, said):
    assert [note for note in notes(load_settings(**given)) if f"({said})" in note]


def test_a_careful_deployment_has_no_notes():
    careful = {"issuers": "i.toml", "audit": "file"}
    assert list(notes(load_settings(**careful, public_base_url="https://cds.example.org"))) == []
    assert list(notes(load_settings(**careful, public_base_url="http://127.0.0.1:8080"))) == []
    assert list(notes(load_settings(**careful, public_base_url="https://a", workers=1))) == []
    alone = {**careful, "jwt_replay": "memory", "workers": 1}
    assert list(notes(load_settings(**alone, public_base_url="https://cds.example.org"))) == []


def test_a_collector_without_the_extra_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    answer = run(tmp_path, RA_CDS_OTLP_ENDPOINT="http://127.0.0.1:4318/v1/traces")
    assert answer.exit_code == 1
    assert "ra-cds-hooks[otel]" in answer.output


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("database_url", "sqlite:///x.sqlite", "sqlite:///x.sqlite"),
        ("database_url", "postgresql://u:p@h/d?password=q", "postgresql://u:***@h/d"),
        ("database_url", "CANARY", "(not a URL)"),
        (
            "database_url",
            "postgresql+pg8000://u:p@CANARY@h/d",
            "(a URL with a second @: in a user name or password it is written %40)",
        ),
        ("fhir_servers", ("https://u:p@a.example/fhir",), "https://***@a.example/fhir"),
        ("issuers", None, "(not set)"),
    ],
)
def test_a_value_is_printed_without_its_secrets(name, value, expected):
    assert shown(name, value) == expected
