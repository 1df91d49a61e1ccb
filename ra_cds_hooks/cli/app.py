"""The command group, and what its commands share: errors as exit codes, options, one decision."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
import orjson

from ra_cds_hooks.decision import Content, Decision, decide
from ra_cds_hooks.errors import InvalidRequest, answer_for, public_message
from ra_cds_hooks.fhir.files import json_in
from ra_cds_hooks.fhir.record import PatientRecord
from ra_cds_hooks.settings import Settings
from ra_cds_hooks.web import reading_for

PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


def answers_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Errors of this project end the command with their message and exit code, not a traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (click.exceptions.Exit, BrokenPipeError):
            raise  # click ends quietly where the reader of its output has gone
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


as_of_option = click.option(
    "--as-of", metavar="DATE", help="Evaluate as if it were this date (2026-11-23); default: now."
)
lang_option = click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="Language of the cards.",
)


since_option = click.option("--since", metavar="DATE", help="Only from this day on (2026-11-01).")


def moment_of(since: str | None) -> datetime | None:
    """The beginning of that day, here. Raises InvalidRequest for what is no date."""
    try:
        return datetime.fromisoformat(since).astimezone() if since else None
    except ValueError:
        raise InvalidRequest("--since is not a date like 2026-11-01") from None


def given(**options: Any) -> dict[str, Any]:
    """The options that were given; the others keep their setting."""
    return {name: value for name, value in options.items() if value is not None}


def decided(content: Content, settings: Settings, path: Path, patient: str | None) -> Decision:
    bundle = json_in(path)
    record = PatientRecord.read_bundle(bundle, reading_for(content, settings), patient_id=patient)
    return decide(content, record, settings.as_of or datetime.now(UTC).astimezone())
