"""Cold start and memory, each in fresh interpreters.

python -m benchmarks.start engine|service [EVALUATIONS]    one child: prints what it measured
"""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import json  # noqa: E402
import os  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

PROJECT = Path(__file__).resolve().parents[1]


def resident_megabytes() -> float:
    """Resident memory of this process (Linux), in MiB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def start_engine() -> None:
    """Import the engine, read and compile the ELM of the content, bind its value sets."""
    import orjson

    from ra_cds_hooks.cql_engine_lite import ValueSets, load

    elm = (PROJECT / "cql" / "elm").glob("*.json")
    program = load(
        orjson.loads(path.read_bytes()) for path in sorted(elm) if path.name != "manifest.json"
    )
    program.bind(ValueSets.from_directory(PROJECT / "cql" / "valuesets"))


def start_service() -> Any:
    """Everything that a worker of the service needs before its first request."""
    from ra_cds_hooks.settings import load_settings
    from ra_cds_hooks.web import create_app

    settings = load_settings(content_dir=PROJECT / "cql", database_url="sqlite://")
    return create_app(settings)


def child(what: str, evaluations: int) -> dict[str, float]:
    """Seconds from this module's first line until ready; memory then and after evaluations."""
    app = start_engine() if what == "engine" else start_service()
    found = {"ready": time.perf_counter() - STARTED, "loaded": resident_megabytes()}
    if app is not None and evaluations:
        from benchmarks.soak import Soak

        soak = Soak(app.extensions["ra_cds_hooks"].content)
        for number in range(evaluations):
            soak.evaluate(number)
        found["evaluated"] = resident_megabytes()
    return found


def cold_start(*, quick: bool) -> dict[str, Any]:
    """Median seconds over fresh interpreters, inside and with the interpreter's own start."""
    from benchmarks.timing import median

    found: dict[str, Any] = {}
    runs = 3 if quick else 9
    found["runs"] = runs
    for what in ("engine", "service"):
        inside, outside, memory = [], [], []
        for _ in range(runs + 1):
            started = time.perf_counter()
            answer = _run(what, 0)
            outside.append(time.perf_counter() - started)
            inside.append(answer["ready"])
            memory.append(answer["loaded"])
        # The first run writes bytecode and fills the page cache.
        found[what] = {
            "ready": median(inside[1:]),
            "process": median(outside[1:]),
            "loaded": median(memory[1:]),
        }
    evaluations = 50 if quick else 1000
    answer = _run("service", evaluations)
    found["memory"] = {
        "loaded": answer["loaded"],
        "evaluated": answer["evaluated"],
        "evaluations": evaluations,
    }
    return found


def _run(what: str, evaluations: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.start", what, str(evaluations)]
    # As on a server: the first start leaves compiled bytecode for the next.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    answer = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    return dict(json.loads(answer.stdout))


if __name__ == "__main__":
    print(json.dumps(child(sys.argv[1], int(sys.argv[2]))))
