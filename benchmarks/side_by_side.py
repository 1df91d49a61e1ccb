"""Ours against npm cql-execution + cql-exec-fhir: the same ELM and bundles, in turns.

Timed in both: from parsed JSON, grouped by patient and type, to the values of the defines. Ours
includes the index by code and the evidence of every define; the other collects no evidence. Not
timed: process start, loading, parsing, the wrapping of the bundle by `loadBundles`.
"""

from __future__ import annotations

import itertools
import json
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.ours import (
    CQL,
    VALUE_SETS,
    Engine,
    content_elm,
    documents,
    hook_evidence,
    record_of,
)
from benchmarks.records import AS_OF, typical_bundles
from benchmarks.timing import both, settle, summary
from benchmarks.translate import ELM as VISIT_ELM
from ra_cds_hooks.decision import load_content
from tools.conformance.differential import plain, same
from tools.elm.reference import evaluate as evaluate_reference
from tools.elm.translator import install_packages, node_command

WORKER = Path(__file__).with_name("cql_execution_worker.mjs")
# A run of the other engine that takes longer than this is reported as not finished.
PATIENCE_SECONDS = 60.0
RECORDS_AT_MOST = 4
# Nearly all that the hook asks for; the other engine evaluates the defines of one library. Those of
# the draft orders, in a library of their own, are left to the differential test.
MAIN = "RARecommendations"


@dataclass(frozen=True)
class Comparison:
    """What is compared: these defines of one library, all of the library's ELM files at hand."""

    name: str
    elm: tuple[Path, ...]
    library: str
    defines: tuple[str, ...]
    runs: int
    seconds: float
    mode: str = "published"
    evidence: tuple[tuple[str, ...], ...] | None = None


class NotFinishedError(RuntimeError):
    """The other engine did not answer within PATIENCE_SECONDS per run, or it failed."""


