"""Each side of a threshold, on charts too small to be fixture patients (clinical-spec.md 0, 2, 8).

A row is a sentence, a chart and what the Decision document must say, reasoned by hand.
"""

from __future__ import annotations

from typing import Any

import pytest

from tools.fixtures.chart import PatientChart

from .conftest import LibraryDecision

NOW = "2026-11-20"
Row = tuple[str, PatientChart, dict[str, Any]]


def ra(gender: str = "female", birth: str = "1969-03-17") -> PatientChart:
    return PatientChart("Vignette Edge", gender, birth).condition("ra", "2020-09-07")


def on(drug: str, start: str = "2026-03-02") -> PatientChart:
    return ra().taking(drug, start)


def total(drug: str, index: str, value: float) -> PatientChart:
    return on(drug).quantity(index, value, NOW)


def states() -> list[Row]:
    """The cut points of 2.3, on reported totals, which are exact."""
    cuts: dict[tuple[str, str], list[tuple[float, str]]] = {
        ("adalimumab", "das28-esr-4"): [
            *((2.59, "remission"), (2.6, "low"), (3.2, "low"), (3.21, "moderate")),
            *((5.1, "moderate"), (5.11, "high")),
        ],
        ("tocilizumab", "cdai"): [
            *((2.8, "remission"), (2.81, "low"), (10, "low"), (10.01, "moderate")),
            *((22, "moderate"), (22.01, "high")),
        ],
        ("adalimumab", "sdai"): [
            *((3.3, "remission"), (3.31, "low"), (11, "low"), (11.01, "moderate")),
            *((26, "moderate"), (26.01, "high")),
        ],
    }
    return [
        (f"{index} {value} is {state}", total(drug, index, value), {"activity.state": state})
        for (drug, index), points in cuts.items()
        for value, state in points
    ]


def visit(**components: float) -> PatientChart:
    measured: dict[str, Any] = {"tjc": 8, "sjc": 7, "esr": 40, "gh": 58, **components}
    return on("adalimumab").visit(NOW, **measured)


def conflict(name: str, value: float, primary: bool, chart: PatientChart) -> Row:
    what = "impossible and decides the index" if primary else "still possible"
    return f"{name} {value} is {what}", chart, {"primary is DATA_CONFLICT": primary}


def impossible() -> list[Row]:
    """The ranges of 2.1."""
    rows = [
        conflict(name, value, value > limit, visit(**{name: value}))
        for name, limit in (("tjc", 28), ("sjc", 28), ("gh", 100), ("esr", 200))
        for value in (limit, limit + 1)
    ]
    for crp in (700, 701):
        chart = on("adalimumab").visit(NOW, tjc=8, sjc=7, crp=crp, gh=58)
        rows.append(conflict("crp", crp, crp > 700, chart))
    return rows


def boolean_remission() -> list[Row]:
    """Boolean 2.0 (2.3): TJC, SJC <= 1, CRP <= 10 mg/L, patient global <= 20 mm."""
    best = {"tjc": 1, "sjc": 1, "crp": 10, "gh": 20}
    rows: list[Row] = [("Boolean 2.0 at its limits", visit(**best), {"activity.boolean20": True})]
    for name, value in (("tjc", 2), ("sjc", 2), ("crp", 10.1), ("gh", 20.1)):
        chart = visit(**{**best, name: value})
        rows.append((f"no Boolean 2.0 with {name} {value}", chart, {"activity.boolean20": False}))
    return rows


def mismatch() -> list[Row]:
    """A reported total and the recomputed one (2.6): DAS28 5.719 and CDAI 25.8."""
    return [
        (
            f"{index} {value} reported",
            visit(ega=5.0).quantity(index, value, NOW),
            {"flag REPORTED_SCORE_MISMATCH": differs},
        )
        for index, value, differs in (
            ("das28-esr-4", 5.62, False),
            ("das28-esr-4", 5.61, True),
            ("cdai", 25.3, False),
            ("cdai", 25.2, True),
        )
    ]


