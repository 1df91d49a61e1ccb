"""The project's errors: one tree, and one table that says what each means to HTTP and to a shell.

A message tells the reader what to do next and never carries a value from a patient's record, a
token or a URL with parameters: messages go to logs, error bodies and terminals alike.

Source: cds-hooks.md [Calling a CDS Service] (400, 404, 412), FHIR R4 issue-type value set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ra_cds_hooks.cql_engine_lite.errors import CqlEngineError


class RaCdsError(Exception):
    """The root of every error that this project raises on purpose.

    ``field`` names the element of the request or file at fault (``context.patientId``).
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class ConfigurationError(RaCdsError):
    """A setting or a configuration file is wrong: the operator has to change it."""


class ContentError(RaCdsError):
    """Clinical content (ELM, value sets, cards, words, services) is missing or contradictory."""


class InvalidRequest(RaCdsError):
    """The caller sent something that is not a CDS Hooks request; ``field`` names the place."""


class InvalidBundle(RaCdsError):
    """A file given to the command line is not one patient's FHIR Bundle."""


class Unauthorized(RaCdsError):
    """The caller's token is missing or not valid. ``cause`` says why, to the operator only."""

    def __init__(self, message: str, *, cause: str) -> None:
        super().__init__(message)
        self.cause = cause


class Forbidden(RaCdsError):
    """The caller is known, and may not use this service or this FHIR server."""


class UnknownService(RaCdsError):
    """No service has the id of the URL."""


class RequestIncomplete(RaCdsError):
    """The body did not arrive whole, or not in time."""


class RequestTooLarge(RaCdsError):
    """The body is larger than RA_CDS_MAX_BODY_BYTES."""


class UnsupportedMediaType(RaCdsError):
    """The body is not JSON by its Content-Type, or is compressed."""


class NeededDataUnavailable(RaCdsError):
    """Without this data no advice is possible (CDS Hooks 2.0: 412 Precondition Failed)."""


class StoreUnavailable(RaCdsError):
    """The feedback store cannot be written or read at the moment."""


@dataclass(frozen=True)
class Answer:
    """What an error means outside: HTTP status, process exit code, FHIR issue-type code."""

    status: int
    exit_code: int
    issue_code: str


# Looked up along the error's class hierarchy, so that a new error inherits its parent's row.
TABLE: dict[type[BaseException], Answer] = {
    InvalidRequest: Answer(400, 4, "invalid"),
    InvalidBundle: Answer(400, 4, "invalid"),
    Unauthorized: Answer(401, 4, "login"),
    Forbidden: Answer(403, 4, "forbidden"),
    UnknownService: Answer(404, 2, "not-found"),
    RequestIncomplete: Answer(408, 4, "timeout"),
    NeededDataUnavailable: Answer(412, 5, "incomplete"),
    RequestTooLarge: Answer(413, 4, "too-long"),
    UnsupportedMediaType: Answer(415, 4, "not-supported"),
    StoreUnavailable: Answer(503, 7, "transient"),
    ConfigurationError: Answer(500, 3, "exception"),
    ContentError: Answer(500, 3, "exception"),
    RaCdsError: Answer(500, 1, "exception"),
    CqlEngineError: Answer(500, 6, "exception"),
    Exception: Answer(500, 1, "exception"),
}


def answer_for(error: BaseException) -> Answer:
    """The row of TABLE for ``error``; an unknown error is an internal fault, never an empty answer.

    Raises TypeError for what is not an Exception (KeyboardInterrupt must not become an answer).
    """
    for kind in type(error).__mro__:
        if kind in TABLE:
            return TABLE[kind]
    raise TypeError(f"{type(error).__name__} is not an error to answer with")


def public_message(error: BaseException) -> str:
    """The text a caller may read: ours as written; of anything else only what kind it was."""
    if isinstance(error, RaCdsError):
        return error.message
    if isinstance(error, CqlEngineError):
        where = ", ".join(
            f"{name} {value}"
            for name in ("define", "locator")
            if (value := getattr(error, name, None))
        )
        kind = f"{type(error).__name__}: {where}" if where else type(error).__name__
        return (
            f"The clinical content could not be evaluated ({kind}). No advice was computed; "
            "report this to the operator."
        )
    return (
        f"Internal error ({type(error).__name__}). No advice was computed; repeat the call, "
        "and report it to the operator if it happens again."
    )


def operation_outcome(error: BaseException) -> dict[str, Any]:
    """The error as a FHIR R4 OperationOutcome (the body of every error answer)."""
    return outcome(
        answer_for(error).issue_code, public_message(error), getattr(error, "field", None)
    )


def outcome(issue_code: str, message: str, field: str | None = None) -> dict[str, Any]:
    """An OperationOutcome with one issue; ``field`` becomes its ``expression``."""
    issue: dict[str, Any] = {"severity": "error", "code": issue_code, "diagnostics": message}
    if field:
        issue["expression"] = [field]
    return {"resourceType": "OperationOutcome", "issue": [issue]}
