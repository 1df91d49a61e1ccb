"""Kill switch and shadow mode: by service, card and issuer, while the service runs."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner

from ra_cds_hooks.cli import main
from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.operation.switches import Mode, Positions, Switches, read_positions
from tests.trust.conftest import ISS, Token, issuers, make_client  # noqa: F401  (fixtures)
from tests.trust.conftest import hook_request as bare_request
from tests.web.conftest import SERVICE, URL, bundle_of
from tests.web.orders import PARACETAMOL, call_of, medication_request, post

CASE = "v01-too-early"


@pytest.fixture
def switches(tmp_path):
    return Written(tmp_path / "switches.toml")


class Written:
    """A switches file that is written anew, always with another time."""

    def __init__(self, path):
        self.path, self.time = path, 1_700_000_000

    def __call__(self, text):
        self.path.write_text(text)
        self.time += 1
        os.utime(self.path, (self.time, self.time))
        return self.path


@pytest.fixture
def start(make_app, switches, tmp_path):
    def make(text):
        audit = {"audit": "file", "audit_file": tmp_path / "audit.jsonl"}
        return make_app(switches=switches(text), **audit).test_client()

    return make


def card_ids(answer, content):
    assert answer.status_code == 200
    key = content.extension_key
    return [card["extension"][key]["card"] for card in answer.get_json()["cards"]]


def fates(tmp_path):
    rows = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    return [
        [
            d["valueString"]
            for e in row["entity"]
            for d in e.get("detail", ())
            if d["type"] == "fate"
        ]
        for row in rows
    ]


def test_shadow_evaluates_and_audits_and_shows_nothing(start, hook_request, tmp_path):
    client = start(f'[services]\n"{SERVICE}" = "shadow"')
    assert client.post(URL, json=hook_request(bundle_of(CASE))).get_json() == {"cards": []}
    [found] = fates(tmp_path)
    assert found
    assert set(found) == {"shadow"}


def test_shadow_shows_no_decision_either_where_there_is_no_card(start, content, hook_request):
    client = start('everything = "shadow"')
    answer = client.post(URL, json=hook_request(bundle_of("record--no-ra")))
    assert answer.get_json() == {"cards": []}
    garbled = medication_request(PARACETAMOL, status=1)
    call = call_of(content, "order-tnfi--caution", garbled)
    assert post(client, call) == {"cards": []}


def test_off_evaluates_nothing(start, hook_request, tmp_path):
    client = start('everything = "off"')
    assert client.post(URL, json=hook_request(bundle_of(CASE))).get_json() == {"cards": []}
    assert fates(tmp_path) == [[]]
    assert '"mode","valueString":"off"' in (tmp_path / "audit.jsonl").read_text()


@pytest.mark.parametrize("word", ["shadow", "off"])
def test_one_card_is_withheld_and_the_decision_with_it(
    start, hook_request, content, tmp_path, word
):
    client = start('everything = "on"')
    before = card_ids(client.post(URL, json=hook_request(bundle_of(CASE))), content)
    assert "status" in before
    assert len(before) > 1
    client = start(f'[cards]\nstatus = "{word}"')
    answer = client.post(URL, json=hook_request(bundle_of(CASE)))
    assert card_ids(answer, content) == [card for card in before if card != "status"]
    assert "extension" not in answer.get_json()
    assert fates(tmp_path)[-1].count(word) == 1


def test_it_counts_without_a_restart(start, hook_request, content, switches):
    client = start('everything = "on"')
    request = hook_request(bundle_of(CASE))
    shown = card_ids(client.post(URL, json=request), content)
    assert shown
    switches('everything = "off"')
    assert card_ids(client.post(URL, json=request), content) == []
    switches('everything = "on"')
    assert card_ids(client.post(URL, json=request), content) == shown


WRONG = [
    'everything = "of"',
    "[",
    '[cards]\nno-such-card = "off"',
    '[issuers]\n"x" = "on"',
    "",
    None,
]


@pytest.mark.parametrize("text", WRONG)
def test_a_file_that_became_wrong_changes_nothing_and_is_told(
    start, hook_request, content, switches, caplog, text
):
    client = start('[services]\n"ra-refractory-review" = "off"')
    if text is None:
        switches.path.unlink()
    else:
        switches(text)
    for _ in range(2):
        assert card_ids(client.post(URL, json=hook_request(bundle_of(CASE))), content) == []
    assert caplog.text.count("switches left as they were") == 1
    metrics = client.get("/metrics").get_data(as_text=True)
    assert 'ra_cds_operation_failures_total{part="switches"} 1.0' in metrics
    switches('everything = "on"')
    assert card_ids(client.post(URL, json=hook_request(bundle_of(CASE))), content)


def test_by_issuer(make_client, issuers, switches, content):  # noqa: F811
    other = '[[issuer]]\niss = "https://other.example.org"\njwks_file = "jwks.json"\n'
    issuers.write_text(issuers.read_text() + other)
    client = make_client(issuers, switches=switches(f'[issuers]\n"{ISS}" = "off"'))

    def cards():
        answer = client.post(URL, json=bare_request(), headers=Token().header())
        return answer.status_code, "extension" in answer.get_json()

    assert cards() == (200, False)
    switches('[issuers]\n"https://other.example.org" = "off"')
    assert cards() == (200, True)


@pytest.mark.parametrize(
    ("everything", "service", "issuer", "mode"),
    [
        ("ON", "ON", "ON", "ON"),
        ("SHADOW", "ON", "ON", "SHADOW"),
        ("ON", "SHADOW", "ON", "SHADOW"),
        ("ON", "ON", "SHADOW", "SHADOW"),
        ("SHADOW", "OFF", "ON", "OFF"),
        ("OFF", "ON", "SHADOW", "OFF"),
        ("ON", "SHADOW", "OFF", "OFF"),
    ],
)
def test_the_strictest_word_wins(everything, service, issuer, mode):
    positions = Positions(Mode[everything], {"s": Mode[service]}, {}, {"i": Mode[issuer]})
    assert positions.service("s", "i") is Mode[mode]


def test_without_a_file_everything_is_on():
    positions = Switches(None, (), ()).positions()
    assert positions.service("s", None) is Mode.ON
    assert positions.card("c") is Mode.ON


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services = 1", "services is not a table"),
        ('[service]\nx = "off"', "no such table: service"),
        ('[services]\nx = "off"', "there is no 'x'"),
        ('[cards]\nstatus = "OFF"', "cards.status: choose from on, shadow, off"),
        ("everything = true", "everything: choose from"),
        ("[", "switches.toml"),
        ('[issuers]\n"https://ehr.example.org/" = "off"', "there is no 'https://ehr.example.org/'"),
        ("", "the file is empty"),
        ("# off for now\n", "the file is empty"),
    ],
)
def test_a_wrong_file_stops_the_start(switches, text, said):
    with pytest.raises(ConfigurationError, match="RA_CDS_SWITCHES") as caught:
        read_positions(switches(text), ["s"], ["status"], ["https://ehr.example.org"])
    assert said in caught.value.message


def test_the_shadow_report_counts_cards_and_patients(start, hook_request, tmp_path):
    client = start('everything = "shadow"')
    for case in (CASE, CASE, "v02-primary-nonresponse-m3", "record--no-ra"):
        client.post(URL, json=hook_request(bundle_of(case)))
    arguments = ["shadow", "report", "--audit", str(tmp_path / "audit.jsonl")]
    answer = CliRunner().invoke(main, [*arguments, "--json"])
    assert answer.exit_code == 0, answer.output
    [row] = json.loads(answer.output)
    assert row["service"] == SERVICE
    assert (row["evaluations"], row["patients"], row["users"]) == (4, 3, 1)
    assert row["withCards"] == 3
    status = [card for card in row["cards"] if card["card"] == "status"]
    counts = {card["indicator"]: (card["count"], card["patients"]) for card in status}
    assert counts == {"info": (2, 1), "warning": (1, 1)}
    table = CliRunner().invoke(main, arguments).output
    assert f"{SERVICE}: 4 evaluations, 3 patients, 1 users, 3 with cards" in table
    late = CliRunner().invoke(main, [*arguments, "--since", "2026-11-24"])
    assert "Nothing was evaluated in shadow mode" in late.output
    wrong = CliRunner().invoke(main, [*arguments, "--since", "yesterday"])
    assert (wrong.exit_code, "--since is not a date" in wrong.output) == (4, True)
    day = CliRunner().invoke(main, [*arguments, "--since", "2026-11-23", "--json"])
    assert json.loads(day.output)[0]["evaluations"] == 4
