"""Our service behind a real HTTP server, on a free port of 127.0.0.1, in a thread."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import create_app

# The FHIR server of these runs shares two cores with everything else; what is tested here is the
# answer, not the time.
FHIR_SECONDS = 60.0


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """No line for each request: the report counts them."""


class CdsServer:
    """Context manager: the real application at ``base_url``."""

    def __init__(self, folder: Path, as_of: date, **settings: Any) -> None:
        self._settings = load_settings(
            as_of=as_of.isoformat(),
            database_url=f"sqlite:///{folder / 'feedback.sqlite'}",
            fhir_budget_seconds=FHIR_SECONDS,
            fhir_read_timeout_seconds=FHIR_SECONDS,
            fhir_connect_timeout_seconds=10.0,
            **settings,
        )

    def __enter__(self) -> CdsServer:
        self.app = create_app(self._settings)
        self._server = make_server("127.0.0.1", 0, self.app, threaded=True, request_handler=_Quiet)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()
        parts = self.app.extensions["ra_cds_hooks"]
        parts.gatherer.close()
        parts.store.close()
