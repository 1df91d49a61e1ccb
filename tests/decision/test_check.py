"""`ra-cds check` finds each kind of shortcoming; a check that cannot fail would prove nothing."""

from __future__ import annotations

import dataclasses
import json

from ra_cds_hooks.decision.catalogue import PrefetchKey
from ra_cds_hooks.decision.check import problems
from tests.decision.conftest import FIXTURES


def changed(content, **changes):
    return dataclasses.replace(content, **changes)


def with_card(content, card_id, **changes):
    card = dataclasses.replace(content.cards[card_id], **changes)
    return changed(content, cards={**content.cards, card_id: card})


def test_the_content_is_whole(content):
    assert problems(content, FIXTURES) == []


def test_a_define_that_does_not_exist(content):
    broken = changed(content, defines=(*content.defines, "RARecommendations.No Such Define"))
    assert any("No Such Define" in p for p in problems(broken))


def test_a_card_without_chinese(content):
    card = content.cards["status"]
    words = {**card.words, "zh": {**card.words["zh"], "summary": ""}}
    assert any("no zh summary" in p for p in problems(with_card(content, "status", words=words)))


def test_a_template_that_does_not_parse(content):
    card = content.cards["status"]
    words = {**card.words, "en": {**card.words["en"], "detail": "{% if %}"}}
    assert any(
        "status (en detail)" in p for p in problems(with_card(content, "status", words=words))
    )


def test_a_card_without_source(content):
    assert any("no source" in p for p in problems(with_card(content, "status", source=" ")))


def test_an_override_reason_without_words(content):
    broken = with_card(content, "status", override_reasons=("because",))
    assert any("'because'" in p for p in problems(broken))


def test_a_card_that_speaks_of_no_member(content):
    broken = with_card(content, "status", speaks_of=("weather",))
    assert any("'weather'" in p for p in problems(broken))


def test_words_in_one_language_only(content):
    words = {**content.words, "states": {"remission": {"en": "remission"}}}
    assert any("states.remission: no zh" in p for p in problems(changed(content, words=words)))


def test_a_resource_type_that_nothing_brings(content):
    service = content.services["ra-refractory-review"]
    prefetch = {k: v for k, v in service.prefetch.items() if k != "conditions"}
    broken = dataclasses.replace(service, prefetch=prefetch)
    found = problems(changed(content, services={service.id: broken}))
    assert any("rules read Condition" in p for p in found)


def test_too_many_and_too_long_prefetch_keys(content):
    service = content.services["ra-refractory-review"]
    more = {
        **service.prefetch,
        "one": PrefetchKey("Condition?" + "x" * 3000, "scope", "without"),
        "two": PrefetchKey("Condition?patient=1", "", ""),
    }
    broken = dataclasses.replace(service, prefetch=more)
    found = " ".join(problems(changed(content, services={service.id: broken})))
    assert "at most ten" in found
    assert "over 2 KB" in found
    assert "names no scope" in found


def test_a_card_that_never_fires_and_one_that_always_does(content, tmp_path):
    case = tmp_path / "one"
    case.mkdir()
    answers = {"status": True, "next-step": False, "safety-gate": True, "missing-data": False}
    (case / "expected.json").write_text(json.dumps({"cards": {**answers, "ghost": True}}))
    found = problems(content, tmp_path)
    assert "card status: no case in which it does not fire" in found
    assert "card next-step: no case in which it fires" in found
    assert any("'ghost'" in p for p in found)
