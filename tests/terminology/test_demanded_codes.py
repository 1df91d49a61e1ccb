"""Every value set holds exactly the codes that a table demands of it, written by hand."""

from __future__ import annotations

import pytest

from tests.terminology import (
    answer_codes,
    condition_codes,
    drug_codes,
    observation_codes,
    other_drug_codes,
    safety_condition_codes,
    vaccine_codes,
)
from tests.terminology.demands import Codes, Demand, complaints, says

TABLES = (
    answer_codes,
    condition_codes,
    drug_codes,
    observation_codes,
    other_drug_codes,
    safety_condition_codes,
    vaccine_codes,
)
DEMANDS: dict[str, Demand] = {
    title: demand for table in TABLES for title, demand in table.DEMANDS.items()
}


def test_every_value_set_is_demanded_once(codes: dict[str, Codes]) -> None:
    assert DEMANDS.keys() | {other_drug_codes.EVERY_DRUG} == set(codes)
    assert len(DEMANDS) == sum(len(table.DEMANDS) for table in TABLES)


@pytest.mark.parametrize("title", DEMANDS)
def test_a_value_set_is_exactly_what_is_demanded(title: str, codes: dict[str, Codes]) -> None:
    assert complaints(DEMANDS[title], codes[title]) == []


@pytest.mark.parametrize("title", [t for t, demand in DEMANDS.items() if demand.titles])
def test_codes_that_the_specification_does_not_name_mean_what_they_say(title: str) -> None:
    assert [row for row in DEMANDS[title].titles if not says(*row)] == []


def test_drugs_of_interest_are_all_drugs_that_a_rule_names(codes: dict[str, Codes]) -> None:
    groups = [DEMANDS[" ".join(group.split())] for group in other_drug_codes.GROUPS.split(",")]
    every = Demand(
        wanted=set().union(*(group.wanted for group in groups)),
        unconfirmed=set().union(*(group.unconfirmed for group in groups)),
    )
    assert complaints(every, codes[other_drug_codes.EVERY_DRUG]) == []
