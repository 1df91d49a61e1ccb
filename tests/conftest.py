"""What every test has: the content, compiled once in a run; and the order in which they begin.

The longest tests begin first: at the end of a run one of them would keep the machine alone.
"""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

from ra_cds_hooks.decision import Content

from .content import committed_content

LONG = (
    "tests/negative/test_schemathesis.py",
    "tests/interop/",
    "tests/serving/",
    "tests/packaging/",
    "tests/conformance/",
    "tests/elm/",
)


def pytest_configure(config: pytest.Config) -> None:
    """A folder of this run, where the first process that compiles the content keeps it."""
    if hasattr(config, "workerinput"):
        return  # a process of xdist has the environment of the one that started it
    folder = tempfile.mkdtemp(prefix="ra-cds-compiled-")
    config.add_cleanup(lambda: shutil.rmtree(folder))
    os.environ["RA_CDS_CACHE_DIR"] = folder


@pytest.fixture(scope="session")
def content() -> Content:
    return committed_content()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order of the list above, then the rest as it was found."""
    items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    return next((number for number, start in enumerate(LONG) if nodeid.startswith(start)), 99)
