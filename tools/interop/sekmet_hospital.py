"""Child process: patients made by sekmet-fhir's own hospital workflows and laboratory simulator.

``python -m tools.interop.sekmet_hospital OUT.json COUNT SEED`` (records.sekmet calls it).
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sekmet.config import Settings
from sekmet.context import AppContext
from sekmet.seed import generator
from sekmet.workflows.registry import REGISTRY, run_workflow

SIMULATOR_SECONDS = 20


def main(arguments: list[str]) -> None:
    """Writes ``{"made": day, "patients": [Bundle, ...]}``."""
    out, count, seed = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=folder)
        settings.simulator.delay_seconds = 0
        context = AppContext(settings)
        generator.seed(seed)
        chooser = random.Random(seed)
        patients = [_patient(context, chooser, index) for index in range(count)]
    out.write_text(json.dumps({"made": f"{datetime.now(UTC):%Y-%m-%d}", "patients": patients}))


def _patient(context: AppContext, chooser: random.Random, index: int) -> dict[str, Any]:
    def run(key: str, **arguments: Any) -> dict[str, Any]:
        return run_workflow(context, key, "local", arguments)

    born = f"{chooser.randint(1940, 2004)}-{chooser.randint(1, 12):02d}-15"
    patient = run("adt.register_patient", birth_date=born)["patient"]["id"]
    run("clinical.condition", patient=patient, code=_choice("clinical.condition", "code", chooser))
    run("clinical.vitals", patient=patient)
    if index % 2:
        run("clinical.allergy", patient=patient, code=_choice("clinical.allergy", "code", chooser))
    if index % 3 == 0:
        run("clinical.procedure", patient=patient)
    order = run(
        "meds.prescribe",
        patient=patient,
        medication=_choice("meds.prescribe", "medication", chooser),
    )["medication_request"]["id"]
    run("meds.dispense", medication_request=order)
    test = _choice("orders.lab_order", "test", chooser)
    run("orders.full_lab_cycle", patient=patient, test=test)
    _ordered_from_outside(context, patient, chooser)
    everything = context.service.operation("Patient", patient, "$everything", [], None, {})
    return dict(everything.body)


def _ordered_from_outside(context: AppContext, patient: str, chooser: random.Random) -> None:
    """A laboratory order as another system would send it: the simulator fills it."""
    order = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{patient}"},
        "category": [
            {"coding": [{"system": "http://snomed.info/sct", "code": "108252007"}]},
        ],
        "code": {
            "coding": [
                {"system": "http://loinc.org", "code": _choice("orders.lab_order", "test", chooser)}
            ]
        },
    }
    context.service.create("ServiceRequest", order, origin="external")
    for timer in list(context.simulator.timers):
        timer.join(SIMULATOR_SECONDS)
    if not context.simulator.history or not context.simulator.history[0]["ok"]:
        raise RuntimeError("the simulator did not fill the laboratory order")


def _choice(workflow: str, parameter: str, chooser: random.Random) -> str:
    for known in REGISTRY[workflow].params:
        if known.name == parameter:
            return str(chooser.choice(known.choices))
    raise LookupError(f"{workflow} has no parameter {parameter}")


if __name__ == "__main__":
    main(sys.argv[1:])
