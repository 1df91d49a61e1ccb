"""How long the cards of the vignettes are, and lines that only some records have (cards.md)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from ra_cds_hooks.decision import render
from ra_cds_hooks.decision.catalogue import LANGUAGES
from ra_cds_hooks.decision.decide import decide
from ra_cds_hooks.fhir.record import PatientRecord
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import reading_for
from tests.content import committed_content

FIXTURES = Path(__file__).parents[2] / "fhir_fixtures"
AS_OF = datetime(2026, 11, 23, 12, tzinfo=UTC)
VIGNETTES = sorted(path.parent.name for path in FIXTURES.glob("v*/expected.json"))
# Lines with text. The line of a dose note, where there is one, comes on top of the goal of 12.
LONGEST = {"status": 12, "next-step": 13}


@cache
def _parts() -> Any:
    configured = load_settings()
    content = committed_content()
    return content, reading_for(content, configured)


def bundle_of(case: str) -> Any:
    return orjson.loads((FIXTURES / case / "bundle.json").read_bytes())


@cache
def details(case: str, language: str) -> dict[str, str]:
    """The detail of each card of the review, by card id."""
    return rendered(bundle_of(case), language)


def rendered(
    bundle: Any, language: str, incomplete: tuple[str, ...] = (), part: str = "detail"
) -> dict[str, str]:
    content, reading = _parts()
    decision = decide(
        content, PatientRecord.read_bundle(bundle, reading, incomplete=incomplete), AS_OF
    )
    response = render(
        content,
        decision,
        service=content.services["ra-refractory-review"],
        language=language,
        hook_instance="00000000-0000-4000-8000-000000000000",
    )
    return {
        card["extension"][content.extension_key]["card"]: card[part] for card in response["cards"]
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", VIGNETTES)
def test_a_card_is_read_at_a_glance(case: str, language: str) -> None:
    for card, detail in details(case, language).items():
        if card in LONGEST:
            lines = [line for line in detail.splitlines() if line]
            assert len(lines) <= LONGEST[card], detail


@pytest.mark.parametrize(
    ("case", "card", "english", "chinese"),
    [
        (
            *("dose-notes--methotrexate-14-mg", "next-step"),
            "**Dose** methotrexate 14 mg a week (usual 15 mg, since 2026-03-02)",
            "**剂量** 甲氨蝶呤 14 mg/周（常用 15 mg，自 2026-03-02）",
        ),
        (
            *("v06-pseudo-refractory", "next-step"),
            "ultrasound grey scale 1, power Doppler 0, combined grade 1",
            "超声灰阶 1，能量多普勒 0，综合分级 1",
        ),
        (
            *("economics--remission-six-months", "status"),
            "**At target** remission for 6 months or more and no glucocorticoid",
            "**达标后** 持续缓解≥6个月且未用糖皮质激素",
        ),
        (
            *("economics--adalimumab-8-01", "status"),
            "a longer interval may be considered",
            "可考虑延长给药间隔",
        ),
        (
            *("v08-difficult-to-treat", "next-step"),
            "order and points: local rule, needs sign-off",
            "排序与分值为本地规则，待专家确认",
        ),
    ],
)
def test_the_line_is_there(case: str, card: str, english: str, chinese: str) -> None:
    assert english in details(case, "en")[card]
    assert chinese in details(case, "zh")[card]


@pytest.mark.parametrize(
    ("case", "card", "english"),
    [
        ("dose-notes--methotrexate-15-mg", "next-step", "**Dose**"),
        ("v08-difficult-to-treat", "next-step", "grey scale"),
        ("economics--remission-a-day-less", "status", "dose reduction"),
        ("economics--adalimumab-8-00", "status", "longer interval"),
        # said with its numbers on the card of the next step, and not twice
        ("dose-notes--methotrexate-14-mg", "status", "methotrexate below"),
    ],
)
def test_the_line_is_not_there(case: str, card: str, english: str) -> None:
    assert english not in details(case, "en")[card]


def test_gaps_beyond_the_first_eight_are_counted() -> None:
    detail = details("dose-notes--methotrexate-14-mg", "en")["missing-data"]
    listed = [line for line in detail.splitlines() if line.startswith("- **")]
    assert len(listed) == 8
    assert "more, listed as gaps in this response" in detail
    assert "more, listed" not in details("v08-difficult-to-treat", "en")["missing-data"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_contained_medication_is_no_line_of_evidence(language: str) -> None:
    """It was read on the way to the adverse event, and has no values that words could fill."""
    bundle = bundle_of("gate-allergy--anaphylaxis")
    resources = [entry["resource"] for entry in bundle["entry"]]
    [event] = [r for r in resources if r["resourceType"] == "AdverseEvent"]
    code = {"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AB01"}]}
    event["contained"] = [{"resourceType": "Medication", "id": "suspect", "code": code}]
    event["suspectEntity"] = [{"instance": {"reference": "#suspect"}}]
    assert (
        rendered(bundle, language).keys() == details("gate-allergy--anaphylaxis", language).keys()
    )


def test_where_nothing_was_found_the_card_says_what_was_looked_at_and_how_long_it_holds():
    why = {
        "en": "**Why** chest radiograph normal (2026-06-10); "
        "tuberculosis screening negative (2026-06-10); "
        "lung examined (HRCT or lung function on record) (2026-03-10); "
        "HBsAg negative (2026-06-10); anti-HBc negative (2026-06-10); "
        "anti-HCV negative (2026-06-10); HIV test negative (2026-06-10). "
        "All of these count until 2027-06-10 (local rule).",
        "zh": "**依据** 胸片正常（2026-06-10）；结核筛查阴性（2026-06-10）；"
        "已有肺部检查（HRCT或肺功能）（2026-03-10）；HBsAg阴性（2026-06-10）；"
        "抗HBc阴性（2026-06-10）；抗HCV阴性（2026-06-10）；HIV检测阴性（2026-06-10）。"
        "以上结果在2027-06-10（含当日）前均计为有效（本地规则）。",
    }
    for language in LANGUAGES:
        lines = details("v02-primary-nonresponse-m3", language)["safety-gate"].split("\n")
        assert why[language] in lines


@pytest.mark.parametrize(
    ("language", "line"),
    [
        (
            "en",
            "**Not obtained completely** adverse events, procedures, Slot: absence there proves",
        ),
        ("zh", "**未能完整获取** 不良事件、操作与手术、Slot：其中没有记录不代表没有。"),
    ],
)
def test_what_was_not_obtained_is_named_in_the_language_of_the_card(language, line):
    missing = ("AdverseEvent", "Procedure", "Slot")  # a Slot is read by no rule
    cards = rendered(bundle_of("v02-primary-nonresponse-m3"), language, incomplete=missing)
    assert line in cards["missing-data"]


@pytest.mark.parametrize(
    ("language", "summary"),
    [
        ("en", "Whether a DMARD is taken is unknown: medication list incomplete"),
        ("zh", "是否使用DMARD不明：用药清单不完整"),
    ],
)
def test_no_drug_in_an_incomplete_list_is_not_said_to_be_none(language, summary):
    bundle = bundle_of("v01-too-early")
    bundle["entry"] = [
        entry
        for entry in bundle["entry"]
        if not entry["resource"]["resourceType"].startswith("Medication")
    ]
    incomplete = rendered(bundle, language, incomplete=("MedicationRequest",), part="summary")
    assert incomplete["status"].startswith(summary)
    complete = rendered(bundle, language, part="summary")
    assert not complete["status"].startswith(summary)
