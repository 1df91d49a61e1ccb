"""``python -m tools.alert_burden``: docs/alert-burden.md from orders simulated over all cases.

Each fixture patient meets one new order of each drug at order-sign, through the real service. The
fixtures are made to show findings, so the numbers are no forecast for a clinic: they compare cards,
drugs and versions of the content, and show which check interrupts most.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from ra_cds_hooks.decision import Content, load_content
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import create_app
from tests.cases.ehr import read_bundle
from tests.cases.order import order_request
from tools.fixtures.chart import AS_OF

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fhir_fixtures"
TARGET = ROOT / "docs" / "alert-burden.md"
SERVICE = "ra-escalation-safety-sign"
# One drug of each class, with the ordinary dose that an order has when it is signed; where no check
# reads a dose, none.
ORDERS: dict[str, dict[str, float]] = {
    "adalimumab": {"weekly_mg": 20},
    "tocilizumab": {},
    "abatacept": {},
    "rituximab": {},
    "tofacitinib": {"daily_mg": 10},
    "methotrexate": {"weekly_mg": 15},
    "leflunomide": {},
    "sulfasalazine": {"daily_mg": 2000},
    "hydroxychloroquine": {"daily_mg": 200},
}
INDICATORS = ("critical", "warning", "info")
# What was read in earlier pages; it names the contents that it compares.
HISTORY = Path(__file__).with_name("history.md")


class Burden:
    """Counts over simulated orders."""

    def __init__(self) -> None:
        self.patients = 0
        self.orders: Counter[str] = Counter()
        self.cards: Counter[tuple[str, str]] = Counter()
        self.by_drug: Counter[tuple[str, str]] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.leading: Counter[tuple[str, str]] = Counter()
        self.silent: Counter[str] = Counter()
        self.failed = 0

    def count(self, drug: str, cards: list[dict[str, Any]], extension: str) -> None:
        self.orders[drug] += 1
        if not cards:
            self.silent[drug] += 1
        for card in cards:
            said = card["extension"][extension]
            row = said.get("row", {})
            self.cards[said["card"], card["indicator"]] += 1
            self.by_drug[drug, card["indicator"]] += 1
            self.verdicts[row.get("verdict", "not computed")] += 1
            for finding in row.get("findings", [])[:1]:
                self.leading[finding["id"], finding["verdict"]] += 1


def simulate(content: Content) -> Burden:
    """One order of each drug for each fixture patient, over HTTP's test client."""
    burden = Burden()
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            as_of=f"{AS_OF}T12:00:00+00:00",
            database_url=f"sqlite:///{folder}/store.sqlite",
            override_quiet_days=0,
        )
        client = create_app(settings, content=content).test_client()
        services = client.get("/cds-services").get_json()["services"]
        [service] = [s for s in services if s["id"] == SERVICE]
        for path in sorted(FIXTURES.glob("*/bundle.json")):
            bundle = read_bundle(path)
            burden.patients += 1
            for drug, dose in ORDERS.items():
                body = order_request(bundle, service, {"drug": drug, **dose})
                answer = client.post(f"/cds-services/{SERVICE}", json=body)
                if answer.status_code != 200:
                    burden.failed += 1
                    continue
                burden.count(drug, answer.get_json()["cards"], content.extension_key)
    return burden


def page(burden: Burden, version: str) -> str:
    """The document; every number is a rate per 1,000 orders."""
    total = sum(burden.orders.values())

    def rate(count: int, of: int = total) -> str:
        return f"{1000 * count / of:.0f}" if of else "-"

    cards = sorted({card for card, _ in burden.cards})
    lines = [
        "# Alert burden of the order services",
        "",
        f"`python -m tools.alert_burden`, content {version}: {total} simulated orders at "
        f"order-sign ({burden.patients} fixture patients, {len(ORDERS)} drugs each, one order a "
        f"drug), {burden.failed} calls failed. Rates per 1,000 orders.",
        "",
        "The fixtures are made to show findings, and nobody overrides anything here: these rates",
        "are no forecast for a clinic. They compare cards, drugs and versions of the content. A",
        "biologic drafted beside one that is documented as taken counts as a block (G-DUAL), also",
        "for a switch whose stop is not yet on record.",
        "",
        f"Without any card: **{rate(sum(burden.silent.values()))}** of 1,000 orders.",
        "",
        "## By card and indicator",
        "",
        "| Card | critical | warning | info | all |",
        "|---|---|---|---|---|",
    ]
    for card in cards:
        counts = [burden.cards[card, indicator] for indicator in INDICATORS]
        lines.append(f"| `{card}` | {' | '.join(rate(n) for n in counts)} | {rate(sum(counts))} |")
    lines += ["", "## By drug", "", "| Drug | critical | warning | info | no card |"]
    lines += ["|---|---|---|---|---|"]
    for drug in ORDERS:
        of = burden.orders[drug]
        shown = " | ".join(rate(burden.by_drug[drug, i], of) for i in INDICATORS)
        lines.append(f"| {drug} | {shown} | {rate(burden.silent[drug], of)} |")
    lines += ["", "## By verdict", "", "| Verdict | cards |", "|---|---|"]
    lines += [f"| {verdict} | {rate(n)} |" for verdict, n in sorted(burden.verdicts.items())]
    lines += ["", "## The check that leads the card", "", "| Check | Verdict | cards |"]
    lines += ["|---|---|---|"]
    ranked = sorted(burden.leading.items(), key=lambda item: (-item[1], item[0]))
    lines += [f"| {check} | {verdict} | {rate(n)} |" for (check, verdict), n in ranked]
    return "\n".join(lines) + "\n\n" + HISTORY.read_text(encoding="utf-8")


def main() -> None:
    """Simulate, and write the page."""
    content = load_content(load_settings().content_dir)
    TARGET.write_text(page(simulate(content), content.version), encoding="utf-8")
    print(f"written: {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
