"""Commands over feedback: what became of the cards."""

from __future__ import annotations

import csv
import io
import sys
from typing import Any

import click
import orjson

from ra_cds_hooks.cli.app import PRETTY, answers_errors, main, moment_of, since_option
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.store import FeedbackStore
from ra_cds_hooks.store.report import AnsweredCard, answered_cards, summary

COLUMNS = (
    "card_uuid", "service", "card", "subject", "shown_at", "outcome", "reason", "outcome_at",
    "seconds_to_action",
)  # fmt: skip


@main.group()
def feedback() -> None:
    """What clinicians did with the cards.

    Example: ra-cds feedback report
    """


@feedback.command("report")
@since_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@answers_errors
def report(since: str | None, as_json: bool) -> None:
    """Per card: shown, accepted, overridden by reason, unanswered, time to action.

    Example: ra-cds feedback report --since 2026-11-01
    """
    rows = summary(_cards(since))
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(rows, option=PRETTY))
        return
    for row in rows:
        click.echo(
            f"{row['service']} {row['card']}: {row['shown']} shown to {row['patients']} patients, "
            f"{row['accepted']} accepted, {row['overridden']} overridden, "
            f"{row['unanswered']} unanswered"
        )
        for reason, number in row["reasons"].items():
            click.echo(f"    overridden, {reason}: {number}")
        seconds = row["secondsToAction"]
        if seconds["count"]:
            click.echo(
                f"    seconds to action: median {seconds['median']:.0f}, p90 {seconds['p90']:.0f}"
            )
    if not rows:
        click.echo("No card was shown or answered.")


@feedback.command("export")
@since_option
@click.option(
    "--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True
)
@answers_errors
def export(since: str | None, form: str) -> None:
    """Print a row for each card with its last answer; patients as keyed hashes, no free text.

    Example: ra-cds feedback export --format csv
    """
    rows = [_row(card) for card in _cards(since)]
    if form == "json":
        sys.stdout.buffer.write(orjson.dumps(rows, option=PRETTY))
        return
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    click.echo(text.getvalue(), nl=False)


def _cards(since: str | None) -> list[AnsweredCard]:
    day = moment_of(since)
    settings = load_settings()
    store = FeedbackStore(settings.database_url, settings.database_ca_bundle)
    try:
        return answered_cards(store, day)
    finally:
        store.close()


def _row(card: AnsweredCard) -> dict[str, Any]:
    moments = {"shown_at": card.shown_at, "outcome_at": card.outcome_at}
    return {
        "card_uuid": card.uuid,
        "service": card.service,
        "card": card.card,
        "subject": card.subject,
        "outcome": card.outcome,
        "reason": card.reason,
        "seconds_to_action": card.seconds_to_action,
        **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
    }
