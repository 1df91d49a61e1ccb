"""Cards as the protocol and cards.md want them, over every fixture patient and both languages."""

from __future__ import annotations

import re
import uuid

import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest

from ra_cds_hooks.decision import render
from ra_cds_hooks.decision.render import SUMMARY_LIMIT

SERVICE = "ra-refractory-review"
# cards.md: "Consider", never these; a card does not start a drug either.
FORBIDDEN = re.compile(r"\b(must|prescribe|immediately)\b|必须|应立即|处方", re.IGNORECASE)
NUMBERS = re.compile(r"\d{4}-\d{2}(?:-\d{2})?|\d+(?:\.\d+)?")

# Where a verdict stands on a card: in a list, or behind the name of the gate.
BESIDE_A_VERDICT = {"en": ("**{}**", "Gate: {}", "({})"), "zh": ("**{}**", "门槛：{}", "（{}）")}


@pytest.fixture(scope="module")
def rendered(content, decisions):
    """case id -> language -> response body."""
    service = content.services[SERVICE]
    return {
        case: {
            language: render(
                content, decision, service=service, language=language, hook_instance="instance"
            )
            for language in ("en", "zh")
        }
        for case, decision in decisions.items()
    }


def all_cards(rendered):
    for case, answers in rendered.items():
        for language, answer in answers.items():
            for card in answer["cards"]:
                yield f"{case} {language}", card


def test_every_card_has_what_the_protocol_requires(rendered):
    seen = 0
    for where, card in all_cards(rendered):
        seen += 1
        assert uuid.UUID(card["uuid"]), where
        assert card["indicator"] in {"info", "warning", "critical"}, where
        assert card["source"]["label"], where
        assert ("suggestions" in card) == ("selectionBehavior" in card), where
        for suggestion in card.get("suggestions", []):
            assert suggestion["label"] and uuid.UUID(suggestion["uuid"]), where
            for action in suggestion["actions"]:
                assert action["type"] == "create", where
                request = ServiceRequest.model_validate(action["resource"])
                assert (request.status, request.intent) == ("draft", "proposal"), where
        recommended = [s for s in card.get("suggestions", []) if s.get("isRecommended")]
        assert len(recommended) <= 1, where
        for reason in card["overrideReasons"]:
            assert reason["code"] and reason["display"] and reason["system"], where
    assert seen > 100


def test_summaries_are_short_and_not_cut(rendered):
    for where, card in all_cards(rendered):
        assert len(card["summary"]) < SUMMARY_LIMIT, where
        assert not card["summary"].endswith("…"), f"{where}: {card['summary']}"


def test_details_hold_no_html_and_no_word_that_commands(rendered):
    for where, card in all_cards(rendered):
        text = card["summary"] + card["detail"]
        assert not re.search(r"<[a-z/]", text), where
        found = FORBIDDEN.search(text)
        assert not found, f"{where}: {found and found[0]}"


def test_english_and_chinese_carry_the_same_numbers_dates_and_verdicts(rendered):
    for case, answers in rendered.items():
        english, chinese = answers["en"]["cards"], answers["zh"]["cards"]
        assert len(english) == len(chinese), case
        for one, other in zip(english, chinese, strict=True):
            assert one["uuid"] == other["uuid"], case
            assert one["indicator"] == other["indicator"], case
            for part in ("summary", "detail"):
                said, gesagt = (sorted(NUMBERS.findall(c[part])) for c in (one, other))
                assert set(said) == set(gesagt), f"{case}: {one['summary']}"


def test_no_member_is_empty(rendered):
    def walk(value, where):
        if isinstance(value, dict):
            for name, member in value.items():
                assert member not in (None, "", [], {}), f"{where}.{name}"
                walk(member, f"{where}.{name}")
        elif isinstance(value, list):
            for member in value:
                assert member not in (None, "", [], {}), where
                walk(member, where)

    for case, answers in rendered.items():
        for answer in answers.values():
            walk({k: v for k, v in answer.items() if k != "cards"}, case)
            walk({"cards": answer["cards"] or "none"}, case)


def test_at_most_four_cards_each_of_its_own_kind(content, rendered):
    for case, answers in rendered.items():
        kinds = [c["extension"][content.extension_key]["card"] for c in answers["en"]["cards"]]
        assert len(kinds) <= 4, case
        assert len(kinds) == len(set(kinds)), case


def test_one_test_is_suggested_once_per_response(rendered):
    for case, answers in rendered.items():
        labels = [
            s["label"] for card in answers["en"]["cards"] for s in card.get("suggestions", [])
        ]
        assert len(labels) == len(set(labels)), f"{case}: {labels}"


def test_a_gate_card_says_what_was_not_checked(content, decisions, rendered):
    seen = 0
    for case, answers in rendered.items():
        unchecked = decisions[case].document.get("gatesNotChecked", [])
        for card in answers["en"]["cards"]:
            if card["extension"][content.extension_key]["card"] == "safety-gate":
                seen += 1
                said = "Not checked by this version" in card["detail"]
                assert said == bool(unchecked), case
                for code in unchecked:
                    assert content.words["not_checked"][code]["en"] in card["detail"], case
    assert seen > 10