def low_das28(sjc: int) -> PatientChart:
    return total("adalimumab", "das28-esr-4", 3.0).visit(NOW, sjc=sjc)


def target() -> list[Row]:
    """8.29: DAS28 alone needs SJC28 <= 1 where neither CDAI nor SDAI can be computed."""
    return [
        ("DAS28 3.0 with one swollen joint", low_das28(1), {"primary": "AT_TARGET"}),
        (
            "DAS28 3.0 with two swollen joints",
            low_das28(2),
            {"primary is AT_TARGET": False, "flag INDEX_DISCORDANT": True},
        ),
    ]


def change(drug: str, index: str, before: float, now: float) -> PatientChart:
    """Totals before a start on 2026-08-03 and now, between three and six months."""
    chart = on(drug, "2026-08-03").quantity(index, before, "2026-07-30")
    return chart.quantity(index, now, NOW)


def improvement() -> list[Row]:
    """C1 and 2.5: 6 units of CDAI from moderate activity, 10.95 of SDAI."""
    return [
        (f"{index} {before} to {now}", change(drug, index, before, now), {"primary": primary})
        for drug, index, before, now, primary in (
            ("tocilizumab", "cdai", 17.0, 11.0, "ON_TRACK"),
            ("tocilizumab", "cdai", 16.9, 11.0, "PRIMARY_NONRESPONSE_M3"),
            ("adalimumab", "sdai", 30.95, 20.0, "ON_TRACK"),
            ("adalimumab", "sdai", 30.94, 20.0, "PRIMARY_NONRESPONSE_M3"),
        )
    ]


def worsened(best_cdai: float, cdai: float) -> PatientChart:
    """A moderate EULAR response, DAS28 hardly worse since, CDAI as given (tofacitinib)."""
    return (
        on("tofacitinib")
        .quantity("das28-esr-4", 6.5, "2026-02-26")
        .quantity("das28-esr-4", 5.0, "2026-07-06")
        .quantity("cdai", best_cdai, "2026-07-06")
        .quantity("das28-esr-4", 5.3, NOW)
        .quantity("cdai", cdai, NOW)
    )


def worsening() -> list[Row]:
    """8.40: a rise of CDAI by 6, or by 12 when it is above 22 now."""
    return [
        (
            f"CDAI {best} to {now}",
            worsened(best, now),
            {"primary is SECONDARY_LOSS": lost},
        )
        for best, now, lost in (
            (12.0, 18.0, True),
            (12.0, 17.9, False),
            (12.0, 24.0, True),
            (12.1, 24.0, False),
        )
    ]


def baseline_on(day: str) -> PatientChart:
    chart = on("adalimumab", "2026-08-03").quantity("das28-esr-4", 6.0, day)
    return chart.quantity("das28-esr-4", 5.9, NOW)


def windows() -> list[Row]:
    """C1: baseline within start - 42 days to start + 7 days; C6: on-drug from start + 28 days."""
    rows: list[Row] = [
        (
            f"baseline on {day}",
            baseline_on(day),
            {"primary": "PRIMARY_NONRESPONSE_M3" if counts else "TARGET_MISSED_UNKNOWN_TYPE"},
        )
        for day, counts in (
            ("2026-06-22", True),
            ("2026-06-21", False),
            ("2026-08-10", True),
            ("2026-08-11", False),
        )
    ]
    for day, counts in (("2026-03-30", True), ("2026-03-29", False)):
        chart = total("adalimumab", "das28-esr-4", 5.9).quantity("das28-esr-4", 6.0, "2026-02-26")
        chart.quantity("das28-esr-4", 2.7, day).quantity("sjc28", 0, day)
        lost = {"primary": "SECONDARY_LOSS" if counts else "PRIMARY_NONRESPONSE_M6"}
        rows.append((f"good score on {day}", chart, lost))
    return rows


