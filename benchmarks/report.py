"""The results as a page: what was measured, the numbers, and which goals were met or missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

# The goals of the project's issue on the engine.
GOAL_RATIO = 20.0
GOAL_EXPONENT = 1.0
GOAL_MULTIPLE = 5.0
GOAL_START_SECONDS = 1.0
# How far a measured value may lie off a goal of "no difference" or "linear" and still meet it.
NOISE = 0.05
FLOOR_SIZE = 600
STARTS = {
    "engine": "engine",
    "engineKept": "engine, compiled before",
    "service": "service",
    "serviceKept": "service, compiled before",
}

HEADER = """# Benchmark results

Written by `make benchmark` ({command}), all numbers from one run of {minutes} minutes.
Do not edit.

- Day of the run: {date}
- Machine: {cpu} (family {cpuFamily}), {cores} cores, {memory}, {system}
- {python}, orjson {orjson}, Node {node}, cql-execution 3.3.2, cql-exec-fhir 2.2.0
- Load average (1, 5, 15 min) at the start {load_start}, at the end {load_end}. The
  benchmark itself keeps about one core busy; what exceeds that is other work on the machine, which
  was shared by several developers. So times are **processor time** of the thread that works, unless
  "by the clock" is said; ratios are of numbers from the same run, the engines taking turns.
- The garbage collector is set up by the call that a serving worker makes
  (`ra_cds_hooks.web.settle`).
"""

SIDE = """## Side by side

The same ELM, value sets and Bundles of 56 to 64 resources, both engines in turns, one evaluation
each. Timed, in both: from parsed JSON to the values of the defines. Ours builds its code index and
collects the evidence that the hook asks for (of every define, below the second row); cql-execution
collects none. Not timed: process start, loading, JSON parsing, `PatientSource.loadBundles`. Before,
cql-execution runs five unmeasured evaluations and at least six seconds, and the values of both
engines are compared on the first record.

cql-execution keeps no memory of a define's value: every reference evaluates it again. The last but
one column says how many define bodies it executes for one record. The second row gives it such a
memory from outside (our patch, not a published version) to show what else is between the engines.
"""

SIZES = """## Record size

