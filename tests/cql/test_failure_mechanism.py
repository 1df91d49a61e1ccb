"""FailureMechanism.cql, clinical-spec C14-C17, 8.10, 8.11, 8.41: each row and its edges."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import ask, on, visit
from tests.cql.build import ATC, Json, administration, component, observation, resource
from tests.cql.response_questions import das28, treated

MECHANISM = "FailureMechanism.Mechanism"
DETAIL = "FailureMechanism.Mechanism Detail"
EXCLUDED = "FailureMechanism.PK Failure Is Excluded"
GAPS = "FailureMechanism.Mechanism Gaps"
DRAWN = "2026-11-16"
TAKEN = observation("pdc", 0.95, "1", "2026-11-20")
CODES = {
    "golimumab": ATC("L04AB06"),
    "certolizumab pegol": ATC("L04AB05"),
    "sarilumab": ATC("L04AC14"),
}
NOT_TAKEN = observation("pdc", 0.50, "1", "2026-11-20")


def failing(drug: str = "adalimumab", score: float = 6.0, start: str = "2026-03-02") -> list[Json]:
    """Target missed at six months with six swollen joints; nothing about the level."""
    coded: Any = CODES.get(drug, drug)
    return [*treated(start, das28(6.4), das28(score), drug=coded), *visit(sjc28=6)]


def level(
    value: Any, drug: str = "adalimumab", date: str = DRAWN, trough: bool | None = True, **more: Any
) -> Json:
    parts = [] if trough is None else [component("trough", trough)]
    return observation(f"tdm-{drug}-level", value, "mg/L", date, components=parts, **more)


def answer(kind: str, says: str, drug: str = "adalimumab", date: str = DRAWN) -> Json:
    return observation(f"tdm-{drug}-{kind}", None, date=date, interpretation=says)


def ada(says: str, **more: Any) -> Json:
    return answer("ada", says, **more)


def nab(says: str, **more: Any) -> Json:
    return answer("nab", says, **more)


def activity(says: str, **more: Any) -> Json:
    return answer("activity", says, **more)


ROWS: list[tuple[list[Json], str, bool | None]] = [
    # low
    ([TAKEN, level(1.99), ada("POS")], "PK_IMMUNE_CLEARING", False),
    ([level(1.99), ada("POS")], "PK_IMMUNE_CLEARING", False),
    ([NOT_TAKEN, level(1.99), ada("POS")], "PK_IMMUNE_CLEARING", False),
    ([TAKEN, level(1.99), nab("POS")], "PK_IMMUNE_CLEARING", False),
    ([TAKEN, level(1.99), ada("NEG"), nab("POS")], "PK_IMMUNE_CLEARING", False),
    ([TAKEN, level(1.99), ada("NEG")], "PK_NONIMMUNE", False),
    ([TAKEN, level(1.99), ada("NEG"), nab("NEG")], "PK_NONIMMUNE", False),
    ([TAKEN, level(1.99), ada("NEG"), activity("NEG")], "PK_NONIMMUNE", False),
    ([level(1.99), ada("NEG")], "PK_INDETERMINATE", None),
    ([NOT_TAKEN, level(1.99), ada("NEG")], "PK_INDETERMINATE", None),
    ([TAKEN, level(1.99)], "PK_INDETERMINATE", None),
    ([TAKEN, level(1.99), nab("NEG")], "PK_INDETERMINATE", None),
    ([TAKEN, level(1.99), activity("NEG")], "PK_INDETERMINATE", None),
    # between the limits
    ([TAKEN, level(2.0)], "PK_INDETERMINATE", None),
    ([TAKEN, level(2.0), ada("POS")], "PK_INDETERMINATE", None),
    ([TAKEN, level(3.99), ada("NEG")], "PK_INDETERMINATE", None),
    ([TAKEN, level(3.99), ada("NEG"), nab("NEG")], "PK_INDETERMINATE", None),
    ([TAKEN, level(3.99), nab("POS")], "PK_IMMUNE_NEUTRALISING", False),
    ([TAKEN, level(2.0), activity("NEG")], "PK_IMMUNE_NEUTRALISING", False),
    # adequate
    ([TAKEN, level(4.0), ada("POS")], "ADA_POS_LEVEL_ADEQUATE", None),
    ([TAKEN, level(4.0), ada("POS"), nab("NEG")], "ADA_POS_LEVEL_ADEQUATE", None),
    ([TAKEN, level(4.0), ada("POS"), activity("POS")], "ADA_POS_LEVEL_ADEQUATE", None),
    ([TAKEN, level(4.0), ada("POS"), nab("POS")], "PK_IMMUNE_NEUTRALISING", False),
    ([TAKEN, level(4.0), ada("POS"), activity("NEG")], "PK_IMMUNE_NEUTRALISING", False),
    ([TAKEN, level(4.0), ada("NEG")], "PD_FAILURE", True),
    ([level(4.0), ada("NEG")], "PD_FAILURE", True),
    ([TAKEN, level(4.0)], "PK_INDETERMINATE", None),
    ([TAKEN, level(4.0), nab("NEG")], "PK_INDETERMINATE", None),
    # no trough, or a bound that decides nothing
    ([TAKEN, level(9.0, trough=False), ada("NEG")], "PK_INDETERMINATE", None),
    ([TAKEN, level(1.0, trough=False), ada("POS")], "PK_INDETERMINATE", None),
    ([TAKEN, level(9.0, trough=None), ada("NEG")], "PK_INDETERMINATE", None),
    ([TAKEN, level(9.0, trough=False), nab("POS")], "PK_IMMUNE_NEUTRALISING", False),
    ([TAKEN, level(1.0, trough=False), nab("POS")], "PK_INDETERMINATE", None),
    ([TAKEN, level(3.0, comparator="<"), ada("NEG")], "PK_INDETERMINATE", None),
    ([TAKEN, level(2.0, comparator="<"), ada("NEG")], "PK_NONIMMUNE", False),
    # no level
    ([TAKEN], "MECHANISM_UNKNOWN", None),
    ([TAKEN, ada("POS")], "MECHANISM_UNKNOWN", None),
    ([TAKEN, nab("POS")], "MECHANISM_UNKNOWN", None),
]


@pytest.mark.parametrize(("results", "mechanism", "excluded"), ROWS)
def test_each_row_of_the_table(results: list[Json], mechanism: str, excluded: bool | None) -> None:
    assert ask([*failing(), *results], MECHANISM, EXCLUDED) == [mechanism, excluded]


@pytest.mark.parametrize(
    ("drug", "low", "lowest_not_low", "highest_not_adequate", "adequate"),
    [
        ("adalimumab", 1.99, 2.0, 3.99, 4.0),
        ("infliximab", 0.99, 1.0, 2.99, 3.0),
        ("golimumab", 0.99, None, None, 1.0),
        ("certolizumab", 19.99, None, None, 20.0),
        ("tocilizumab", 0.99, None, None, 1.0),
    ],
)
def test_the_ranges(
    drug: str,
    low: float,
    lowest_not_low: float | None,
    highest_not_adequate: float | None,
    adequate: float,
) -> None:
    name = "certolizumab pegol" if drug == "certolizumab" else drug

    def mechanism(value: float) -> Any:
        record = [*failing(name), TAKEN, level(value, drug), ada("NEG", drug=drug)]
        return ask(record, MECHANISM)[0]

    assert mechanism(low) == "PK_NONIMMUNE"
    for value in (lowest_not_low, highest_not_adequate):
        assert value is None or mechanism(value) == "PK_INDETERMINATE"
    assert mechanism(adequate) == "PD_FAILURE"


def reasons(*results: Json, drug: str = "adalimumab") -> list[str]:
    return list(ask([*failing(drug), *results], DETAIL)[0]["reasons"])


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], ["NO_LEVEL"]),
        ([TAKEN, level(1.0), ada("POS")], ["LEVEL_LOW", "ADA_POSITIVE"]),
        ([TAKEN, level(1.0), ada("NEG")], ["LEVEL_LOW", "ADA_NEGATIVE"]),
        (
            [level(1.0), ada("NEG")],
            ["LEVEL_LOW", "ADA_NEGATIVE", "TAKEN_AS_PLANNED_UNKNOWN"],
        ),
        (
            [NOT_TAKEN, level(1.0), ada("NEG")],
            ["LEVEL_LOW", "ADA_NEGATIVE", "NOT_TAKEN_AS_PLANNED"],
        ),
        ([NOT_TAKEN, level(3.0)], ["LEVEL_INTERMEDIATE", "ADA_MISSING"]),
        ([level(5.0), ada("NEG")], ["LEVEL_ADEQUATE", "ADA_NEGATIVE"]),
        ([level(3.0, comparator="<")], ["LEVEL_UNDECIDED", "ADA_MISSING"]),
        ([level(5.0, trough=False), ada("NEG")], ["TROUGH_UNCONFIRMED", "ADA_NEGATIVE"]),
        (
            [level(5.0), ada("POS"), nab("POS"), activity("NEG")],
            ["LEVEL_ADEQUATE", "ADA_POSITIVE", "NEUTRALISING_ANTIBODY", "DRUG_ACTIVITY_ABSENT"],
        ),
    ],
)
def test_reasons(results: list[Json], expected: list[str]) -> None:
    assert reasons(*results) == expected


def test_tocilizumab_says_that_its_range_is_extrapolated() -> None:
    extrapolated = "TOCILIZUMAB_RANGE_EXTRAPOLATED"
    assert extrapolated in reasons(level(3.0, "tocilizumab"), drug="tocilizumab")
    assert extrapolated not in reasons(drug="tocilizumab")


def test_what_the_detail_holds() -> None:
    assay = component("assay", "Total")
    sample = observation(
        "tdm-adalimumab-level", 5.0, "mg/L", DRAWN, components=[component("trough", True), assay]
    )
    record = [*failing(), sample, ada("POS"), nab("NEG"), activity("POS")]
    [found] = ask(record, DETAIL)
    assert {k: v for k, v in found.items() if k != "reasons"} == {
        "drug": "adalimumab",
        "level": 5.0,
        "state": "ADEQUATE",
        "date": DRAWN,
        "timing": "trough",
        "assay": "total",
        "ada": "POS",
        "nab": "NEG",
        "activity": "POS",
        "drivers": [],
        "support": [],
    }


@pytest.mark.parametrize("record", [
    [*treated("2026-10-01", das28(6.0), das28(6.0)), *visit(sjc28=6)],  # too early
    [*treated("2026-03-02", das28(6.0), das28(2.5)), *visit(sjc28=0)],  # at target
    [*treated("2026-03-02", das28(6.0), das28(6.0)), *visit(sjc28=0, crp=2)],  # suspected
    [],
])  # fmt: skip
def test_no_mechanism_where_no_failure_is_on_the_table(record: list[Json]) -> None:
    results = [TAKEN, level(1.0), ada("POS")] if record else []
    assert ask([*record, *results], MECHANISM, DETAIL, GAPS) == [None, None, []]
    drivers, support = ask(
        [*record, *results], "FailureMechanism.Drivers", "FailureMechanism.Support"
    )
    assert (drivers, support) == ([], [])
    # a level is never asked for before a failure (C25 d)
    assert ask(record, GAPS) == [[]]


def test_an_unknown_type_of_miss_is_a_failure_without_a_name() -> None:
    record = [*treated("2026-03-02", None, das28(6.0)), *visit(sjc28=6)]
    assert ask([*record, TAKEN, level(5.0), ada("NEG")], MECHANISM) == ["MECHANISM_UNKNOWN"]
    assert ask([*record, TAKEN, level(1.0), ada("POS")], MECHANISM) == ["PK_IMMUNE_CLEARING"]


def test_a_lost_response_and_three_months_without_response_have_names() -> None:
    results = [TAKEN, level(5.0), ada("NEG"), *visit(sjc28=6)]
    lost = treated("2026-03-02", das28(6.0), das28(6.0), earlier={"2026-07-01": das28(2.9)})
    early = treated("2026-08-03", das28(6.0), das28(6.0))
    for record in (lost, early):
        assert ask([*record, *results], MECHANISM) == ["PD_FAILURE"]


def test_an_adequate_level_without_shown_inflammation_explains_nothing() -> None:
    """8.11: objective inflammation unknown; ultrasound."""
    record = [*treated("2026-03-02", das28(6.4), das28(6.0)), TAKEN, level(5.0), ada("NEG")]
    mechanism, detail, excluded, gaps = ask(record, MECHANISM, DETAIL, EXCLUDED, GAPS)
    assert (mechanism, excluded) == ("MECHANISM_UNKNOWN", None)
    assert detail["reasons"] == ["LEVEL_ADEQUATE", "ADA_NEGATIVE", "INFLAMMATION_NOT_ESTABLISHED"]
    assert gaps == [{"what": "us", "why": "INFLAMMATION_NOT_ESTABLISHED", "order": "us"}]


# ---------------------------------------------------------------- the sample


@pytest.mark.parametrize(
    ("date", "mechanism"),
    [("2026-08-25", "PK_NONIMMUNE"), ("2026-08-24", "MECHANISM_UNKNOWN")],
)
def test_a_level_speaks_for_90_days(date: str, mechanism: str) -> None:
    record = [*failing(), TAKEN, level(1.0, date=date), ada("NEG", date=date)]
    assert ask(record, MECHANISM) == [mechanism]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-11-09", "NEG"),
        ("2026-11-08", None),
        ("2026-11-23", "NEG"),
    ],
)
@pytest.mark.parametrize("kind", ["ada", "nab", "activity"])
def test_antibodies_of_the_same_sample(kind: str, date: str, expected: str | None) -> None:
    record = [*failing(), level(1.0), answer(kind, "NEG", date=date)]
    assert ask(record, DETAIL)[0][kind] == expected


@pytest.mark.parametrize(("date", "expected"), [("2026-11-17", "NEG"), ("2026-11-18", None)])
@pytest.mark.parametrize("kind", ["ada", "nab", "activity"])
def test_antibodies_after_the_sample(kind: str, date: str, expected: str | None) -> None:
    record = [*failing(), level(1.0, date="2026-11-10"), answer(kind, "NEG", date=date)]
    assert ask(record, DETAIL)[0][kind] == expected


@pytest.mark.parametrize("kind", ["ada", "nab", "activity"])
def test_antibodies_of_another_drug_or_course(kind: str) -> None:
    other = [*failing(), level(1.0), answer(kind, "POS", drug="infliximab")]
    assert ask(other, DETAIL)[0][kind] is None
    # the level at the edge of its window, the answer within a week before it
    old = [*failing(), level(1.0, date="2026-08-25"), answer(kind, "POS", date="2026-08-24")]
    assert ask(old, DETAIL)[0][kind] is None


def test_the_worse_of_several_answers() -> None:
    record = [*failing(), level(5.0)]
    pairs = [("ada", "POS"), ("nab", "POS"), ("activity", "NEG")]
    for kind, worse in pairs:
        both = [answer(kind, "POS"), answer(kind, "NEG", date="2026-11-15")]
        assert ask([*record, *both], DETAIL)[0][kind] == worse
        both = [answer(kind, "NEG"), answer(kind, "POS", date="2026-11-15")]
        assert ask([*record, *both], DETAIL)[0][kind] == worse


def test_the_last_level_counts() -> None:
    two = [level(5.0, date="2026-11-02"), level(1.0, date="2026-11-16")]
    for levels in (two, two[::-1]):
        assert ask([*failing(), *levels], DETAIL)[0]["level"] == 1.0
    assert ask([*failing(), level(5.0, "infliximab")], DETAIL)[0]["level"] is None


@pytest.mark.parametrize(
    ("start", "date", "found"),
    [("2026-08-24", "2026-08-27", True), ("2026-08-28", "2026-08-27", False),
     ("2026-08-23", "2026-08-25", True), ("2026-08-27", "2026-08-27", True)],
)  # fmt: skip
def test_a_level_of_an_earlier_course_does_not_count(start: str, date: str, found: bool) -> None:
    # the category is asked of a course that began with that sample, so only the level is looked at
    [sample] = ask([on("adalimumab", start), level(1.0, date=date)], "FailureMechanism.Level")
    assert (sample is not None) is found


# ---------------------------------------------------------------- drugs without a range


def test_etanercept_knows_only_detectable() -> None:
    detectable = [*failing("etanercept"), TAKEN, level(1.0, "etanercept", trough=None)]
    mechanism, detail, excluded, gaps = ask(detectable, MECHANISM, DETAIL, EXCLUDED, GAPS)
    assert (mechanism, detail["state"], excluded) == ("PK_INDETERMINATE", "DETECTABLE", True)
    assert detail["reasons"] == ["LEVEL_WITHOUT_RANGE", "ADA_MISSING"]
    assert [(g["what"], g["order"]) for g in gaps] == [("drug-antibody", "tdm-etanercept")]
    absent = [*failing("etanercept"), TAKEN, level(0.0, "etanercept")]
    assert ask(absent, MECHANISM, EXCLUDED) == ["PK_INDETERMINATE", None]
    none = [*failing("etanercept"), TAKEN]
    mechanism, detail, excluded, gaps = ask(none, MECHANISM, DETAIL, EXCLUDED, GAPS)
    assert (mechanism, detail["reasons"], excluded) == ("MECHANISM_UNKNOWN", ["NO_LEVEL"], True)
    assert [(g["what"], g["order"]) for g in gaps] == [("drug-level", "tdm-etanercept")]


@pytest.mark.parametrize("drug", ["sarilumab", "abatacept", "rituximab", "tofacitinib"])
def test_other_drugs_have_no_range_and_are_not_asked_for(drug: str) -> None:
    mechanism, detail, excluded, gaps, usable = ask(
        [*failing(drug), TAKEN], MECHANISM, DETAIL, EXCLUDED, GAPS,
        "FailureMechanism.Drug Has Usable TDM",
    )  # fmt: skip
    assert (mechanism, excluded, gaps, usable) == ("MECHANISM_UNKNOWN", True, [], False)
    assert detail["reasons"] == ["TDM_NOT_APPLICABLE"]


# ---------------------------------------------------------------- questions


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], [("drug-level", "tdm-adalimumab")]),
        ([TAKEN], [("drug-level", "tdm-adalimumab")]),
        ([NOT_TAKEN], []),
        ([level(1.0), ada("POS")], []),
        (
            [TAKEN, level(1.0)],
            [("trough", "tdm-adalimumab"), ("drug-antibody", "tdm-adalimumab")],
        ),
        ([level(1.0), ada("NEG")], [("trough", "tdm-adalimumab")]),
        ([level(5.0), nab("POS")], []),
        ([level(5.0), ada("POS")], [("functional-assay", "functional-drug-assay")]),
        ([level(5.0), ada("NEG")], []),
        ([TAKEN, level(1.0), ada("NEG")], [("bmi", None), ("albumin", "albumin")]),
    ],
)
def test_what_is_asked(results: list[Json], expected: list[tuple[str, str | None]]) -> None:
    gaps = ask([*failing(), *results], GAPS)[0]
    assert [(g["what"], g["order"]) for g in gaps] == expected


def test_the_order_of_certolizumab_has_a_short_name() -> None:
    gaps = ask(failing("certolizumab pegol"), GAPS)[0]
    assert [g["order"] for g in gaps] == ["tdm-certolizumab"]


def reaction() -> Json:
    return resource(
        "AdverseEvent",
        actuality="actual",
        subject={"reference": "Patient/p"},
        date="2026-10-05",
        suspectEntity=[{"instance": {"display": "adalimumab"}}],
    )


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([level(1.0), ada("POS"), reaction()], ["INFUSION_REACTION", "NO_METHOTREXATE"]),
        ([level(1.0), ada("POS")], ["NO_METHOTREXATE"]),
        (
            [level(1.0), ada("POS"), reaction(), on("methotrexate", "2025-01-06")],
            ["INFUSION_REACTION"],
        ),
        (
            [level(1.0), ada("POS"), on("methotrexate", "2025-01-06", "2026-01-06")],
            ["NO_METHOTREXATE"],
        ),
        ([level(5.0), nab("POS"), reaction()], ["INFUSION_REACTION", "NO_METHOTREXATE"]),
        ([level(5.0), ada("POS"), reaction()], []),
        ([TAKEN, level(1.0), ada("NEG"), reaction()], []),
    ],
)
def test_what_supports_an_immune_cause(results: list[Json], expected: list[str]) -> None:
    assert ask([*failing(), *results], DETAIL)[0]["support"] == expected


def test_an_infusion_is_never_a_fixed_dose() -> None:
    given = administration("adalimumab", "2026-11-02")
    for record, fixed in (
        (failing(), True),
        ([*failing(), given], False),
        ([*failing(), administration("infliximab", "2024-11-02")], True),
        (failing("infliximab"), False),
    ):
        assert ask(record, "FailureMechanism.Dose Is Fixed") == [fixed]
