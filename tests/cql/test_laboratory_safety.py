"""G-CBC, G-LFT, G-ALB (clinical-spec 3.4, 0.5, 8.18, 8.34, 8.38): each limit at its edge."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import LOINC, Json, bundle, evaluate, observation
from tests.cql.gate_records import ago
from tests.cql.laboratory_records import labs


def rows(*resources: Json, profile: str = "STRICT", incomplete: tuple[str, ...] = ()) -> list[Json]:
    name = "LaboratorySafety.Checks"
    parameters = {
        "RAParameters.RegProfile": profile,
        "RAParameters.Incomplete Data": list(incomplete),
    }
    found: list[Json] = evaluate(bundle(*resources), [name], parameters=parameters)[name]
    return found


CLASS = {
    "tocilizumab": "IL6Ri", "sarilumab": "IL6Ri", "olokizumab": "IL6Ri", "tofacitinib": "JAKi",
    "baricitinib": "JAKi", "upadacitinib": "JAKi", "filgotinib": "JAKi", "peficitinib": "JAKi",
    "methotrexate": "MTX", "leflunomide": "LEF", "sulfasalazine": "SSZ", "rituximab": "RTX",
    "adalimumab": "TNFi", "abatacept": "ABA",
}  # fmt: skip


def albumin(value: float, day: str, name: str = "albumin") -> Json:
    return observation(LOINC("1751-7"), value, "g/L", day, id=name)


def of(found: list[Json], drug: str, check: str, applies: str) -> Json:
    [row] = [
        r
        for r in found
        if r["id"] == check
        and r["applies"] == applies
        and CLASS[drug] in r["classes"]
        and (not r["molecules"] or drug in r["molecules"])
    ]
    return row


# Evaluated for each row anew: of an answer kept between two tests, the mutation check sees only the
# first.
def judged(analyte: str, value: float, profile: str = "STRICT") -> list[Json]:
    return rows(*labs(**{analyte: value}), profile=profile)


B, C, OK = "block", "caution", "ok"
JAK = ("baricitinib", "upadacitinib", "filgotinib")
IL6 = ("tocilizumab", "sarilumab", "olokizumab")
STRICTEST = ("tofacitinib", "peficitinib")
# drug, occasion, analyte, value, verdict, reason; ALT and AST with an upper limit of 50
EDGES: list[tuple[str, str, str, float, str, str]] = [
    *(
        (drug, when, analyte, value, verdict, reason if verdict != OK else "BLOOD_COUNT_OK")
        for drugs, occasions, analyte, edge, beyond, fails, reason in (
            (IL6, "s", "anc", 2.0, 1.99, B, "NEUTROPHILS_LOW"),
            (("tocilizumab",), "s", "plt", 100, 99, B, "PLATELETS_LOW"),
            (("sarilumab", "olokizumab"), "s", "plt", 150, 149, B, "PLATELETS_LOW"),
            (STRICTEST, "sc", "alc", 0.75, 0.74, B, "LYMPHOCYTES_LOW"),
            (JAK, "sc", "alc", 0.5, 0.49, B, "LYMPHOCYTES_LOW"),
            ((*STRICTEST, *JAK), "sc", "anc", 1.0, 0.99, B, "NEUTROPHILS_LOW"),
            (STRICTEST, "sc", "hb", 9.0, 8.9, B, "HEMOGLOBIN_LOW"),
            (JAK, "sc", "hb", 8.0, 7.9, B, "HEMOGLOBIN_LOW"),
            (("methotrexate", "leflunomide"), "sc", "wbc", 3.0, 2.99, B, "WHITE_CELLS_LOW"),
            (("methotrexate", "leflunomide"), "sc", "anc", 1.5, 1.49, B, "NEUTROPHILS_LOW"),
            (("methotrexate", "leflunomide"), "sc", "plt", 100, 99, B, "PLATELETS_LOW"),
            (("sulfasalazine",), "sc", "anc", 1.5, 1.49, B, "NEUTROPHILS_LOW"),
            (("rituximab",), "sc", "anc", 1.0, 0.99, B, "NEUTROPHILS_LOW"),
            (("adalimumab", "abatacept"), "sc", "anc", 1.0, 0.99, C, "NEUTROPHILS_LOW"),
        )
        for drug in drugs
        for when in occasions
        for value, verdict in ((edge, OK), (beyond, fails))
    ),
    *(
        (drug, "c", analyte, value, verdict, reason)
        for drug in ("tocilizumab", "sarilumab", "olokizumab")
        for analyte, value, verdict, reason in (
            ("anc", 1.01, OK, "BLOOD_COUNT_OK"),
            ("anc", 1.0, B, "NEUTROPHILS_LOW"),
            ("anc", 0.5, B, "NEUTROPHILS_LOW"),
            ("anc", 0.49, B, "NEUTROPHILS_BELOW_STOP_LIMIT"),
            ("plt", 101, OK, "BLOOD_COUNT_OK"),
            ("plt", 100, B, "PLATELETS_LOW"),
            ("plt", 50, B, "PLATELETS_LOW"),
            ("plt", 49, B, "PLATELETS_BELOW_STOP_LIMIT"),
        )
    ),
    *(
        (drug, when, enzyme, value, verdict, reason)
        for drug, occasions, steps in (
            ("tocilizumab", "s", ((75, OK, "LIVER_ENZYMES_OK"), (75.5, B, "LIVER_ENZYMES_HIGH"))),
            ("sarilumab", "s", ((75, OK, "LIVER_ENZYMES_OK"), (75.5, B, "LIVER_ENZYMES_HIGH"))),
            ("tocilizumab", "c", (
                (50, OK, "LIVER_ENZYMES_OK"), (50.5, C, "LIVER_ENZYMES_RAISED"),
                (150, C, "LIVER_ENZYMES_RAISED"), (150.5, B, "LIVER_ENZYMES_HIGH"),
                (250, B, "LIVER_ENZYMES_HIGH"), (250.5, B, "LIVER_ENZYMES_ABOVE_STOP_LIMIT"))),
            ("methotrexate", "sc", (
                (99.5, OK, "LIVER_ENZYMES_OK"), (100, C, "LIVER_ENZYMES_RAISED"),
                (150, C, "LIVER_ENZYMES_RAISED"), (150.5, B, "LIVER_ENZYMES_HIGH"))),
            ("leflunomide", "sc", (
                (100, OK, "LIVER_ENZYMES_OK"), (100.5, B, "LIVER_ENZYMES_HIGH"))),
        )
        for when in occasions
        for enzyme in ("alt", "ast")
        for value, verdict, reason in steps
    ),
    *(
        ("leflunomide", when, "albumin", value, verdict, reason)
        for when in "sc"
        for value, verdict, reason in ((20, OK, "ALBUMIN_OK"), (19.9, B, "ALBUMIN_LOW"))
    ),
]  # fmt: skip


@pytest.mark.parametrize(("drug", "when", "analyte", "value", "verdict", "reason"), EDGES)
def test_limit(drug: str, when: str, analyte: str, value: float, verdict: str, reason: str) -> None:
    check = {"alt": "G-LFT", "ast": "G-LFT", "albumin": "G-ALB"}.get(analyte, "G-CBC")
    found = judged(analyte, value)
    row = of(found, drug, check, {"s": "start", "c": "continue"}[when])
    assert (row["verdict"], row["reason"]) == (verdict, reason)
    if verdict != OK:
        assert [d["ref"] for d in row["dataUsed"]] == [f"Observation/{analyte}"]
        assert row["validUntil"] is None


@pytest.mark.parametrize(
    ("profile", "value", "verdict"),
    [("US", 0.5, OK), ("US", 0.49, B), ("EU", 0.74, B), ("EU", 0.75, OK), ("CN", 0.74, B)],
)
def test_lymphocytes_for_tofacitinib_by_profile(profile: str, value: float, verdict: str) -> None:
    found = judged("alc", value, profile)
    assert of(found, "tofacitinib", "G-CBC", "start")["verdict"] == verdict


NEEDS = {
    "wbc": {"MTX", "LEF"},
    "anc": {"TNFi", "ABA", "RTX", "IL6Ri", "JAKi", "MTX", "LEF", "SSZ"},
    "alc": {"JAKi"},
    "plt": {"IL6Ri", "MTX", "LEF"},
    "hb": {"JAKi"},
    "alt": {"IL6Ri", "MTX", "LEF"},
    "ast": {"IL6Ri", "MTX", "LEF"},
    "albumin": {"LEF"},
}


@pytest.mark.parametrize("analyte", sorted(NEEDS))
def test_a_missing_value_is_unknown_where_a_limit_needs_it(analyte: str) -> None:
    found = rows(*labs(**{analyte: None}))
    unknown = {c for r in found if r["verdict"] == "unknown" for c in r["classes"]}
    assert unknown == NEEDS[analyte]
    order = analyte if analyte in {"alt", "ast", "albumin"} else "cbc"
    what = analyte if analyte in {"alt", "ast", "albumin"} else "blood-count"
    for row in found:
        if row["verdict"] == "unknown":
            assert (row["orders"], row["dataMissing"]) == ([order], [what])
            assert row["reason"] in {
                *("BLOOD_COUNT_MISSING", "LIVER_ENZYMES_MISSING", "ALBUMIN_MISSING"),
            }


@pytest.mark.parametrize(
    ("days", "applies", "verdict"),
    [
        (30, "start", OK),
        (31, "start", "unknown"),
        (90, "continue", OK),
        (91, "continue", "unknown"),
    ],
)
def test_age_of_results(days: int, applies: str, verdict: str) -> None:
    found = rows(*labs(ago(days)))
    for drug, check, expired in (
        ("rituximab", "G-CBC", "BLOOD_COUNT_EXPIRED"),
        ("leflunomide", "G-LFT", "LIVER_ENZYMES_EXPIRED"),
    ):
        row = of(found, drug, check, applies)
        assert row["verdict"] == verdict
        assert (row["reason"] == expired) == (verdict == "unknown")
        assert row["validUntil"] == ("2026-11-23" if verdict == OK else None)


@pytest.mark.parametrize("applies", ["start", "continue"])
@pytest.mark.parametrize(("days", "verdict"), [(180, OK), (181, "unknown")])
def test_age_of_albumin(days: int, verdict: str, applies: str) -> None:
    found = rows(*labs(albumin=None), albumin(42, ago(days)))
    row = of(found, "leflunomide", "G-ALB", applies)
    assert (row["verdict"], row["reason"]) == (
        (OK, "ALBUMIN_OK") if verdict == OK else ("unknown", "ALBUMIN_EXPIRED")
    )
    assert row["validUntil"] == ("2026-11-23" if verdict == OK else None)
    assert row["orders"] == ([] if verdict == OK else ["albumin"])
    # a low value that is too old blocks no longer, and is asked for again
    old = of(rows(*labs(albumin=None), albumin(19.9, ago(days))), "leflunomide", "G-ALB", applies)
    assert old["verdict"] == (B if verdict == OK else "unknown")


def test_albumin_newest_day_and_its_worst_value_decide() -> None:
    for values, verdict in (
        ([(19, 40), (42, 3)], OK),
        ([(42, 40), (19, 3)], B),
        ([(42, 3), (19, 3)], B),
        ([(19, 3), (42, 3)], B),
    ):
        found = rows(*(albumin(v, ago(d), f"a{n}") for n, (v, d) in enumerate(values)))
        assert of(found, "leflunomide", "G-ALB", "start")["verdict"] == verdict, values


def test_albumin_pending_and_without_a_unit() -> None:
    waiting = observation(LOINC("1751-7"), None, status="registered")
    row = of(rows(*labs(albumin=None), waiting), "leflunomide", "G-ALB", "start")
    assert (row["verdict"], row["reason"], row["orders"]) == ("unknown", "ALBUMIN_PENDING", [])
    bare = observation(LOINC("1751-7"), 42, None, ago(3))
    row = of(rows(*labs(albumin=None), bare), "leflunomide", "G-ALB", "start")
    assert (row["verdict"], row["reason"]) == ("unknown", "ALBUMIN_MISSING")
    decilitre = observation(LOINC("1751-7"), 1.9, "g/dL", ago(3))
    row = of(rows(*labs(albumin=None), decilitre), "leflunomide", "G-ALB", "start")
    assert (row["verdict"], row["dataUsed"][0]["value"]) == (B, "albumin 19.00 g/L")


def test_nothing_on_record() -> None:
    assert {r["verdict"] for r in rows()} == {"unknown"}
    reasons = {r["reason"] for r in rows(incomplete=("Observation",))}
    assert reasons == {"OBSERVATIONS_NOT_OBTAINED"}


def test_pending_count_is_awaited_not_ordered_again() -> None:
    waiting = observation(LOINC("751-8"), None, status="registered")
    row = of(rows(*labs(anc=None), waiting), "rituximab", "G-CBC", "start")
    assert (row["verdict"], row["reason"], row["orders"]) == ("unknown", "BLOOD_COUNT_PENDING", [])


def test_what_is_known_is_shown_beside_what_is_missing() -> None:
    row = of(rows(*labs(alt=None)), "leflunomide", "G-LFT", "start")
    assert [d["ref"] for d in row["dataUsed"]] == ["Observation/ast"]
    assert of(rows(), "leflunomide", "G-LFT", "start")["dataUsed"] == []


def test_a_block_is_said_although_another_value_is_missing() -> None:
    row = of(rows(*labs(anc=0.4, hb=None)), "baricitinib", "G-CBC", "start")
    assert (row["verdict"], row["reason"]) == (B, "NEUTROPHILS_LOW")


def test_unknown_comes_before_caution() -> None:
    row = of(rows(*labs(alt=110, ast=None)), "methotrexate", "G-LFT", "start")
    assert (row["verdict"], row["orders"]) == ("unknown", ["ast"])


@pytest.mark.parametrize(("first", "second"), [(0.9, 4.2), (4.2, 0.9)])
def test_of_two_results_of_a_day_the_worse_counts(first: float, second: float) -> None:
    pair = [
        observation(LOINC("751-8"), v, "10*9/L", "2026-11-20", id=f"x{i}")
        for i, v in enumerate((first, second))
    ]
    assert of(rows(*labs(anc=None), *pair), "rituximab", "G-CBC", "start")["verdict"] == B


def test_the_newest_day_counts() -> None:
    older = observation(LOINC("751-8"), 0.4, "10*9/L", "2026-11-10")
    assert of(rows(*labs(), older), "rituximab", "G-CBC", "start")["verdict"] == OK


def test_month_alone_does_not_say_whether_it_is_recent() -> None:
    assert of(rows(*labs("2026-10")), "rituximab", "G-CBC", "start")["verdict"] == "unknown"


def test_assumed_upper_limit_is_marked() -> None:
    plain = observation(LOINC("1742-6"), 81, "U/L", id="alt")
    row = of(rows(*labs(alt=None), plain), "leflunomide", "G-LFT", "start")
    shown: Any = row["dataUsed"][0]["value"]
    assert (row["verdict"], "assumed limit" in shown, "40" in shown) == (B, True, True)


def test_molecules_that_fare_alike_are_one_row() -> None:
    jak = [r for r in rows(*labs()) if r["classes"] == ["JAKi"] and r["applies"] == "start"]
    assert [r["molecules"] for r in jak] == [[]]
    low = [r for r in judged("hb", 8.5) if r["classes"] == ["JAKi"]]
    assert {tuple(r["molecules"]) for r in low} == {STRICTEST, JAK}
