"""Settings: documented one by one, checked together, read from the environment only here."""

import re
from pathlib import Path

import pytest

from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.settings import Settings, is_loopback, load_settings, settle_hosts
from tools import settings_table

DOCUMENT = Path(__file__).parents[1] / "docs" / "settings.md"


def documented() -> dict[str, str]:
    rows = re.findall(r"^\| `(RA_CDS_\w+)` \| (.+?) \|", DOCUMENT.read_text("utf-8"), re.M)
    return dict(rows)


def test_every_setting_is_documented_and_nothing_else():
    assert set(documented()) == {f"RA_CDS_{name.upper()}" for name in Settings.model_fields}
    assert list(settings_table.meanings()) == list(Settings.model_fields)


def test_the_page_is_what_is_made_from_the_settings():
    assert settings_table.page() == DOCUMENT.read_text("utf-8"), "make settings"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("port", "whole number from 0 to 65535"),
        ("request_seconds", "number above 0 to 600"),
        ("language", "`en`, `zh`"),
        ("fhir_loopback", "`true`, `false`"),
        ("fhir_servers", "list"),
        ("parameters", "JSON"),
        ("issuers", "path"),
        ("as_of", "date or moment"),
        ("override_secret", "text, never printed"),
    ],
)
def test_the_values_are_those_that_are_accepted(name, values):
    assert f"| {values} | {settings_table.meanings()[name]['meaning']} |\n" in settings_table.page()


def test_a_setting_that_nobody_described_stops_the_page(monkeypatch):
    known = settings_table.meanings()
    monkeypatch.setattr(settings_table, "meanings", lambda: known | {"port": {}})
    with pytest.raises(KeyError, match="meaning"):
        settings_table.page()


def test_documented_defaults_are_the_defaults():
    for name, field in Settings.model_fields.items():
        shown = documented()[f"RA_CDS_{name.upper()}"]
        default = field.get_default(call_default_factory=True)
        if not shown.startswith("`"):
            assert (
                shown.startswith("the installed ")
                or {"not set": None, "empty": ()}[shown] == default
            ), name
            continue
        if isinstance(default, tuple):
            default = ",".join(default)
        if isinstance(default, bool):
            default = str(default).lower()
        assert shown.strip("`") == str(default), name


def test_a_setting_without_a_row_would_be_noticed():
    assert "RA_CDS_NO_SUCH_SETTING" not in documented()


def test_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("RA_CDS_PORT", "9000")
    monkeypatch.setenv("RA_CDS_FHIR_SERVERS", "https://a.example/fhir, https://b.example/fhir")
    settings = load_settings()
    assert settings.port == 9000
    assert settings.fhir_servers == ("https://a.example/fhir", "https://b.example/fhir")


def test_a_date_is_noon_of_that_day():
    settings = load_settings(as_of="2026-11-23")
    assert settings.as_of.isoformat() == "2026-11-23T12:00:00+00:00"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"port": "eighty"}, "RA_CDS_PORT"),
        ({"language": "fr"}, "RA_CDS_LANGUAGE"),
        ({"as_of": "2026-11-23", "host": "0.0.0.0", "allow_anonymous": True}, "RA_CDS_AS_OF"),
        ({"host": "0.0.0.0"}, "RA_CDS_ISSUERS"),
        ({"issuers": "issuers.toml"}, "RA_CDS_PUBLIC_BASE_URL"),
        ({"jwt_algorithms": "HS256"}, "RA_CDS_JWT_ALGORITHMS"),
        ({"fhir_private_networks": "10.0.0.0/33"}, "RA_CDS_FHIR_PRIVATE_NETWORKS"),
        ({"as_of": "2026-11-23T10:00:00"}, "time zone"),
        ({"as_of": "2026-99-23"}, "RA_CDS_AS_OF"),
    ],
)
def test_a_wrong_setting_is_named(given, named):
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**given)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("2130706433", False),
        ("0177.0.0.1", False),
        ("localhost.example.org", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_is_recognised_by_address(host, expected):
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "127.0.0.1:8080"),
        ("localhost", "localhost:8080"),
        ("::1", "[::1]:8080"),
        ("[::1]", "[::1]:8080"),
    ],
)
def test_the_address_is_one_that_a_server_understands(host, expected):
    assert load_settings(host=host).address == expected


@pytest.mark.parametrize(
    "hosts",
    [["0.0.0.0"], ["::"], ["10.0.0.1", "127.0.0.1"], ["127.0.0.1", "/run/a.sock"], ["fd://3"]],
)
def test_no_other_address_than_loopback_for_anyone_whoever_named_it(monkeypatch, hosts):
    monkeypatch.setenv("RA_CDS_HOST", "127.0.0.1")
    with pytest.raises(ConfigurationError, match="RA_CDS_ALLOW_ANONYMOUS=1"):
        settle_hosts(hosts)


@pytest.mark.parametrize("hosts", [["10.0.0.1", "127.0.0.1"], ["127.0.0.1", "10.0.0.1"]])
def test_an_address_named_elsewhere_counts_as_the_settings(monkeypatch, hosts):
    monkeypatch.setenv("RA_CDS_HOST", "127.0.0.1")
    monkeypatch.setenv("RA_CDS_ALLOW_ANONYMOUS", "1")
    assert load_settings().loopback_fhir
    settle_hosts(hosts)
    assert not load_settings().loopback_fhir
