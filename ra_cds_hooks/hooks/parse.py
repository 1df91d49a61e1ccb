"""Request bodies to models; what does not fit is a 400 that names the field.

Source: cds-hooks.md [Calling a CDS Service].
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ValidationError

from ra_cds_hooks.errors import InvalidRequest
from ra_cds_hooks.fhir.json_text import JsonError, parse_json
from ra_cds_hooks.hooks.models import (
    EncounterStartRequest,
    FeedbackRequest,
    HookRequest,
    OrderSelectRequest,
    OrderSignRequest,
    Part,
)

_Model = TypeVar("_Model", bound=Part)


# Hooks whose context holds more than every hook's; the others are about a patient and no more.
REQUESTS: dict[str, type[HookRequest]] = {
    "encounter-start": EncounterStartRequest,
    "order-select": OrderSelectRequest,
    "order-sign": OrderSignRequest,
}


def parse_hook_request(body: bytes, hook: str) -> HookRequest:
    """The request for a service of ``hook``. Raises InvalidRequest naming the field at fault."""
    document = _document(body)
    if isinstance(document.get("hook"), str) and document["hook"] != hook:
        raise InvalidRequest(f"hook: this service answers {hook} only", field="hook")
    request: HookRequest = _modelled(document, REQUESTS.get(hook, HookRequest))
    if request.hook != hook:
        raise InvalidRequest(f"hook: this service answers {hook} only", field="hook")
    authorization = request.fhirAuthorization
    if authorization is not None and request.fhirServer is None:
        raise InvalidRequest(
            "fhirServer: required where fhirAuthorization is sent", field="fhirServer"
        )
    if authorization is not None and authorization.patient is not None:
        granted = authorization.patient.removeprefix("Patient/")
        if granted != request.context.patientId:
            raise InvalidRequest(
                "fhirAuthorization.patient: the token is for another patient than "
                "context.patientId",
                field="fhirAuthorization.patient",
            )
    return request


def parse_feedback(body: bytes) -> FeedbackRequest:
    """A feedback batch. Raises InvalidRequest naming the field at fault."""
    return _modelled(_document(body), FeedbackRequest)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document: Any = parse_json(body)
    except JsonError as error:
        raise InvalidRequest(f"The body is {error}.") from None
    if not isinstance(document, dict):
        raise InvalidRequest("The body is not a JSON object.")
    return document


def _modelled(document: dict[str, Any], model: type[_Model]) -> _Model:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise _named(error) from None


def _named(error: ValidationError) -> InvalidRequest:
    """Every field at fault, each with what is wrong, never with what was sent."""
    faults = {
        _path(fault["loc"]): _reason(fault["type"], fault["msg"])
        for fault in error.errors(include_input=False, include_context=False, include_url=False)
    }
    shown = list(faults.items())[:10]
    text = "; ".join(f"{path}: {reason}" for path, reason in shown)
    return InvalidRequest(text, field=shown[0][0])


def _reason(kind: str, message: str) -> str:
    if kind == "missing":
        return "is required"
    return message.removeprefix("Value error, ")


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        # A member name comes from the caller; only ordinary names are repeated.
        elif part.isidentifier() and part.isascii() and len(part) <= 40:
            path += f".{part}" if path else part
        else:
            path += ".*" if path else "*"
    return path or "*"
