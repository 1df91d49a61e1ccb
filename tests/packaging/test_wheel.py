"""The wheel alone, in an empty environment: content travels inside, the service answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a new virtual environment that holds the wheel and nothing else of ours."""
    place = tmp_path_factory.mktemp("wheel")
    quiet = ["--quiet", "--disable-pip-version-check"]
    run = [sys.executable, "-m", "pip", "wheel", *quiet, "--no-deps", "-w", str(place), str(ROOT)]
    subprocess.run(run, check=True, timeout=300)
    (wheel,) = place.glob("ra_cds_hooks-*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(place / "env")], check=True, timeout=120)
    binaries = place / "env" / "bin"
    pip = [str(binaries / "python"), "-m", "pip", "install", *quiet]
    lock = ["--require-hashes", "-r", str(ROOT / "requirements.lock")]
    subprocess.run([*pip, *lock], check=True, timeout=300)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True, timeout=300)
    return binaries


def run(binaries: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(binaries / "ra-cds"), *arguments],
        cwd=cwd, env=_environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RA_CDS_", "PYTHON"))}
    return kept | {"RA_CDS_AS_OF": "2026-11-23"}


def test_the_content_in_the_wheel_is_whole(installed, tmp_path):
    answer = run(installed, "check", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "whole" in answer.stdout


def test_a_bundle_is_evaluated(installed, tmp_path):
    bundle = ROOT / "fhir_fixtures" / "v01-too-early" / "bundle.json"
    answer = run(installed, "evaluate", str(bundle), "--json", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["primary"] == "TOO_EARLY"


def test_it_serves_the_hooks_and_the_page(installed, tmp_path):
    environment = _environment() | {"RA_CDS_DATABASE_URL": f"sqlite:///{tmp_path}/f.sqlite"}
    server = subprocess.Popen(
        [str(installed / "ra-cds"), "serve", "--demo", "--port", "18099"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        services = json.loads(_get("http://127.0.0.1:18099/cds-services", server))
        assert "ra-refractory-review" in [s["id"] for s in services["services"]]
        page = _get("http://127.0.0.1:18099/", server).decode()
        style = re.search(r'href="([^"]+\.css)"', page)
        assert style, "the page names its style sheet"
        assert _get(f"http://127.0.0.1:18099{style[1]}", server)
        assert "v01-too-early" in page
    finally:
        server.terminate()
        server.wait(timeout=20)
        assert server.stdout
        server.stdout.close()


def _get(url: str, server: subprocess.Popen[str]) -> bytes:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return bytes(answer.read())
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