def test_keys_are_stable_and_uuids_follow_the_call(content, decisions):
    service = content.services[SERVICE]
    decision = decisions["v02-primary-nonresponse-m3"]

    def answer(instance):
        return render(content, decision, service=service, language="en", hook_instance=instance)[
            "cards"
        ]

    one, two, other = answer("a"), answer("a"), answer("b")
    keys = [[c["extension"][content.extension_key]["key"] for c in cards] for cards in (one, other)]
    assert keys[0] == keys[1]
    assert [c["uuid"] for c in one] == [c["uuid"] for c in two]
    assert not {c["uuid"] for c in one} & {c["uuid"] for c in other}


def test_another_state_of_the_record_has_another_key(content, decisions):
    """What the card speaks of is part of its key: another gap, another missing-data card."""
    service = content.services[SERVICE]

    def key(case, card_id):
        cards = render(content, decisions[case], service=service, language="en", hook_instance="i")[
            "cards"
        ]
        own = [c["extension"][content.extension_key] for c in cards]
        return next(o["key"] for o in own if o["card"] == card_id)

    one, other = "v02-primary-nonresponse-m3", "v02-primary-nonresponse-m3--baseline-missing"
    for card_id in ("status", "missing-data"):
        assert key(one, card_id) != key(other, card_id)


def test_every_conclusion_shows_its_evidence(content, rendered):
    for case, answers in rendered.items():
        for card in answers["en"]["cards"]:
            own = card["extension"][content.extension_key]
            if own["card"] == "status" and not case.startswith("record--"):
                assert own.get("evidence"), case
                for row in own["evidence"]:
                    assert re.fullmatch(r"[A-Z]\w+/[A-Za-z0-9.\-]+", row["reference"]), case


def test_the_decision_can_be_left_out(content, decisions):
    decision = decisions["v01-too-early"]
    answer = render(
        content, decision, service=content.services[SERVICE], language="en",
        hook_instance="i", with_extension=False,
    )  # fmt: skip
    assert "extension" not in answer


def test_both_languages_give_the_same_verdicts(content, rendered):
    """Each verdict word as often in one language as in the other, card by card."""
    verdicts = content.words["verdicts"]
    seen = set()
    for case, answers in rendered.items():
        for one, other in zip(answers["en"]["cards"], answers["zh"]["cards"], strict=True):
            assert one["indicator"] == other["indicator"], case
            counts = {
                language: {
                    code: sum(
                        card["detail"].count(form.format(word[language]))
                        for form in BESIDE_A_VERDICT[language]
                    )
                    for code, word in verdicts.items()
                }
                for language, card in (("en", one), ("zh", other))
            }
            assert counts["en"] == counts["zh"], f"{case}: {one['summary']}"
            seen |= {code for code, n in counts["en"].items() if n}
    assert seen == set(verdicts)


def test_a_trial_is_offered_as_a_link_without_patient_data(rendered):
    linked = {
        case
        for case, answers in rendered.items()
        for card in answers["en"]["cards"]
        for link in card.get("links", [])
        if link["type"] == "absolute" and "Rheumatoid%20Arthritis" in link["url"]
    }
    # truly refractory, or every class failed; a first failure is no question for a trial
    assert {"v08-difficult-to-treat", "v09-true-refractory"} <= linked
    assert not linked & {"v01-too-early", "v02-primary-nonresponse-m3", "v06-pseudo-refractory"}


@pytest.mark.parametrize(
    ("case", "line"),
    [
        (
            "v04-secondary-loss",
            "infliximab 0.3 mg/L, low; anti-drug antibodies positive; 2026-11-16",
        ),
        (
            "v10-neutralising-antibody",
            "adalimumab 6.2 mg/L, adequate; anti-drug antibodies positive; neutralising positive; "
            "no functional activity; 2026-11-18",
        ),
        ("v11-nonimmune-pharmacokinetics", "Drivers: BMI 30 or more (local rule), CRP above 30"),
        ("v08-difficult-to-treat", "difficult-to-treat RA likely: is management perceived"),
        ("v09-true-refractory", "biopsy pauci-immune, fibroid (2026-10-20): fibroid is common in"),
        (
            "v09-true-refractory",
            "**Not now** TNF inhibitor (not advised, two TNF inhibitors failed); "
            "abatacept (failed); rituximab (failed)",
        ),
        ("v15-lung-and-heart", "TNF inhibitor (block: heart failure, NYHA class III)"),
    ],
)
def test_the_next_step_says_what_decides_it(rendered, case, line):
    [card] = [c for c in rendered[case]["en"]["cards"] if "next-step" in str(c["extension"])]
    assert line in card["detail"]
    # a csDMARD's failure has no mechanism to speak of
    assert ("**Mechanism**" in card["detail"]) == (case != "v15-lung-and-heart")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_cards_of_the_vignettes_are_short(rendered, language):
    """cards.md: at most about 12 lines; the longest holds three options and what is not offered."""
    for case, answers in rendered.items():
        if re.fullmatch(r"v\d\d-[a-z0-9-]*[a-z0-9]", case) and "--" not in case:
            for card in answers[language]["cards"]:
                lines = [line for line in card["detail"].splitlines() if line]
                assert len(lines) <= 16, f"{case}: {card['summary']}"
