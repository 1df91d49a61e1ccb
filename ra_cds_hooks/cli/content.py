"""Commands over the clinical content: is it whole, its parameters, what its value sets know."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click
import orjson

from ra_cds_hooks.cli.app import PRETTY, answers_errors, main
from ra_cds_hooks.decision.check import problems
from ra_cds_hooks.decision.parameters import as_written, declared
from ra_cds_hooks.fhir.files import resources_in
from ra_cds_hooks.fhir.local_codes import LocalCodes
from ra_cds_hooks.fhir.unknown_codes import as_local_codes, unknown_codes
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import content_for


@main.command()
@answers_errors
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
@answers_errors
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
        sys.stdout.buffer.write(orjson.dumps(rows, option=PRETTY))
        return
    for row in rows:
        mark = f" (default {row['default']})" if row["name"] in own else ""
        click.echo(f"{row['name']} = {row['value']}{mark}  {row['unit']}".rstrip())
        click.echo(f"    {row['source']}")


@main.group()
def terminology() -> None:
    """What the value sets know of a site's codes.

    Example: ra-cds terminology check fhir_fixtures/v01-too-early/bundle.json
    """


@terminology.command("check")
@click.argument(
    "bundles",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--toml", is_flag=True, help="Print a local_codes.toml to fill in.")
@answers_errors
def terminology_check(bundles: tuple[Path, ...], toml: bool) -> None:
    """List the medication, laboratory and condition codes in BUNDLES that no value set knows.

    Files are FHIR Bundles or NDJSON. What RA_CDS_LOCAL_CODES maps already is not listed.
    Example: ra-cds terminology check export/*.json --toml
    """
    settings = load_settings()
    known = content_for(settings).codes_known()
    resources = (resource for path in bundles for resource in resources_in(path))
    rows = unknown_codes(resources, known, LocalCodes.read(settings.local_codes))
    if toml:
        click.echo(as_local_codes(rows), nl=False)
        return
    for row in rows:
        click.echo(f"{row.count:>6}  {row.kind:<10} {row.system}|{row.code}  {row.text}")
    click.echo(f"{len(rows)} codes that no value set knows (docs/local-codes.md)", err=True)
