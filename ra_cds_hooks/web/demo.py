"""The demonstration page: pick a fixture patient, fire the real hook over HTTP, read the cards.

The page is a small CDS Hooks client. It gets the request body from here (the fixture's bundle as
prefetch, answered from the service's own templates) and posts it to /cds-services like an EHR.
Fixture patients are synthetic; nothing here reads a real record.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from flask import Blueprint, Response, abort, render_template

from ra_cds_hooks.decision import Content
from ra_cds_hooks.hooks.prefetch import prefetch_from_bundle

SERVICE_ID = "ra-refractory-review"
_CASE_ID = re.compile(r"[a-z0-9]+([-.]{1,2}[a-z0-9]+)*")
_FRONT_MATTER = re.compile(r"\A\+\+\+\n.*?\n\+\+\+\n", re.DOTALL)


@dataclass(frozen=True)
class FixturePatient:
    """One row of the list: the case id, the patient's name and age, and what the case proves."""

    case_id: str
    name: str
    about: str
    sentence: str
    variant: bool


def demo_blueprint(content: Content, fixtures_dir: Path) -> Blueprint:
    """Routes ``/``, ``/demo/patients`` and ``/demo/request/<case_id>`` over ``fixtures_dir``."""
    blueprint = Blueprint(
        "demo",
        __name__,
        template_folder="templates",
        static_folder="static/demo",
        static_url_path="/demo/static",
    )
    patients = fixture_patients(fixtures_dir)
    known = {patient.case_id for patient in patients}

    @blueprint.get("/")
    def page() -> str:
        return render_template("demo.html", patients=patients, version=content.version)

    @blueprint.get("/demo/request/<case_id>")
    def hook_request(case_id: str) -> Response:
        if case_id not in known:
            abort(404)
        body = hook_request_for(content, fixtures_dir / case_id)
        return Response(orjson.dumps(body), mimetype="application/json")

    return blueprint


def fixture_patients(fixtures_dir: Path) -> list[FixturePatient]:
    """The case folders in order: the spec's vignettes first, then their variants and gate cases."""
    found = [
        _fixture_patient(path.parent)
        for path in sorted(fixtures_dir.glob("*/bundle.json"))
        if _CASE_ID.fullmatch(path.parent.name)
    ]
    return sorted(found, key=lambda p: (p.variant, p.case_id))


def _fixture_patient(folder: Path) -> FixturePatient:
    patient = _patient(orjson.loads((folder / "bundle.json").read_bytes()))
    name = (patient.get("name") or [{}])[0]
    spoken = name.get("text") or " ".join([*name.get("given", []), name.get("family", "")])
    prose = _FRONT_MATTER.sub("", (folder / "case.md").read_text(encoding="utf-8"))
    paragraphs = [p for p in prose.split("\n\n") if p.strip() and not p.lstrip().startswith("#")]
    about = ", ".join(
        part for part in (patient.get("gender"), patient.get("birthDate", "")[:4]) if part
    )
    return FixturePatient(
        case_id=folder.name,
        name=spoken.strip() or folder.name,
        about=about,
        sentence=" ".join(paragraphs[0].split()) if paragraphs else "",
        variant="--" in folder.name or not folder.name.startswith("v"),
    )


def hook_request_for(content: Content, folder: Path) -> dict[str, Any]:
    """The patient-view request an EHR would send for this fixture, with the prefetch filled."""
    bundle = orjson.loads((folder / "bundle.json").read_bytes())
    patient_id = _patient(bundle)["id"]
    service = content.services[SERVICE_ID]
    return {
        "hook": service.hook,
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/demo", "patientId": patient_id},
        "prefetch": prefetch_from_bundle(service, bundle, patient_id),
    }


def _patient(bundle: dict[str, Any]) -> dict[str, Any]:
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            patient: dict[str, Any] = entry["resource"]
            return patient
    raise LookupError("a fixture bundle holds no Patient")