class CqlExecution:
    """A Node process that evaluates when told to."""

    def __init__(
        self, comparison: Comparison, bundles: Sequence[Path], mode: str | None = None
    ) -> None:
        install_packages()
        # The engine reads the machine's time zone; Node itself reads no other variable of ours.
        self._process = subprocess.Popen(
            ["env", "TZ=UTC", *node_command(str(WORKER))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.executed = 0
        self._send(
            {
                "elm": [str(path) for path in comparison.elm],
                "valueSets": str(VALUE_SETS),
                "asOf": AS_OF.isoformat(timespec="milliseconds"),
                "bundles": [str(path) for path in bundles],
                "library": comparison.library,
                "defines": comparison.defines,
                "mode": mode or comparison.mode,
            }
        )

    def __enter__(self) -> CqlExecution:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, times: int) -> list[tuple[float, float]]:
        """Processor time and clock of the next runs, ms. Raises NotFinishedError."""
        self._send({"runs": times})
        assert self._process.stdout is not None
        stopper = threading.Timer(PATIENCE_SECONDS * times, self._process.kill)
        stopper.daemon = True
        stopper.start()
        line = self._process.stdout.readline()
        stopper.cancel()
        if not line:
            killed = self._process.wait() == -signal.SIGKILL
            raise NotFinishedError(
                f"no answer within {PATIENCE_SECONDS * times:.0f} s" if killed else "it failed"
            )
        answer = json.loads(line)
        self.executed = answer["executed"]
        return list(zip(answer["processor"], answer["milliseconds"], strict=True))

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()


def comparisons(*, quick: bool) -> list[Comparison]:
    """Everything that is compared, the full content first."""
    content = tuple(content_elm())
    loaded = load_content(CQL)
    hook = tuple(_of(MAIN, loaded.defines))
    evidence = tuple(
        tuple(f"{MAIN}.{name}" for name in _of(MAIN, together))
        for together in hook_evidence(loaded)
    )
    visit = (VISIT_ELM, CQL / "elm" / "FHIRHelpers.json")
    few = 3 if quick else None
    return [
        Comparison("full content", content, MAIN, hook, few or 80, 100, evidence=evidence),
        Comparison(
            "full content, memo patched into cql-execution",
            content,
            MAIN,
            hook,
            few or 200,
            40,
            mode="memo",
            evidence=evidence,
        ),
        Comparison(
            "library DiseaseActivity",
            content,
            "DiseaseActivity",
            _defines(CQL / "elm" / "DiseaseActivity.json"),
            few or 100,
            40,
        ),
        Comparison(
            "RAMeasurements.CRP Results alone",
            content,
            "RAMeasurements",
            ("CRP Results",),
            few or 300,
            30,
        ),
        Comparison(
            "simple library (benchmarks/cql/Visit.cql)",
            visit,
            "Visit",
            _defines(VISIT_ELM),
            few or 500,
            40,
        ),
    ]


def _of(library: str, defines: Iterable[str]) -> Iterator[str]:
    """The names of those defines that are the library's own."""
    for define in defines:
        owner, _, name = define.partition(".")
        if owner == library:
            yield name


def _defines(elm: Path) -> tuple[str, ...]:
    (document,) = documents([elm])
    return tuple(
        definition["name"]
        for definition in document["library"]["statements"]["def"]
        if definition.get("type") != "FunctionDef" and definition["name"] != "Patient"
    )


def compare(comparison: Comparison) -> dict[str, Any]:
    """Both engines' p50, p95, p99 in ms and their ratios, and whether the values agree.

    Defines that the other engine cannot evaluate are named and left out for both.
    """
    bundles = typical_bundles()[:RECORDS_AT_MOST]
    failing, different = _checked(
        comparison.elm, comparison.library, comparison.defines, bundles[0]
    )
    comparison = replace(
        comparison, defines=tuple(name for name in comparison.defines if name not in failing)
    )
    evidence = comparison.evidence
    if evidence is not None:
        evidence = tuple(
            tuple(name for name in together if name.partition(".")[2] not in failing)
            for together in evidence
        )
    engine = Engine.of(
        documents(comparison.elm),
        [f"{comparison.library}.{name}" for name in comparison.defines],
        evidence,
    )
    found: dict[str, Any] = {
        "name": comparison.name,
        "defines": len(comparison.defines),
        "records": len(bundles),
        "failing": failing,
        "different": different,
    }
    settle()
    records = [record_of(path) for path in bundles]
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    try:
        if comparison.mode == "published":
            found["theirDefinesExecuted"] = _executions(comparison, bundles)
        with CqlExecution(comparison, bundles) as other:
            _warm(other, comparison)
            for record in records * 3:
                engine.evaluate(record)
            end = time.perf_counter() + comparison.seconds
            for turn in range(comparison.runs):
                if turn >= 2 and time.perf_counter() > end:
                    break
                record = records[turn % len(records)]
                ours.append(both(partial(engine.evaluate, record)))
                theirs.extend(other.run(1))
    except NotFinishedError as error:
        used = summary([processor for processor, _ in ours]) if ours else None
        return found | {"notFinished": str(error), "ours": used}
    found |= _sides([processor for processor, _ in ours], [processor for processor, _ in theirs])
    found["clock"] = _sides([clock for _, clock in ours], [clock for _, clock in theirs])
    return found


def _sides(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, Any]:
    """Both engines' percentiles, and how many times as long the other takes."""
    found: dict[str, Any] = {"ours": summary(ours), "theirs": summary(theirs)}
    found["ratio"] = {
        key: found["theirs"][key] / found["ours"][key] for key in ("p50", "p95", "p99")
    }
    return found


def _executions(comparison: Comparison, bundles: Sequence[Path]) -> int:
    """How many times the other engine executes a define for one record."""
    with CqlExecution(comparison, bundles, "counted") as other:
        other.run(1)
        return other.executed


def _warm(other: CqlExecution, comparison: Comparison) -> None:
    """Let the just-in-time compiler finish: at least five runs, more when they are short."""
    end = time.perf_counter() + (1 if comparison.runs < 10 else 6)
    for turn in itertools.count():
        other.run(1)
        if turn >= 4 and time.perf_counter() > end:
            return


@cache
def _checked(
    elm: tuple[Path, ...], library: str, defines: tuple[str, ...], bundle: Path
) -> tuple[list[str], list[str]]:
    """Defines that the other engine fails at, and those that it values differently from ours."""
    with tempfile.TemporaryDirectory() as folder:
        for path in elm:
            shutil.copy(path, folder)
        answer = evaluate_reference(
            [library],
            [bundle],
            AS_OF.isoformat(timespec="milliseconds"),
            defines,
            elm_directory=Path(folder),
            valueset_directory=VALUE_SETS,
        )[library][0]
    engine = Engine.of(documents(elm), [f"{library}.{name}" for name in defines])
    results = engine.evaluate(record_of(bundle))
    failing: list[str] = []
    different: list[str] = []
    for name in defines:
        value = answer[name]
        if isinstance(value, dict) and "$error" in value:
            failing.append(name)
        elif not same(plain(results[f"{library}.{name}"]), value):
            different.append(name)
    return failing, different
