"""RefractoryDisease.cql, clinical-spec C12, C13, C18, C20, 8.10."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import ask, on, visit
from tests.cql.build import SNOMED, Json, component, condition, observation, statement

REFRACTORY = "RefractoryDisease.Refractory"
FLAGS = "RefractoryDisease.Refractory Flags"
TAKEN = observation("pdc", 0.95, "1", "2026-11-20")
START = "2026-03-02"


def stopped(
    drug: str,
    reason: str | None = "stop-ineffective",
    start: str = "2023-01-10",
    end: str = "2023-09-10",
) -> Json:
    return on(drug, start, end, reason=reason)


def failing(drug: str = "abatacept", now: float = 6.0, sjc: int | None = 6) -> list[Json]:
    """On a drug that missed its target at six months."""
    swollen = {} if sjc is None else {"sjc28": sjc}
    return [
        on(drug, START),
        *visit("2026-02-28", das28Esr4=6.4, cdai=36.0),
        *visit(das28Esr4=now, cdai=32.0, **swollen),  # type: ignore[arg-type]
    ]


TRUE = [stopped("adalimumab"), stopped("tocilizumab"), *failing(), TAKEN]


def refractory(*resources: Json, **more: Any) -> Any:
    return ask(list(resources), REFRACTORY, **more)[0]


def level(value: float, ada: str) -> list[Json]:
    trough = [component("trough", True)]
    return [
        observation("tdm-adalimumab-level", value, "mg/L", "2026-11-16", components=trough),
        observation("tdm-adalimumab-ada", None, date="2026-11-16", interpretation=ada),
    ]


ON_ADALIMUMAB = [stopped("abatacept"), stopped("tocilizumab"), *failing("adalimumab"), TAKEN]


@pytest.mark.parametrize(
    ("record", "state", "pending"),
    [
        (TRUE, "yes", []),
        # history
        ([stopped("adalimumab"), *failing("etanercept"), TAKEN], "no", []),
        (
            [stopped("adalimumab", None), *failing(), TAKEN],
            "pending",
            ["treatment-history"],
        ),
        # activity: too early, or nothing measured
        (
            [
                *TRUE[:2],
                on("abatacept", "2026-10-05"),
                *visit(sjc28=6, das28Esr4=6.0),
                TAKEN,
            ],
            "pending",
            ["activity"],
        ),
        ([*TRUE[:2], on("abatacept", START), *visit(sjc28=6), TAKEN], "pending", ["activity"]),
        # at target: not refractory now
        (
            [
                *TRUE[:2],
                on("abatacept", START),
                *visit("2026-02-28", cdai=36.0),
                *visit(cdai=8.0, sjc28=2),
                TAKEN,
            ],
            "no",
            [],
        ),
        # inflammation
        ([*TRUE[:2], *failing(sjc=None), TAKEN], "pending", ["joint-count", "crp", "us"]),
        (
            [*TRUE[:2], *failing(sjc=None), *visit(crp=4.0), TAKEN],
            "pending",
            ["joint-count", "us"],
        ),
        (
            [*TRUE[:2], *failing(sjc=None), *visit(esr=8.0), TAKEN],
            "pending",
            ["joint-count", "us"],
        ),
        ([*TRUE[:2], *failing(sjc=1), TAKEN], "pending", ["crp", "us"]),
        ([*TRUE[:2], *failing(sjc=1), *visit(crp=4.0), TAKEN], "pending", ["us"]),
        # adherence
        (TRUE[:-1], "pending", ["adherence"]),
        ([*TRUE[:-1], observation("pdc", 0.5, "1", "2026-11-20")], "no", []),
        # infection
        ([*TRUE, condition(SNOMED("233604007"), "2026-11-18")], "no", []),
        ([*TRUE, condition(SNOMED("56717001"), "2026-11-18")], "no", []),
        (
            [*TRUE, condition(SNOMED("56717001"), "2026-11-18", verification="provisional")],
            "pending",
            ["infection-status"],
        ),
        # drug level
        (ON_ADALIMUMAB, "pending", ["drug-level"]),
        ([*ON_ADALIMUMAB, *level(5.0, "NEG")], "yes", []),
        ([*ON_ADALIMUMAB, *level(3.0, "NEG")], "pending", ["drug-level"]),
        ([*ON_ADALIMUMAB, *level(1.0, "POS")], "no", []),
        ([*ON_ADALIMUMAB, *level(1.0, "NEG")], "no", []),
        # everything at once, in this order
        (
            [stopped("tocilizumab", None), *failing("adalimumab", sjc=None)],
            "pending",
            ["treatment-history", "joint-count", "crp", "us", "adherence", "drug-level"],
        ),
        ([], "no", []),
    ],
)
def test_true_refractory(record: list[Json], state: str, pending: list[str]) -> None:
    found, flags = ask(record, REFRACTORY, FLAGS)
    assert (found["state"], found["pending"]) == (state, pending)
    assert ("TRUE_REFRACTORY" in flags) is (state == "yes")
    assert ("REFRACTORY_PENDING" in flags) is (state == "pending")


def test_an_infection_that_may_be_there_is_pending() -> None:
    gone = {"RAParameters.Incomplete Data": ["Condition"]}
    found = refractory(*TRUE, parameters=gone)
    assert (found["state"], found["pending"]) == ("pending", ["infection-status"])


@pytest.mark.parametrize(
    ("record", "noted"),
    [
        (TRUE, True),
        ([*TRUE, observation("misdiagnosis-reviewed", True, None, "2024-01-10")], False),
        ([*TRUE, observation("misdiagnosis-reviewed", False, None, "2026-11-20")], True),
        (
            [
                *TRUE,
                observation("misdiagnosis-reviewed", True, None, "2024-01-10"),
                observation("misdiagnosis-reviewed", False, None, "2026-11-20"),
            ],
            True,
        ),
        (TRUE[:-1], True),
        ([], False),
    ],
)
def test_review_of_the_diagnosis_is_a_note(record: list[Json], noted: bool) -> None:
    expected = ["MISDIAGNOSIS_REVIEW_NOT_RECORDED"] if noted else []
    assert refractory(*record)["reasons"] == expected


# ---------------------------------------------------------------- every class


DRUGS = ("etanercept", "tocilizumab", "abatacept", "rituximab", "tofacitinib")


@pytest.mark.parametrize(
    ("reasons", "poly"),
    [
        (["stop-ineffective"] * 5, True),
        (["stop-adverse-event"] * 5, True),
        (["stop-ineffective"] * 4 + ["stop-toxicity"], True),
        (["stop-ineffective"] * 4 + [None], None),
        (["stop-ineffective"] * 4 + ["stop-cost"], False),
        (["stop-ineffective"] * 4, False),
        ([None] * 4, False),
        ([None] * 5, None),
        ([], False),
    ],
)
def test_poly_refractory(reasons: list[str | None], poly: bool | None) -> None:
    record = [stopped(drug, reason) for drug, reason in zip(DRUGS, reasons, strict=False)]
    found, flags = ask(record, REFRACTORY, FLAGS)
    assert found["polyRefractory"] is poly
    assert ("POLY_REFRACTORY" in flags) is (poly is True)
    assert found["stromal"]["consider"] is (poly is True)
    assert found["stromal"]["trialReferral"] is (poly is True)


# ---------------------------------------------------------------- convergence on JAK


@pytest.mark.parametrize(
    ("record", "rationale"),
    [
        ([stopped("adalimumab"), stopped("tocilizumab")], True),
        ([stopped("adalimumab"), stopped("abatacept")], False),
        ([stopped("tocilizumab"), stopped("abatacept")], False),
        ([stopped("adalimumab", "stop-allergy"), stopped("tocilizumab")], False),
        ([stopped("adalimumab"), stopped("tocilizumab", None)], False),
        ([stopped("adalimumab"), stopped("tocilizumab"), stopped("tofacitinib")], False),
        ([stopped("adalimumab"), stopped("tocilizumab"), stopped("tofacitinib", None)], False),
        (
            [stopped("adalimumab"), stopped("tocilizumab"), stopped("tofacitinib", "stop-cost")],
            True,
        ),
        # three months each
        (
            [stopped("adalimumab"), stopped("tocilizumab", start="2023-01-10", end="2023-04-10")],
            True,
        ),
        (
            [stopped("adalimumab"), stopped("tocilizumab", start="2023-01-11", end="2023-04-10")],
            False,
        ),
        (
            [stopped("adalimumab", start="2023-01-11", end="2023-04-10"), stopped("tocilizumab")],
            False,
        ),
        ([stopped("adalimumab"), stopped("tocilizumab", start="2023-01", end="2023-04-10")], False),
    ],
)
def test_jak_convergence(record: list[Json], rationale: bool) -> None:
    assert ("JAK_CONVERGENCE" in ask(record, FLAGS)[0]) is rationale


def test_words_alone_are_no_fair_trial() -> None:
    words = statement(
        {"text": "tocilizumab"}, "2023-01-10", "2023-09-10", status="stopped",
        reason="stop-ineffective",
    )  # fmt: skip
    assert "JAK_CONVERGENCE" not in ask([stopped("adalimumab"), words], FLAGS)[0]


# ---------------------------------------------------------------- stroma


THREE = [*TRUE, stopped("tofacitinib")]  # abatacept fails now: four classes with it


def pathotype(kind: str, date: str = "2026-10-20") -> Json:
    return observation("synovial-pathotype", ("urn:ra-cds-hooks:codes", kind), None, date)


def test_stromal_thought_needs_three_classes() -> None:
    # adalimumab, tocilizumab and abatacept, which fails now
    stromal = refractory(*TRUE)["stromal"]
    assert (stromal["consider"], stromal["trialReferral"]) == (True, True)
    assert stromal["caveat"] == "NO_BIOPSY"
    two = [stopped("adalimumab"), *failing(), TAKEN]
    stromal = refractory(*two)["stromal"]
    assert (stromal["consider"], stromal["trialReferral"]) == (False, True)
    assert (stromal["caveat"], stromal["pathotype"], stromal["date"]) == (None, None, None)
    pending = refractory(*TRUE[:-1])["stromal"]
    assert (pending["consider"], pending["trialReferral"]) == (False, False)


@pytest.mark.parametrize(
    ("kind", "inflamed", "caveat"),
    [
        ("pauci-immune-fibroid", True, "FIBROID_INFLAMMATION_CONFIRMED"),
        ("pauci-immune-fibroid", False, "FIBROID_RECHECK_INFLAMMATION"),
        ("diffuse-myeloid", True, "RESEARCH_ONLY"),
        ("lympho-myeloid", False, "RESEARCH_ONLY"),
    ],
)
def test_pathotype(kind: str, inflamed: bool, caveat: str) -> None:
    record = [pathotype(kind), *(visit(sjc28=6) if inflamed else [])]
    stromal = refractory(*record)["stromal"]
    assert (stromal["pathotype"], stromal["date"]) == (kind, "2026-10-20")
    assert stromal["caveat"] == caveat


def test_the_last_biopsy_counts() -> None:
    record = [pathotype("diffuse-myeloid", "2025-10-20"), pathotype("lympho-myeloid")]
    assert refractory(*record)["stromal"]["pathotype"] == "lympho-myeloid"
