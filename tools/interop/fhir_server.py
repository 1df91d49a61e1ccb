"""A real sekmet-fhir server in a process of its own, on a free port of 127.0.0.1."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from tools.interop.records import Resource, batches

START_SECONDS = 45
STOP_SECONDS = 10
_SERVE = "from sekmet.cli import app; app()"  # what its console script does
_REQUEST = re.compile(r'"(GET|POST|PUT) /fhir/?([A-Za-z]*)([^" ]*) HTTP/1\.1" (\d{3})')


class FhirServer:
    """Context manager: ``base_url``, ``token``, what was stored and what was asked.

    The server's own simulator is off while it serves, so that nothing but what was loaded is
    in it. Raises TimeoutError when it does not answer within START_SECONDS, RuntimeError when
    it ends by itself.
    """

    def __init__(self, folder: Path, token: str = "interop-token") -> None:
        self.token = token
        self.folder = folder
        self.stored = 0
        self.refused: Counter[str] = Counter()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}/fhir"
        self._log = folder / "fhir-server.log"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> FhirServer:
        settings = {
            "base_url": self.base_url,
            "host": "127.0.0.1",
            "port": self.port,
            "data_dir": str(self.folder / "fhir-server"),
            "log_inbound": False,
            "server_auth": {"types": ["bearer"], "tokens": [self.token]},
            "simulator": {"enabled": False},
            # Everything is stored as it came: a record that its server would refuse tests more.
            "validation": {"inbound": "off"},
        }
        (self.folder / "fhir-server").mkdir(exist_ok=True)
        config = self.folder / "settings.yaml"
        config.write_text(json.dumps(settings))  # JSON is YAML
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, "serve", "--config", str(config)],
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_SECONDS)

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"the FHIR server ended with {self._process.returncode}")
            try:
                if self._session.get(f"{self.base_url}/metadata", timeout=2).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.2)
        raise TimeoutError(f"the FHIR server did not answer within {START_SECONDS} s")

    def store(self, resources: Iterable[Resource]) -> None:
        """Stores ``resources`` under their ids; what the server refuses is counted by type."""
        listed: Sequence[Resource] = list(resources)
        for batch in batches(listed):
            response = self._session.post(self.base_url, json=batch, timeout=120)
            response.raise_for_status()
            answers = response.json()["entry"]
            for entry, answer in zip(batch["entry"], answers, strict=True):
                if answer["response"]["status"].startswith("2"):
                    self.stored += 1
                else:
                    self.refused[entry["resource"]["resourceType"]] += 1

    def get(self, query: str) -> Any:
        """The JSON answer to GET ``query`` (relative to the base URL)."""
        response = self._session.get(f"{self.base_url}/{query}", timeout=60)
        response.raise_for_status()
        return response.json()

    def requests(self) -> list[tuple[str, str, str, int]]:
        """Every request so far from the server's own access log: method, type, rest, status."""
        text = self._log.read_text("utf-8", errors="replace")
        return [(m[1], m[2], m[3], int(m[4])) for m in _REQUEST.finditer(text)]