def restarted(day: str) -> PatientChart:
    chart = ra().taking("adalimumab", "2025-01-06", "2026-04-01", status="completed")
    return chart.taking("adalimumab", day)


def stopped(day: str) -> PatientChart:
    chart = ra().taking("adalimumab", "2025-01-06", day, reason="stop-allergy")
    return chart.taking("methotrexate", "2025-01-06")


def rituximab(first: str) -> PatientChart:
    chart = ra().infused("rituximab", first).quantity("das28-esr-4", 6.0, "2026-06-01")
    return chart.quantity("das28-esr-4", 5.9, "2026-11-23")


def treatment() -> list[Row]:
    """0.9 (gap <= 90 days), 8.27 (dispense within 90 days), 8.28 (stopped within 90 days), C2."""
    dispensed = [
        (day, on("adalimumab", "2026-06-01").dispensed("adalimumab", day, 84))
        for day in ("2026-08-30", "2026-08-31")
    ]
    return [
        ("a gap of 90 days", restarted("2026-06-30"), {"index.start": "2025-01-06"}),
        ("a gap of 91 days", restarted("2026-07-01"), {"index.start": "2026-07-01"}),
        ("first fill after 90 days", dispensed[0][1], {"index.start": "2026-08-30"}),
        (
            "first fill after 91 days",
            dispensed[1][1],
            {"index.start": "2026-06-01", "flag START_UNCONFIRMED": True},
        ),
        ("stopped 90 days ago", stopped("2026-08-25"), {"index.ingredient": "adalimumab"}),
        ("stopped 91 days ago", stopped("2026-08-24"), {"index.ingredient": "methotrexate"}),
        (
            "rituximab 24 weeks ago",
            rituximab("2026-06-08"),
            {"primary": "PRIMARY_NONRESPONSE_M6"},
        ),
        (
            "rituximab a day less than 24 weeks ago",
            rituximab("2026-06-09"),
            {"primary": "PRIMARY_NONRESPONSE_M3"},
        ),
    ]


def acute_phase(gender: str, name: str, value: float) -> PatientChart:
    chart = ra(gender).taking("adalimumab", "2026-03-02").quantity("sjc28", 1, NOW)
    return chart.quantity(name, value, NOW)


def inflammation() -> list[Row]:
    """C8 with the assumed upper limits of 8.18: one swollen joint and CRP or ESR raised."""
    rows: list[Row] = [
        (
            f"{gender}: one swollen joint, {name} {value}",
            acute_phase(gender, name, value),
            {"objectiveInflammation.state": state},
        )
        for gender, name, value, state in (
            ("female", "crp", 5, "UNKNOWN"),
            ("female", "crp", 5.1, "YES"),
            ("female", "esr", 30, "UNKNOWN"),
            ("female", "esr", 31, "YES"),
            ("male", "esr", 20, "UNKNOWN"),
            ("male", "esr", 21, "YES"),
        )
    ]
    molar = visit().quantity("crp", 180.952, NOW, unit="nmol/L")
    rows.append(("CRP 180.952 nmol/L is 19 mg/L", molar, {"activity.components.crp": 19}))
    two = on("adalimumab").quantity("sjc28", 2, NOW)
    rows.append(("two swollen joints alone", two, {"objectiveInflammation.state": "YES"}))
    return rows


def mars(score: int) -> PatientChart:
    return on("adalimumab").quantity("mars-5", score, NOW)


def adherence() -> list[Row]:
    """C10: MARS-5 below 20 of 25."""
    return [
        ("MARS-5 19", mars(19), {"adherence.state": "non-adherent"}),
        ("MARS-5 20", mars(20), {"adherence.state": "ok"}),
    ]


def screened(chart: PatientChart, *without: str) -> PatientChart:
    return chart.clean(without=without)


def preventive(drug: str, stop: str) -> PatientChart:
    chart = screened(on("methotrexate"), "igra").quantity("tst", 12, "2024-12-16")
    return chart.taking(drug, "2025-01-13", stop, status="completed", category="tpt")


