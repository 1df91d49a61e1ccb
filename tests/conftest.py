"""The longest tests begin first: at the end of a run one of them would keep the machine alone."""

from __future__ import annotations

import pytest

LONG = (
    "tests/negative/test_schemathesis.py",
    "tests/interop/",
    "tests/serving/",
    "tests/packaging/",
    "tests/conformance/",
    "tests/elm/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order of the list above, then the rest as it was found."""
    items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    return next((number for number, start in enumerate(LONG) if nodeid.startswith(start)), 99)
