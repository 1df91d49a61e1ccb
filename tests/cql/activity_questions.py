"""What the tests of DiseaseActivity ask."""

from __future__ import annotations

from typing import Any

from tests.cql.activity_records import ask
from tests.cql.build import Json

INDICES = ("das28Esr4", "das28Esr3", "das28Crp4", "das28Crp3", "cdai", "sdai")


def activity(resources: list[Json], **parameters: Any) -> Any:
    [found] = ask(
        resources,
        "DiseaseActivity.Activity",
        parameters={f"RAParameters.{k}": v for k, v in parameters.items()} or None,
    )
    return found


def flags(resources: list[Json]) -> set[str]:
    [found] = ask(resources, "DiseaseActivity.Disease Activity Flags")
    return set(found)


def gaps(resources: list[Json]) -> set[tuple[str, str]]:
    [found] = ask(resources, "DiseaseActivity.Disease Activity Gaps")
    return {(gap["what"], gap["why"]) for gap in found}
