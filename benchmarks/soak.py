"""Many evaluations in one process: does memory grow? (`make soak`)

    python -m benchmarks.soak [--evaluations 100000] [--bound 5]

Each evaluation is a request of the hook without its transport: parse the Bundle, read the record,
decide, with the fixtures in turn. Exit code 1 when resident memory grows by more than the bound.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import orjson

from benchmarks.ours import CQL
from benchmarks.records import AS_OF, FIXTURES
from benchmarks.start import resident_megabytes
from benchmarks.timing import median
from ra_cds_hooks.decision import Content, decide, load_content
from ra_cds_hooks.fhir import ElementChecks, PatientRecord, Reading

SAMPLES = 100
# Allocator pools fill in the first evaluations: growth counts from the samples after these.
SETTLING = 10
BOUND_MEGABYTES = 5.0


class Soak:
    """The service's work on the fixtures, one after the other."""

    def __init__(self, content: Content, cases: str = "*") -> None:
        self._content = content
        self._reading = Reading(ElementChecks(content.program.elements_read()))
        self._texts = [path.read_bytes() for path in sorted(FIXTURES.glob(f"{cases}/bundle.json"))]

    def evaluate(self, number: int) -> None:
        """Evaluation number `number`."""
        bundle = orjson.loads(self._texts[number % len(self._texts)])
        record = PatientRecord.read_bundle(bundle, self._reading)
        decide(self._content, record, AS_OF)


def growth(samples: Sequence[float]) -> float:
    """MiB between the samples after settling and the last ones (medians of ten each)."""
    settled = samples[SETTLING:]
    part = max(1, len(settled) // 9)
    return median(settled[-part:]) - median(settled[:part])


def soak(evaluations: int, cases: str = "*") -> list[float]:
    """Resident memory in MiB, sampled SAMPLES times over so many evaluations."""
    run = Soak(load_content(CQL), cases)
    step = max(1, evaluations // SAMPLES)
    samples = []
    for number in range(evaluations):
        run.evaluate(number)
        if (number + 1) % step == 0:
            samples.append(resident_megabytes())
            if len(samples) % 10 == 0:
                print(f"{number + 1} evaluations: {samples[-1]:.1f} MiB", flush=True)
    return samples


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line entry; see the module's first lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--evaluations", type=int, default=100_000)
    parser.add_argument("--cases", default="*", help="which fixtures, as a file name pattern")
    parser.add_argument("--bound", type=float, default=BOUND_MEGABYTES, help="MiB")
    chosen = parser.parse_args(arguments)
    if chosen.evaluations < 2 * (SETTLING + 1):
        parser.error(f"at least {2 * (SETTLING + 1)} evaluations")
    started = time.perf_counter()
    grown = growth(soak(chosen.evaluations, chosen.cases))
    minutes = (time.perf_counter() - started) / 60
    print(
        f"{chosen.evaluations} evaluations in {minutes:.1f} minutes: "
        f"grown by {grown:+.2f} MiB (bound {chosen.bound:g} MiB)"
    )
    return 1 if grown > chosen.bound else 0


if __name__ == "__main__":
    sys.exit(main())