def titre(name: str, value: float, upper: float) -> PatientChart:
    """A young woman without any other risk factor of G-ILD0, her lung never examined."""
    chart = PatientChart("Vignette Edge", "female", "1990-03-17").condition("ra", "2024-09-09")
    chart.taking("sulfasalazine", "2026-03-02").visit(NOW, tjc=0, sjc=0, esr=5, crp=1, gh=5)
    for other in {"rf", "anti-ccp"} - {name}:
        chart.quantity(other, 1, NOW, upper=10)
    return screened(chart.quantity(name, value, NOW, upper=upper), "hrct")


def fibrosis(earlier: str) -> PatientChart:
    chart = screened(on("sulfasalazine"), "hrct").reading("hrct", "ild-nsip", "2026-09-15")
    chart.quantity("dlco-pct", 70, "2026-09-15").quantity("fvc-pct", 81, "2026-09-15")
    return chart.quantity("fvc-pct", 90, earlier)


def gates() -> list[Row]:
    """3.1, 3.2, 8.32: radiograph within 12 months, regimens, high titres, 24 months of decline."""
    rows: list[Row] = []
    for day, verdict in (("2025-11-23", "ok"), ("2025-11-22", "unknown")):
        chart = screened(on("methotrexate"), "cxr").reading("cxr", "normal", day)
        rows.append((f"radiograph of {day}", chart, {"gates.TNFi.verdict": verdict}))
    for drug, stop, ok in (
        ("rifampicin", "2025-05-13", True),
        ("rifampicin", "2025-05-12", False),
        ("isoniazid", "2025-07-13", True),
        ("isoniazid", "2025-07-12", False),
    ):
        wanted = {"gate TNFi G-TB3 is ok": ok}
        rows.append((f"{drug} until {stop}", preventive(drug, stop), wanted))
    for name, value, upper, ok in (
        ("rf", 42, 14, True),
        ("rf", 42.1, 14, False),
        ("anti-ccp", 60, 20, True),
        ("anti-ccp", 60.1, 20, False),
    ):
        chart = titre(name, value, upper)
        rows.append((f"{name} {value}", chart, {"gate MTX G-ILD0 is ok": ok}))
    for day, verdict in (("2024-09-15", "block"), ("2024-09-14", "caution")):
        rows.append((f"FVC 90 % on {day}", fibrosis(day), {"gates.MTX.verdict": verdict}))
    return rows


ROWS = [
    *(*states(), *impossible(), *boolean_remission(), *mismatch(), *target(), *improvement()),
    *(*worsening(), *windows(), *treatment(), *inflammation(), *adherence(), *gates()),
]


def found(document: dict[str, Any], what: str) -> Any:
    """``a.b`` walks; ``primary is X``, ``flag X`` and ``gate CLASS CHECK is V`` are yes or no."""
    match what.split():
        case ["primary", "is", code]:
            return document.get("primary") == code
        case ["flag", code]:
            return code in document.get("flags", [])
        case ["gate", moa, check_id, "is", verdict]:
            checks = document["gates"][moa]["checks"]
            [check] = [check for check in checks if check["id"] == check_id]
            return check["verdict"] == verdict
    value: Any = document
    for name in what.split("."):
        value = (value or {}).get(name)
    return value


@pytest.mark.parametrize(("sentence", "chart", "wanted"), ROWS, ids=[row[0] for row in ROWS])
def test_threshold(
    sentence: str, chart: PatientChart, wanted: dict[str, Any], library_decision: LibraryDecision
) -> None:
    document = library_decision(chart.bundle("edge"))
    got = {what: found(document, what) for what in wanted}
    assert got == pytest.approx(wanted, abs=0.005) if _numeric(wanted) else got == wanted, sentence


def _numeric(wanted: dict[str, Any]) -> bool:
    return all(isinstance(v, float | int) and not isinstance(v, bool) for v in wanted.values())
