"""The report of a run, as markdown for README and docs and as JSON."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tools.interop.run import Run, Shot

VERDICTS = ("ok", "caution", "unknown", "do_first", "block")


def markdown(run: Run) -> str:
    """Tables: sources, statuses, primary codes, flags, verdicts, gaps."""
    parts = [
        _sources(run),
        _statuses("As they came", run.plain),
        _statuses("With overlay", run.overlaid),
        _wire(run),
        _prefetched(run),
        _counted("Primary code", run.counts("primary"), len(run.overlaid)),
        _counted("Flag", run.counts("flags"), len(run.overlaid)),
        _counted("Activity state", run.counts("activity", "state"), len(run.overlaid)),
        _counted(
            "Objective inflammation",
            run.counts("objectiveInflammation", "state"),
            len(run.overlaid),
        ),
        _gates(run),
        _counted("Gap", run.gaps(), len(run.overlaid)),
        _counted("Data issue", _issues(run.overlaid), len(run.overlaid)),
    ]
    return "\n\n".join(parts) + "\n"


def document(run: Run) -> dict[str, Any]:
    """The same numbers as JSON."""
    return {
        "asOf": run.as_of.isoformat(),
        "seed": run.sizes.seed,
        "patients": dict(Counter(r.source for r in run.records)),
        "resourcesStored": run.stored,
        "resourcesRefused": dict(run.refused),
        "statuses": {
            "plain": dict(Counter(str(s.status) for s in run.plain)),
            "overlaid": dict(Counter(str(s.status) for s in run.overlaid)),
        },
        "faults": faults(run.plain + run.overlaid),
        "cards": {
            "plain": dict(_cards(run.plain)),
            "overlaid": dict(_cards(run.overlaid)),
        },
        "fhirRequests": dict(run.fhir_requests),
        "furtherPages": run.pages,
        "primary": dict(run.counts("primary")),
        "flags": dict(run.counts("flags")),
        "activity": dict(run.counts("activity", "state")),
        "objectiveInflammation": dict(run.counts("objectiveInflammation", "state")),
        "verdicts": {name: dict(counts) for name, counts in run.verdicts().items()},
        "gaps": dict(run.gaps()),
        "prefetched": {"asked": len(run.prefetched), "differing": len(run.differing())},
        "dataIssues": dict(_issues(run.overlaid)),
        "seconds": {what: round(value, 1) for what, value in run.seconds.items()},
    }


def faults(shots: Iterable[Shot]) -> list[str]:
    """Every departure from the protocol, with the generator it came from."""
    return [f"{shot.source}: {fault}" for shot in shots for fault in shot.faults]


def _sources(run: Run) -> str:
    rows = []
    laid = Counter(shot.source for shot in run.overlaid)
    for source, patients in Counter(r.source for r in run.records).items():
        resources = sum(len(r.resources) for r in run.records if r.source == source)
        rows.append((source, patients, resources, laid[source]))
    rows.append(
        ("all", len(run.records), sum(len(r.resources) for r in run.records), len(run.overlaid))
    )
    return _table(("Generator", "Patients", "Resources", "With overlay"), rows)


def _statuses(title: str, shots: Sequence[Shot]) -> str:
    statuses = Counter(shot.status for shot in shots)
    times = sorted(shot.seconds for shot in shots)
    cards = ", ".join(f"{n} cards: {count}" for n, count in sorted(_cards(shots).items()))
    spent = f"{statistics.median(times) * 1000:.0f} ms" if times else "-"
    listed = ", ".join(f"{status}: {n}" for status, n in sorted(statuses.items()))
    found = len(faults(shots))
    return f"{title}: status {listed}; {cards}; protocol faults {found}; median {spent}."


def _wire(run: Run) -> str:
    refused = sum(run.refused.values())
    kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(run.fhir_requests.items()))
    return (
        f"The FHIR server stored {run.stored} resources (refused {refused}) and answered "
        f"{run.fhir_requests.total()} requests of the service ({kinds}), {run.pages} of them "
        "for further pages."
    )


def _prefetched(run: Run) -> str:
    again = [second for _, second in run.prefetched]
    if not again:
        return "No patient was asked about a second time."
    middle = statistics.median(shot.seconds for shot in again) * 1000
    same = len(again) - len(run.differing())
    return (
        f"Asked again with every prefetch key resolved by the client: {same} of {len(again)} "
        f"patients get the same Decision; median {middle:.0f} ms."
    )


def _gates(run: Run) -> str:
    rows = [
        (name, *(counts[verdict] or "" for verdict in VERDICTS))
        for name, counts in run.verdicts().items()
    ]
    return _table(("Drug class", *VERDICTS), rows)


def _counted(title: str, counts: Counter[str], whole: int) -> str:
    rows = [
        ("(none)" if name == "-" else name, n, f"{100 * n / whole:.0f} %")
        for name, n in counts.most_common()
    ]
    return _table((title, "Patients", "Share"), rows)


def _cards(shots: Iterable[Shot]) -> Counter[str]:
    return Counter(str(len(s.body["cards"])) if s.status == 200 else "no" for s in shots)


def _issues(shots: Iterable[Shot]) -> Counter[str]:
    """Code -> patients that have such an issue."""
    return Counter(
        code
        for shot in shots
        for code in {issue["code"] for issue in shot.decision.get("dataIssues", ())}
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)
