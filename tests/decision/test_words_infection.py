"""What the infection and hepatitis checks ask for and order has words, and every order exists."""

from __future__ import annotations

import pytest

from tests.decision.test_words import define, strings, under, without_words

MISSING = {
    "InfectionHistory": ("History Missing", "G-COVID Checks"),
    "HepatitisB": ("DNA Missing", "Screening Missing"),
    "HepatitisC": ("Missing",),
    "Immunoglobulins": ("Missing",),
}
ORDERS = {
    "InfectionHistory": ("Recurrence Orders",),
    "HepatitisB": ("Monitoring Orders", "Screening Orders"),
    "HepatitisC": ("Orders",),
}


def lower(library: str, names: tuple[str, ...]) -> set[str]:
    """Literals that are written as codes of data and orders are."""
    found = strings(define(library, *names))
    return {text for text in found if text.islower() and not text.startswith("no-")}


@pytest.mark.parametrize("library", MISSING)
def test_missing_data(library: str) -> None:
    found = lower(library, MISSING[library]) - {"unknown", "do_first", "covid-19", "both"}
    assert found
    assert without_words("missing", found) == []


@pytest.mark.parametrize("library", ORDERS)
def test_orders(library: str) -> None:
    found = lower(library, ORDERS[library]) - {"pending", "positive", "negative"}
    assert found
    assert found <= under("key", "RARecommendations")
    assert without_words("orders", found) == []
