"""Commands over one patient's record: evaluate it, write a case's expected.json."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel

from ra_cds_hooks.cli.app import (
    PRETTY,
    answers_errors,
    as_of_option,
    decided,
    given,
    lang_option,
    main,
)
from ra_cds_hooks.decision import Decision, render
from ra_cds_hooks.errors import InvalidBundle
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import content_for

REVIEW_SERVICE = "ra-refractory-review"
_STRIPES = {"info": "blue", "warning": "yellow", "critical": "red"}


@main.command()
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--patient", metavar="ID", help="Which patient, when the Bundle holds several.")
@as_of_option
@lang_option
@click.option("--json", "as_json", is_flag=True, help="Print the Decision document instead.")
@answers_errors
def evaluate(
    bundle: Path, patient: str | None, as_of: str | None, lang: str, as_json: bool
) -> None:
    """Evaluate one patient's FHIR BUNDLE and print the cards.

    Example: ra-cds evaluate fhir_fixtures/v01-too-early/bundle.json --as-of 2026-11-23
    """
    settings = load_settings(**given(as_of=as_of))
    content = content_for(settings)
    decision = decided(content, settings, bundle, patient)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(decision.document, option=PRETTY))
        return
    service = content.services[REVIEW_SERVICE]
    answer = render(content, decision, service=service, language=lang, hook_instance=bundle.name)
    console = Console()
    for card in answer["cards"]:
        console.print(
            Panel(
                Markdown(card["detail"]),
                title=f"{card['indicator']}: {card['summary']}",
                title_align="left",
                border_style=_STRIPES[card["indicator"]],
            )
        )
    if not answer["cards"]:
        console.print("No cards: nothing to say for this patient.")


@main.command()
@click.argument("case", required=False)
@click.option(
    "--as-of", metavar="DATE", default="2026-11-23", show_default=True, help="Date of the cases."
)
@answers_errors
def expect(case: str | None, as_of: str) -> None:
    """Write expected.json of one CASE under fhir_fixtures, or of all.

    The expectation that counts is written by hand in case.md; this file only adds to it.

    Example: ra-cds expect v01-too-early
    """
    settings = load_settings(as_of=as_of)
    content = content_for(settings)
    folders = sorted(path.parent for path in settings.fixtures_dir.glob("*/bundle.json"))
    if case is not None:
        folders = [folder for folder in folders if folder.name == case]
    if not folders:
        raise InvalidBundle(f"no such case under {settings.fixtures_dir}: {case}")
    for folder in folders:
        decision = decided(content, settings, folder / "bundle.json", None)
        (folder / "expected.json").write_bytes(orjson.dumps(expectation(decision), option=PRETTY))
        click.echo(folder.name)


def expectation(decision: Decision) -> dict[str, Any]:
    """What expected.json holds: the Decision without the content version, and each card's answer.

    The version changes with every edit of a word; a case must not.
    """
    document = {k: v for k, v in decision.document.items() if k != "contentVersion"}
    return {
        "decision": document,
        "cards": {card_id: answer.shown for card_id, answer in decision.cards.items()},
    }
