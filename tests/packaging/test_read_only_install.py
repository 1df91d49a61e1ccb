"""As in the container: the wheel, gunicorn, a user who is not root, folders that cannot be written.

The dependencies are those of this environment, led to by a path file, so nothing is downloaded but
what builds the wheel.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import site
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ra_cds_hooks.hooks.prefetch import prefetch_from_bundle
from tests.content import committed_content

ROOT = Path(__file__).parents[2]
CASE = "v01-too-early"
SERVICE = "ra-refractory-review"
QUIET = ["--quiet", "--disable-pip-version-check"]


def other_user() -> dict[str, Any]:
    """How to start a process that is not root: as nobody where the tests run as root."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def interpreter() -> str:
    """A Python of this version that the other user can run (root's own may lie in root's home)."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    mine = Path(sys.executable).resolve()
    for candidate in (mine, Path(f"/usr/bin/python{version}"), Path("/usr/bin/python3")):
        told = [str(candidate), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        try:
            run = subprocess.run(
                told, **other_user(), cwd="/", capture_output=True, text=True, check=False
            )
        except OSError:
            continue
        if run.stdout.strip() == version:
            return str(candidate)
    pytest.skip(f"no Python {version} here that {other_user() or 'this user'} can run")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that other users can enter (pytest's own is closed to them)."""
    folder = Path(tempfile.mkdtemp(prefix="ra-cds-install-"))
    folder.chmod(0o755)
    yield folder
    for inside in (folder, *folder.rglob("*")):
        if inside.is_dir() and not inside.is_symlink():
            inside.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def python(place: Path) -> Path:
    """The interpreter of an environment with the wheel in it, which nobody can write."""
    pip = [sys.executable, "-m", "pip"]
    build = [*pip, "wheel", *QUIET, "--no-deps", "-w", str(place), str(ROOT)]
    subprocess.run(build, check=True, timeout=300)
    (wheel,) = place.glob("ra_cds_hooks-*.whl")
    environment = place / "env"
    make = [interpreter(), "-m", "venv", "--without-pip", str(environment)]
    subprocess.run(make, check=True, timeout=120)
    mine = environment / "bin" / "python"
    install = [*pip, "--python", str(mine), "install", *QUIET, "--no-deps", str(wheel)]
    subprocess.run(install, check=True, timeout=300)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    for inside in (environment, *environment.rglob("*")):
        if not inside.is_symlink():
            inside.chmod(0o555 if inside.is_dir() or os.access(inside, os.X_OK) else 0o444)
    return mine


@pytest.fixture
def writable(place: Path) -> Path:
    """The one folder that the service may write."""
    folder = place / "data"
    folder.mkdir()
    user = other_user()
    if user:
        os.chown(folder, user["user"], user["group"])
    folder.chmod(0o700)
    return folder


def installed(python: Path) -> set[tuple[str, int]]:
    """Every file of the environment, and when it was written."""
    return {
        (str(path), path.lstat().st_mtime_ns)
        for path in python.parents[1].rglob("*")
        if not path.is_dir()
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(server: subprocess.Popen[bytes], url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    deadline = time.monotonic() + 180
    while True:
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def hook_request() -> dict[str, Any]:
    content = committed_content()
    bundle = json.loads((ROOT / "fhir_fixtures" / CASE / "bundle.json").read_text())
    patient = next(
        e["resource"]["id"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"
    )
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/x", "patientId": patient},
        "prefetch": prefetch_from_bundle(content.services[SERVICE], bundle, patient),
    }


def test_the_wheel_alone_serves_from_a_folder_it_cannot_write(python: Path, writable: Path) -> None:
    port = free_port()
    database = writable / "store.sqlite"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RA_CDS_", "PYTHON", "PROM"))}
    environment = kept | {
        "HOME": str(writable),
        "TMPDIR": str(writable),
        "PYTHONDONTWRITEBYTECODE": "1",
        "RA_CDS_PORT": str(port),
        "RA_CDS_WORKERS": "2",
        "RA_CDS_DATABASE_URL": f"sqlite:///{database}",
        "RA_CDS_AS_OF": "2026-11-23",
    }
    as_user: dict[str, Any] = {"cwd": python.parent, "env": environment, **other_user()}
    before = installed(python)
    where = subprocess.run(
        [python, "-c", "import ra_cds_hooks, os; print(ra_cds_hooks.__file__, os.getuid())"],
        **as_user, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    assert Path(where[0]).is_relative_to(python.parents[1]), "the package is that of the wheel"
    assert where[1] != "0"
    command = [python, "-m", "gunicorn", "--config=python:ra_cds_hooks.operation.server"]
    server = subprocess.Popen(command, **as_user)
    try:
        url = f"http://127.0.0.1:{port}"
        ready = ask(server, f"{url}/readyz")
        assert (ready["status"], ready["checks"]["store"]) == ("ok", "ok")
        listed = ask(server, f"{url}/cds-services")["services"]
        assert SERVICE in [service["id"] for service in listed]
        cards = ask(server, f"{url}/cds-services/{SERVICE}", hook_request())["cards"]
        assert any("Too early" in card["summary"] for card in cards)
        assert ask(server, f"{url}/openapi.json")["openapi"] == "3.1.0"
    finally:
        server.terminate()
        server.wait(timeout=60)
    # The tables were made by the migrations in the wheel: there is no other copy within reach.
    with sqlite3.connect(database) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert {"alembic_version", "feedback", "audit_event"} <= tables
    assert installed(python) == before
