"""A CDS client that knows CDS Hooks 2.0 and FHIR, and nothing of this service's code.

It does what the CDS Hooks Sandbox does: discovery, prefetch resolved from the templates, the
call, feedback; ``response_faults`` judges an answer by the specification's text.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

INDICATORS = {"info", "warning", "critical"}
BEHAVIOURS = {"at-most-one", "any"}
ACTIONS = {"create", "update", "delete"}
_TOKEN = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_TAG = re.compile(r"</?[a-zA-Z][^>]*>")


@dataclass
class CdsClient:
    """Calls the CDS service below ``base_url``; ``fhir_base`` is the EHR's own FHIR server."""

    base_url: str
    fhir_base: str
    fhir_token: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def discover(self) -> list[dict[str, Any]]:
        """The services offered."""
        response = self.session.get(f"{self.base_url}/cds-services", timeout=30)
        response.raise_for_status()
        return list(response.json()["services"])

    def request_body(self, hook: str, patient_id: str, *, with_fhir: bool) -> dict[str, Any]:
        """A hook request for one patient, with or without access to the FHIR server."""
        body: dict[str, Any] = {
            "hook": hook,
            "hookInstance": str(uuid.uuid4()),
            "context": {"userId": "Practitioner/example", "patientId": patient_id},
        }
        if with_fhir:
            body["fhirServer"] = self.fhir_base
            body["fhirAuthorization"] = {
                "access_token": self.fhir_token,
                "token_type": "Bearer",
                "expires_in": 300,
                "scope": "patient/*.rs",
                "subject": "cds-service",
            }
        return body

    def resolve(
        self, templates: Mapping[str, str], context: Mapping[str, Any]
    ) -> dict[str, dict[str, Any] | None]:
        """Every template filled in and fetched; a resource that is not there is null."""
        found: dict[str, dict[str, Any] | None] = {}
        for key, template in templates.items():
            query = _TOKEN.sub(
                lambda match: str(context[match[1].removeprefix("context.")]), template
            )
            response = self.session.get(
                f"{self.fhir_base}/{query}",
                headers={"Authorization": f"Bearer {self.fhir_token}"},
                timeout=30,
            )
            if response.status_code in (404, 410):
                found[key] = None
                continue
            response.raise_for_status()
            found[key] = response.json()
        return found

    def call(
        self, service_id: str, body: Mapping[str, Any], *, language: str | None = None
    ) -> requests.Response:
        """POST to one service."""
        return self.session.post(
            f"{self.base_url}/cds-services/{service_id}",
            json=body,
            headers={"Accept-Language": language} if language else {},
            timeout=120,
        )

    def feedback(self, service_id: str, answers: list[dict[str, Any]]) -> requests.Response:
        """POST feedback on cards of one service."""
        return self.session.post(
            f"{self.base_url}/cds-services/{service_id}/feedback",
            json={"feedback": answers},
            timeout=30,
        )


def response_faults(body: Any) -> list[str]:
    """Where a 200 answer departs from CDS Hooks 2.0.1 [CDS Service Response], in words."""
    if not isinstance(body, dict) or not isinstance(body.get("cards"), list):
        return ["no array of cards"]
    faults = [f"{path} is empty" for path in _empty(body) if path != ".cards"]
    if len(body["cards"]) > 4:
        faults.append("more than four cards")
    uuids = [card.get("uuid") for card in body["cards"]]
    if len(set(uuids)) < len(uuids):
        faults.append("two cards with one uuid")
    for number, card in enumerate(body["cards"]):
        faults += [f"card {number}: {fault}" for fault in _card_faults(card)]
    for action in body.get("systemActions", ()):
        faults += ["system action: " + fault for fault in _action_faults(action)]
    return faults


def outcome_faults(body: Any) -> list[str]:
    """Where an error answer is no OperationOutcome that says what to do."""
    if not isinstance(body, dict) or body.get("resourceType") != "OperationOutcome":
        return ["not an OperationOutcome"]
    issues = body.get("issue") or []
    if not issues or any(not {"severity", "code"} <= issue.keys() for issue in issues):
        return ["no issue with severity and code"]
    if not any(issue.get("diagnostics") or issue.get("details") for issue in issues):
        return ["an issue without words"]
    return []


def _card_faults(card: Mapping[str, Any]) -> Iterator[str]:
    if not _is_uuid(card.get("uuid")):
        yield "uuid is none"
    summary = card.get("summary")
    if not isinstance(summary, str) or not summary.strip() or len(summary) >= 140:
        yield "summary is missing, or not below 140 characters"
    if _TAG.search(str(card.get("detail", ""))) or _TAG.search(str(summary)):
        yield "HTML in summary or detail"
    if card.get("indicator") not in INDICATORS:
        yield "indicator is none of the three"
    if not (card.get("source") or {}).get("label"):
        yield "no source.label"
    for reason in card.get("overrideReasons", ()):
        if not {"system", "code", "display"} <= reason.keys():
            yield "an override reason is no Coding with display"
    for link in card.get("links", ()):
        if not {"label", "url", "type"} <= link.keys() or link["type"] not in ("absolute", "smart"):
            yield "a link lacks label, url or type"
    yield from _suggestion_faults(card)


def _suggestion_faults(card: Mapping[str, Any]) -> Iterator[str]:
    suggestions = card.get("suggestions", ())
    if suggestions and card.get("selectionBehavior") not in BEHAVIOURS:
        yield "suggestions without selectionBehavior"
    if sum(bool(s.get("isRecommended")) for s in suggestions) > 1:
        yield "several recommended suggestions"
    for suggestion in suggestions:
        if not suggestion.get("label") or not _is_uuid(suggestion.get("uuid")):
            yield "a suggestion without label or uuid"
        for action in suggestion.get("actions", ()):
            yield from _action_faults(action)


def _action_faults(action: Mapping[str, Any]) -> Iterator[str]:
    if action.get("type") not in ACTIONS or not action.get("description"):
        yield "an action without type or description"
    if action.get("type") in ("create", "update") and "resource" not in action:
        yield "a create or update action without resource"


def _is_uuid(value: Any) -> bool:
    try:
        return str(uuid.UUID(value)) == value.lower()
    except (TypeError, ValueError, AttributeError):
        return False


def _empty(value: Any, path: str = "") -> Iterator[str]:
    """Paths of null, "", [] and {}, which our JSON never contains."""
    if value is None or value == "" or value == [] or value == {}:
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _empty(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _empty(item, f"{path}[{index}]")
