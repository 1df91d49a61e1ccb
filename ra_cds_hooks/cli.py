"""ra-cds: evaluate a record, check the content, write expectations, serve the hooks.

Every command has an example in the README; a test holds that. Exit codes: errors.TABLE.
"""

from __future__ import annotations

import logging
import sys
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel

from ra_cds_hooks.decision import Content, Decision, decide, render
from ra_cds_hooks.decision.check import problems
from ra_cds_hooks.decision.parameters import as_written, declared
from ra_cds_hooks.errors import InvalidBundle, answer_for, public_message
from ra_cds_hooks.fhir.record import PatientRecord
from ra_cds_hooks.settings import Settings, load_settings
from ra_cds_hooks.web import content_for, create_app, reading_for, settle

REVIEW_SERVICE = "ra-refractory-review"
_STRIPES = {"info": "blue", "warning": "yellow", "critical": "red"}
_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


def _answers_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Errors of this project end the command with their message and exit code, not a traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except click.exceptions.Exit:
            raise
        except click.ClickException:
            raise
        except Exception as error:
            click.echo(f"ra-cds: {public_message(error)}", err=True)
            logging.getLogger("ra_cds_hooks").debug("the error in full", exc_info=True)
            sys.exit(answer_for(error).exit_code)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ra-cds-hooks")
def main() -> None:
    """CDS Hooks decision support for refractory rheumatoid arthritis.

    For clinicians, not clinically validated.
    """


_as_of = click.option(
    "--as-of", metavar="DATE", help="Evaluate as if it were this date (2026-11-23); default: now."
)
_lang = click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="Language of the cards.",
)


@main.command()
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--patient", metavar="ID", help="Which patient, when the Bundle holds several.")
@_as_of
@_lang
@click.option("--json", "as_json", is_flag=True, help="Print the Decision document instead.")
@_answers_errors
def evaluate(
    bundle: Path, patient: str | None, as_of: str | None, lang: str, as_json: bool
) -> None:
    """Evaluate one patient's FHIR BUNDLE and print the cards.

    Example: ra-cds evaluate fhir_fixtures/v01-too-early/bundle.json --as-of 2026-11-23
    """
    settings = load_settings(**_given(as_of=as_of))
    content = content_for(settings)
    decision = _decide(content, settings, bundle, patient)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(decision.document, option=_PRETTY))
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
@_answers_errors
def check() -> None:
    """Check that the clinical content is whole: defines, words, sources, prefetch, cases.

    Example: ra-cds check
    """
    settings = load_settings()
    content = content_for(settings)
    fixtures = settings.fixtures_dir if settings.fixtures_dir.is_dir() else None
    found = problems(content, fixtures)
    for problem in found:
        click.echo(problem, err=True)
    if found:
        click.echo(f"{len(found)} problems", err=True)
        sys.exit(1)
    click.echo(f"content {content.version}: whole")


@main.command()
@click.option("--changed", is_flag=True, help="Only those that this deployment sets itself.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@_answers_errors
def parameters(changed: bool, as_json: bool) -> None:
    """List every threshold: default, value in effect here, unit and source.

    Example: ra-cds parameters --changed
    """
    settings = load_settings()
    own = {name: as_written(v) for name, v in content_for(settings).parameters.items()}
    rows = [
        {**asdict(p), "value": own.get(p.name, p.default)}
        for p in declared(settings.content_dir)
        if not changed or p.name in own
    ]
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(rows, option=_PRETTY))
        return
    for row in rows:
        mark = f" (default {row['default']})" if row["name"] in own else ""
        click.echo(f"{row['name']} = {row['value']}{mark}  {row['unit']}".rstrip())
        click.echo(f"    {row['source']}")


@main.command()
@click.argument("case", required=False)
@click.option(
    "--as-of", metavar="DATE", default="2026-11-23", show_default=True, help="Date of the cases."
)
@_answers_errors
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
        decision = _decide(content, settings, folder / "bundle.json", None)
        (folder / "expected.json").write_bytes(orjson.dumps(expectation(decision), option=_PRETTY))
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


@main.command()
@click.option("--host", help="Address to listen on (RA_CDS_HOST).")
@click.option("--port", type=int, help="TCP port to listen on (RA_CDS_PORT).")
@click.option("--demo", is_flag=True, help="Serve the demonstration page with fixture patients.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
@_answers_errors
def serve(host: str | None, port: int | None, demo: bool, open_page: bool) -> None:
    """Serve the hooks (gunicorn, one process with threads).

    Example: ra-cds serve --demo
    """
    from gunicorn.app.base import BaseApplication

    settings = load_settings(**_given(host=host, port=port, demo=demo or None))
    logging.basicConfig(level=settings.log_level, format="%(levelname)s %(name)s %(message)s")
    application = create_app(settings)
    settle()
    url = f"http://{settings.host}:{settings.port}/"

    class Server(BaseApplication):
        """gunicorn with the application that is already loaded."""

        def load_config(self) -> None:
            self.cfg.set("bind", f"{settings.host}:{settings.port}")
            self.cfg.set("workers", 1)
            self.cfg.set("threads", 4)
            self.cfg.set("loglevel", "warning")
            self.cfg.set("when_ready", lambda server: _ready(url, settings, open_page))

        def load(self) -> Any:
            return application

    Server().run()


def _ready(url: str, settings: Settings, open_page: bool) -> None:
    click.echo(f"CDS Hooks service: {url}cds-services")
    click.echo("Decision support for clinicians, not clinically validated.")
    if settings.as_of is not None:
        click.echo(f"EVALUATING AS OF {settings.as_of.date()}: for demo and tests only")
    if settings.demo:
        click.echo(f"Fixture patients: {url}")
        if open_page:
            # In a thread: a browser that is slow to start must not hold up the first request.
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _given(**options: Any) -> dict[str, Any]:
    """The options that were given; the others keep their setting."""
    return {name: value for name, value in options.items() if value is not None}


def _decide(content: Content, settings: Settings, path: Path, patient: str | None) -> Decision:
    try:
        bundle = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidBundle(f"{path.name} is not JSON ({where})") from None
    record = PatientRecord.read_bundle(bundle, reading_for(content, settings), patient_id=patient)
    return decide(content, record, settings.as_of or datetime.now(UTC).astimezone())
