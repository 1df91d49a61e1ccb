"""A site's own thresholds: read, checked, in effect, and said on the cards that used them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from ra_cds_hooks.cli import main
from ra_cds_hooks.cql_engine_lite import Quantity
from ra_cds_hooks.decision import decide, render
from ra_cds_hooks.decision.parameters import as_cql, as_written, declared, read_overrides
from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.fhir.record import PatientRecord
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import reading_for
from tests.content import content_with
from tests.decision.conftest import AS_OF, FIXTURES

SETTINGS = load_settings()
TARGET = "RAParameters.Target Due After"


def test_every_parameter_of_the_program_is_declared_with_a_source(content):
    found = {p.name: p for p in declared(SETTINGS.content_dir)}
    assert set(found) == content.program.parameter_names()
    assert [name for name, p in found.items() if not p.source] == []


def test_a_table_per_library_gives_names(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text('[RAParameters]\n"Target Due After" = "7 months"\n"CRP Maximum" = 650.5\n')
    given = read_overrides(path)
    assert given == {TARGET: "7 months", "RAParameters.CRP Maximum": Decimal("650.5")}


def test_values_take_the_declared_type(content):
    given = {TARGET: "7 months", "RAParameters.CRP Maximum": 650, "RAParameters.RegProfile": "EU"}
    assert as_cql(content.program, given) == {
        TARGET: Quantity(Decimal(7), "months"),
        "RAParameters.CRP Maximum": Decimal(650),
        "RAParameters.RegProfile": "EU",
    }
    assert as_written(Quantity(Decimal(7), "months")) == "7 months"


@pytest.mark.parametrize(
    "text",
    ['"Target Due After" = "7 months"\n', "[RAParameters\n", '[RAParameters]\nX = "1"\nX = "2"\n'],
)
def test_a_file_of_another_form_is_refused(tmp_path, text):
    path = tmp_path / "site.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="RA_CDS_PARAMETERS_FILE"):
        read_overrides(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="RA_CDS_PARAMETERS_FILE"):
        read_overrides(tmp_path / "missing.toml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RAParameters.No Such", 1),
        (TARGET, "soon"),
        ("RAParameters.CRP Maximum", "many"),
        ("RAParameters.CRP Maximum", True),
        ("RAParameters.CRP Maximum", "NaN"),
        ("RAParameters.CRP Maximum", [650]),
        # a duration in days, weeks, months or years; anything else fails each call, or ages nothing
        (TARGET, 7),
        (TARGET, "7"),
        (TARGET, "7 mg"),
        (TARGET, "7 bananas"),
        (TARGET, "-7 months"),
        ("RAParameters.Baseline Visits Assessed At Most", "5"),
        ("RAParameters.Baseline Visits Assessed At Most", True),
        ("RAParameters.Baseline Visits Assessed At Most", Decimal("4.5")),
        ("RAParameters.RegProfile", 1),
    ],
)
def test_what_does_not_fit_is_refused_by_name(content, name, value):
    with pytest.raises(ConfigurationError, match=name):
        as_cql(content.program, {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # a word that no rule knows would silently take each rule's last branch
        ("RAParameters.RegProfile", "strict"),
        ("RAParameters.RegProfile", "XX"),
        ("RAParameters.RegProfile", 1),
        ("RankingParameters.GuideProfile", "EULAR2023"),
        ("RAParameters.DAS28-CRP Cuts", "LOW"),
        # what the service takes from each request is no site's to say
        ("RAParameters.Incomplete Data", []),
        ("RAParameters.Draft Orders", ["MedicationRequest/1"]),
        ("RAParameters.Orders In Question", ["MedicationRequest/1"]),
        ("RAParameters.Orders Are Signed", False),
    ],
)
def test_a_word_no_rule_knows_and_a_fact_of_the_request_are_refused(name, value):
    with pytest.raises(ConfigurationError, match=name):
        content_with({name: value})


def test_every_parameter_that_is_a_word_says_which_words(content):
    words = {p.name: p.default for p in declared(SETTINGS.content_dir) if p.type == "String"}
    allowed = content.parameter_words
    assert set(words) == set(allowed)
    for name, default in words.items():
        assert default in allowed[name]
        for word in allowed[name]:
            assert content_with({name: word}).parameters == {name: word}


def test_every_duration_may_be_set_as_its_own_default(content):
    durations = [p for p in declared(SETTINGS.content_dir) if p.type == "Quantity"]
    assert len(durations) > 50
    given = as_cql(content.program, {p.name: p.default for p in durations})
    assert {name: as_written(value) for name, value in given.items()} == {
        p.name: p.default for p in durations
    }


def answer_of(case: str, given: dict[str, object], language: str = "en"):
    own = content_with(given)
    bundle = orjson.loads((FIXTURES / case / "bundle.json").read_bytes())
    record = PatientRecord.read_bundle(bundle, reading_for(own, SETTINGS))
    decision = decide(own, record, AS_OF)
    [service] = [s for s in own.services.values() if s.id == "ra-refractory-review"]
    cards = render(own, decision, service=service, language=language, hook_instance="x")["cards"]
    return decision.document, {c["extension"][own.extension_key]["card"]: c for c in cards}


def test_an_override_decides_and_the_card_says_so():
    case = "v03-primary-nonresponse-m6"
    document, cards = answer_of(case, {})
    assert document["primary"] == "PRIMARY_NONRESPONSE_M6"
    assert "overriddenParameters" not in document
    assert "Site value" not in cards["status"]["detail"]
    # start 2026-05-04: with 7 months the target is not due yet on 2026-11-20
    document, cards = answer_of(case, {TARGET: "7 months"})
    assert document["primary"] != "PRIMARY_NONRESPONSE_M6"
    assert document["overriddenParameters"] == {TARGET: "7 months"}
    assert "Target Due After: 7 months" in cards["status"]["detail"]
    _, cards = answer_of(case, {TARGET: "7 months"}, "zh")
    assert "本机构设定值" in cards["status"]["detail"]
    assert "7 months" in cards["status"]["detail"]


def test_a_card_whose_rules_read_nothing_of_it_does_not_speak_of_it(content):
    case = "v01-too-early"
    _, cards = answer_of(case, {"RankingParameters.Base RTX": 46})
    assert "Site value" not in cards["status"]["detail"]


def run(*arguments: str, env: dict[str, str] | None = None):
    return CliRunner(env=env or {}).invoke(main, list(arguments), catch_exceptions=False)


def test_the_command_lists_all_with_their_source():
    answer = run("parameters")
    assert answer.exit_code == 0
    assert "RAParameters.Target Due After = 6 months" in answer.output
    rows = orjson.loads(run("parameters", "--json").stdout_bytes)
    assert len(rows) == len(declared(SETTINGS.content_dir))


def test_the_command_shows_what_a_site_changed(tmp_path: Path):
    path = tmp_path / "site.toml"
    path.write_text('[RAParameters]\n"Target Due After" = "7 months"\n')
    answer = run("parameters", "--changed", env={"RA_CDS_PARAMETERS_FILE": str(path)})
    assert "RAParameters.Target Due After = 7 months (default 6 months)" in answer.output
    assert answer.output.count(" = ") == 1
