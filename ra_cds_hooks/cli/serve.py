"""The command that serves the hooks."""

from __future__ import annotations

import threading
import webbrowser
from typing import Any

import click

from ra_cds_hooks.cli.app import answers_errors, given, main
from ra_cds_hooks.operation.logs import adopt_gunicorn, configure_logging
from ra_cds_hooks.settings import Settings, load_settings
from ra_cds_hooks.web import create_app, settle


@main.command()
@click.option("--host", help="Address to listen on (RA_CDS_HOST).")
@click.option("--port", type=int, help="TCP port to listen on (RA_CDS_PORT).")
@click.option("--demo", is_flag=True, help="Serve the demonstration page with fixture patients.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
@answers_errors
def serve(host: str | None, port: int | None, demo: bool, open_page: bool) -> None:
    """Serve the hooks (gunicorn, one process with threads).

    Example: ra-cds serve --demo
    """
    from gunicorn.app.base import BaseApplication

    from ra_cds_hooks.operation.worker import BoundedWorker

    settings = load_settings(**given(host=host, port=port, demo=demo or None, workers=1))
    configure_logging(settings.log_level, settings.log_format)
    application = create_app(settings)
    settle()
    url = f"http://{settings.address}/"

    class Server(BaseApplication):
        """gunicorn with the application that is already loaded."""

        def load_config(self) -> None:
            self.cfg.set("bind", settings.address)
            self.cfg.set("workers", settings.workers)
            self.cfg.set("threads", 4)
            BoundedWorker.request_seconds = settings.request_seconds
            BoundedWorker.max_body_bytes = settings.max_body_bytes
            self.cfg.set("worker_class", BoundedWorker)
            self.cfg.set("forwarded_allow_ips", "")
            self.cfg.set("forwarder_headers", "")
            self.cfg.set("loglevel", "warning")
            self.cfg.set("post_fork", lambda server, worker: adopt_gunicorn())
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