The typical record (60 resources), with Observations added. "Half related": every second added one
is a result that the rules read. Medians in ms. Engine: `evaluate`, then the evidence that the hook
asks for; values: `evaluate` alone, which notes the evidence that nobody then reads; loads:
`orjson.loads` of the same Bundle; request: reading the record (identity, references, duplicates,
element checks), `decide` and the Decision document: all between parsing and rendering.
"""


def markdown(results: dict[str, Any]) -> str:
    """The page."""
    command = "python -m benchmarks" + (" --quick" if results["quick"] else "")
    parts = [
        HEADER.format(
            command=f"`{command}`",
            minutes=results["minutes"],
            date=results["date"],
            load_start=results["load"]["start"],
            load_end=results["load"]["end"],
            **results["machine"],
        ),
        _goals(results),
        SIDE,
        _side_table(results["sideBySide"]),
        SIZES,
        *(_size_table(part) for part in results["recordSize"]),
        _content(results["contentSize"]),
        _trace(results["trace"]),
        _start(results["start"]),
    ]
    return "\n".join(parts)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _goals(results: dict[str, Any]) -> str:
    rows = []
    for full, against in zip(
        results["sideBySide"], ("cql-execution", "cql-execution with a memo"), strict=False
    ):
        for key in ("p50", "p99"):
            ratio = full["ratio"][key] if "ratio" in full else None
            rows.append(
                (
                    f"Full content, {GOAL_RATIO:.0f} times as fast as {against} at {key}",
                    f"not measured: {full['notFinished']}"
                    if ratio is None
                    else f"{ratio:.1f} times (by the clock {full['clock']['ratio'][key]:.1f})",
                    "-" if ratio is None else _verdict(ratio, GOAL_RATIO, at_least=True),
                )
            )
    for part in results["recordSize"]:
        what = "half of them related" if part["related"] else "unrelated only"
        worst = max(part["exponent"], part["lastExponent"])
        rows.append(
            (
                f"At most linear in the record ({what})",
                f"exponent {part['exponent']:.2f}, last step {part['lastExponent']:.2f}",
                _verdict(worst, GOAL_EXPONENT + NOISE, at_least=False),
            )
        )
    content = results["contentSize"]["ratio"]
    rows.append(
        (
            "Twice as many defines, the same ones asked for: no cost",
            f"{content:.3f} times",
            _verdict(content, 1 + NOISE, at_least=False),
        )
    )
    rows.append(
        (
            "A trace costs nothing when it is off",
            f"{results['trace']['off']:.3f} times",
            _verdict(results["trace"]["off"], 1 + NOISE, at_least=False),
        )
    )
    for part in results["recordSize"]:
        row = next(row for row in part["rows"] if row["size"] == FLOOR_SIZE)
        what = "half of them related" if part["related"] else "unrelated added"
        rows.append(
            (
                f"Under {GOAL_MULTIPLE:.0f} times `orjson.loads`, {FLOOR_SIZE} resources ({what})",
                f"{row['multipleOfLoads']:.1f} times",
                _verdict(row["multipleOfLoads"], GOAL_MULTIPLE, at_least=False),
            )
        )
    for what, name in STARTS.items():
        seconds = results["start"][what]["ready"]
        rows.append(
            (
                f"Cold start of the {name} under {GOAL_START_SECONDS:.0f} s",
                f"{seconds:.2f} s by the clock",
                _verdict(seconds, GOAL_START_SECONDS, at_least=False),
            )
        )
    return "## Goals\n\n" + _table(("Goal", "Measured", ""), rows)


def _verdict(value: float, goal: float, *, at_least: bool) -> str:
    if (value >= goal) if at_least else (value <= goal):
        return "met"
    factor = goal / value if at_least else value / goal
    return f"**missed** by a factor of {factor:.2f}"


def _side_table(comparisons: Sequence[dict[str, Any]]) -> str:
    rows = []
    notes = []
    for item in comparisons:
        name = f"{item['name']}: {item['defines']} define{'s' if item['defines'] > 1 else ''}"
        if item["failing"]:
            notes.append(
                f"{item['name']}: cql-execution fails at {', '.join(item['failing'])}; left out."
            )
        if item["different"]:
            notes.append(f"{item['name']}: values differ for {', '.join(item['different'])}.")
        if "notFinished" in item:
            rows.append((name, "-", f"did not finish: {item['notFinished']}", *"----"))
            continue
        executed = item.get("theirDefinesExecuted")
        rows.append(
            (
                name,
                _percentiles(item["ours"]),
                _percentiles(item["theirs"]),
                " / ".join(f"{item['ratio'][key]:.1f}" for key in ("p50", "p95", "p99")),
                " / ".join(f"{item['clock']['ratio'][key]:.1f}" for key in ("p50", "p95", "p99")),
                "once each" if executed is None else str(executed),
                str(item["ours"]["runs"]),
            )
        )
    header = (
        "What (p50 / p95 / p99)",
        "ours, ms",
        "cql-execution, ms",
        "ratio",
        "ratio by the clock",
        "defines it executes",
        "runs each",
    )
    text = _table(header, rows)
    few = "With fewer than 100 runs the 99th percentile is the slowest run.\n"
    values = "The values of all compared defines agree.\n" if not notes else "\n".join(notes) + "\n"
    return text + "\n" + few + values


def _percentiles(summary: dict[str, float]) -> str:
    return " / ".join(f"{summary[key]:.2f}" for key in ("p50", "p95", "p99"))


def _size_table(part: dict[str, Any]) -> str:
    title = "Half related" if part["related"] else "Unrelated only"
    rows = [
        (
            f"{row['size']:,}",
            f"{row['bytes'] / 1e6:.2f}",
            f"{row['engine']:.2f}",
            f"{row['values']:.2f}" if "values" in row else "not measured",
            f"{row['loads']:.2f}",
            f"{row['multipleOfLoads']:.1f}",
            f"{row['request']:.2f}",
            str(row["runs"]),
        )
        for row in part["rows"]
    ]
    header = (
        "resources",
        "MB",
        "engine",
        "of it values",
        "loads",
        "engine / loads",
        "request",
        "runs",
    )
    return (
        f"### {title}\n\n"
        + _table(header, rows)
        + f"\nExponent over all sizes {part['exponent']:.2f}, over the last step "
        + f"{part['lastExponent']:.2f}; "
        + f"{part['marginalMicroseconds']:.1f} µs for each added resource.\n"
    )


def _content(found: dict[str, Any]) -> str:
    rows = [
        (
            f"{found['defines'][name]}",
            f"{found['median'][name]:.2f}",
            f"{found['load'][name]:.0f}",
        )
        for name in ("content", "twice")
    ]
    return (
        "## Content size\n\nEvery define of every library a second time under a name that nothing\n"
        "asks for; the same defines evaluated for the same 60 resources, in turns,\n"
        f"{found['runs']} runs each.\n\n"
        + _table(("defines in the program", "evaluate, median ms", "load and bind, ms"), rows)
        + f"\nRatio {found['ratio']:.3f}. What nobody asks for costs at load only.\n"
    )


def _trace(found: dict[str, Any]) -> str:
    medians = found["median"]
    return (
        "## Trace\n\nThe values of the same 60 resources by a program that never traced, by one\n"
        f"that has, and with the trace on; in turns, {found['runs']} runs each.\n\n"
        + _table(
            ("trace", "evaluate, median ms"),
            [
                ("never", f"{medians['never']:.2f}"),
                ("off again", f"{medians['has']:.2f}"),
                ("on", f"{medians['traced']:.2f}"),
            ],
        )
        + f"\nOff {found['off']:.3f} times, on {found['on']:.1f} times.\n"
    )


def _start(found: dict[str, Any]) -> str:
    rows = [
        (
            name,
            f"{found[what]['ready']:.2f}",
            f"{found[what]['processor']:.2f}",
            f"{found[what]['process']:.2f}",
            f"{found[what]['loaded']:.0f}",
        )
        for what, name in STARTS.items()
    ]
    memory = found["memory"]
    header = (
        "",
        "import to ready, s",
        "processor until then, s",
        "whole process, s",
        "resident memory then, MiB",
    )
    return (
        "## Cold start and memory\n\n"
        f"Fresh interpreters, median of {found['runs']}. Engine: import,\n"
        "read and compile the ELM of the content, bind the value sets. Service: all that a worker\n"
        'does before its first request (`create_app`). "Compiled before": with the program that\n'
        "an earlier start kept (`load(..., cache=...)`, RA_CDS_CACHE_DIR). Import to ready and\n"
        "whole process are by the clock.\n\n"
        + _table(header, rows)
        + f"\nOne worker: {memory['loaded']:.0f} MiB after loading, {memory['evaluated']:.0f} MiB\n"
        f"after {memory['evaluations']:,} evaluations of the fixtures. `make soak` runs more.\n"
    )
