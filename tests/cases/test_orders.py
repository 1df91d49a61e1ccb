"""Every case with an ``order`` through both order services, over HTTP, against its case.md.

Source of the expectations: clinical-spec.md 3, 8.25, 8.34, 8.43, 8.50, reasoned by hand.
"""

from __future__ import annotations

import tomllib

import pytest
from flask.testing import FlaskClient

from ra_cds_hooks.decision import Content

from .conftest import FIXTURES
from .ehr import read_bundle
from .expectation import FENCE
from .order import order_differences, order_problems, order_request, wanted_at

ORDERS = {
    path.parent.name: wanted
    for path in sorted(FIXTURES.glob("*/case.md"))
    if "order" in (wanted := tomllib.loads(path.read_text("utf-8").split(f"{FENCE}\n")[1]))
}
CLASSES = ("tnfi", "il6ri", "aba", "rtx", "jaki", "mtx", "lef", "ssz", "hcq")
SERVICES = ("ra-escalation-safety-sign", "ra-escalation-safety-select")


def test_there_is_a_case_for_every_class() -> None:
    classes = {case_id.split("--")[0] for case_id in ORDERS}
    assert {f"order-{c}" for c in CLASSES} <= classes


@pytest.mark.parametrize("case_id", ORDERS)
def test_order_is_well_written(case_id: str) -> None:
    assert order_problems(ORDERS[case_id]["order"]) == []


@pytest.mark.parametrize("service_id", SERVICES)
@pytest.mark.parametrize("case_id", ORDERS)
def test_order_meets_its_card(
    case_id: str, service_id: str, content: Content, client: FlaskClient
) -> None:
    wanted = ORDERS[case_id]
    services = client.get("/cds-services").get_json()["services"]
    [service] = [s for s in services if s["id"] == service_id]
    bundle = read_bundle(FIXTURES / case_id / "bundle.json")
    request = order_request(
        bundle, service, wanted["order"], not_obtained=tuple(wanted.get("not_obtained", ()))
    )
    answer = client.post(f"/cds-services/{service_id}", json=request)
    assert answer.status_code == 200, answer.get_json()
    expected = wanted_at(wanted["order"], service["hook"])
    assert order_differences(content, answer.get_json(), expected) == []
