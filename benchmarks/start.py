"""Cold start and memory, each in fresh interpreters.

python -m benchmarks.start engine|service [EVALUATIONS [CACHE]]    one child, prints its numbers
"""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import json  # noqa: E402
import os  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

PROJECT = Path(__file__).resolve().parents[1]


def resident_megabytes() -> float:
    """Resident memory of this process (Linux), in MiB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


# What is started, and whether the compiled program of an earlier start is there.
STARTS = {
    "engine": ("engine", False),
    "engineKept": ("engine", True),
    "service": ("service", False),
    "serviceKept": ("service", True),
}


def start_engine(cache: Path | None) -> None:
    """Import the engine, read and compile the ELM of the content, bind its value sets."""
    import orjson

    from ra_cds_hooks.cql_engine_lite import ValueSets, load

    elm = (PROJECT / "cql" / "elm").glob("*.json")
    texts = [path.read_bytes() for path in sorted(elm) if path.name != "manifest.json"]
    program = load(texts, cache=cache, parse=orjson.loads)
    program.bind(ValueSets.from_directory(PROJECT / "cql" / "valuesets"))


def start_service(cache: Path | None) -> Any:
    """Everything that a worker of the service needs before its first request."""
    from ra_cds_hooks.settings import load_settings
    from ra_cds_hooks.web import create_app

    settings = load_settings(content_dir=PROJECT / "cql", database_url="sqlite://", cache_dir=cache)
    return create_app(settings)


def child(what: str, evaluations: int, cache: Path | None = None) -> dict[str, float]:
    """Seconds from this module's first line until ready, by the clock and of the processor;
    memory then and after evaluations."""
    app = start_engine(cache) if what == "engine" else start_service(cache)
    found = {
        "ready": time.perf_counter() - STARTED,
        "processor": time.process_time(),
        "loaded": resident_megabytes(),
    }
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
    answers: dict[str, list[dict[str, float]]] = {name: [] for name in STARTS}
    with tempfile.TemporaryDirectory() as folder:
        # The first turn writes bytecode and the compiled program, and fills the page cache.
        for _ in range(runs + 1):
            for name, (what, kept) in STARTS.items():
                started = time.perf_counter()
                answer = _run(what, 0, folder if kept else None)
                answers[name].append(answer | {"process": time.perf_counter() - started})
    for name, measured in answers.items():
        members = ("ready", "process", "processor", "loaded")
        found[name] = {key: median([run[key] for run in measured[1:]]) for key in members}
    evaluations = 50 if quick else 1000
    answer = _run("service", evaluations)
    found["memory"] = {
        "loaded": answer["loaded"],
        "evaluated": answer["evaluated"],
        "evaluations": evaluations,
    }
    return found


def _run(what: str, evaluations: int, cache: str | None = None) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.start", what, str(evaluations)]
    command += [cache] if cache is not None else []
    # As on a server: the first start leaves compiled bytecode for the next.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    answer = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    return dict(json.loads(answer.stdout))


if __name__ == "__main__":
    kept = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    print(json.dumps(child(sys.argv[1], int(sys.argv[2]), kept)))
