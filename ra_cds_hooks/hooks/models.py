"""CDS Hooks 2.0 requests as the service uses them; their JSON Schemas are those of /openapi.json.

Unknown members are ignored and nulls in optional places count as absent: real clients send both.
What a validator checks beyond types stands in the schema as a pattern beside it.

Source: CDS Hooks 2.0.1 [HTTP Request], [FHIR Resource Access], [Feedback].
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictStr, field_validator

from ra_cds_hooks.fhir.references import ID
from ra_cds_hooks.hooks.trust import base_url

# RFC 6750 b64token plus what real servers use: visible ASCII, nothing that could end a header.
_TOKEN = re.compile(r"[\x21-\x7e]+")

# What `ra_cds_hooks.hooks.trust.base_url` takes, without the odder spellings of hosts.
_PORT = r"(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}))?"
_BASE_URL = rf"^https?://[A-Za-z0-9][A-Za-z0-9.\-]*{_PORT}(/[A-Za-z0-9._~!$&'()*+,;=:/\-]*)?$"
_MOMENT = (
    r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]"
    r":[0-5][0-9](\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)


def _schema(**members: Any) -> Any:
    return Field(json_schema_extra=members)


def _or_null(schema: dict[str, Any]) -> None:
    schema["type"] = [schema["type"], "null"]


_OR_NULL: Any = _or_null


def _without_nul(value: str) -> str:
    # PostgreSQL cannot store it, and no FHIR string holds it.
    if "\x00" in value:
        raise ValueError("holds a NUL character")
    return value


Text = Annotated[StrictStr, Field(min_length=1, max_length=1024)]
Kept = Annotated[StrictStr, AfterValidator(_without_nul)]


def _patient_id(value: str) -> str:
    # Some clients send a reference where the specification asks for an id.
    id_ = value.removeprefix("Patient/")
    if not ID.fullmatch(id_):
        raise ValueError("is not a FHIR id")
    return id_


def _uuid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise ValueError("is not a UUID") from None


def _token(value: str) -> str:
    if not _TOKEN.fullmatch(value):
        raise ValueError("is not a bearer token")
    return value


class Part(BaseModel):
    """A part of a request: immutable, tolerant of members it does not know."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Authorization(Part):
    """``fhirAuthorization``: transient, kept out of logs and text forms."""

    access_token: Annotated[StrictStr, AfterValidator(_token), _schema(pattern=r"^[!-~]+$")] = (
        Field(repr=False, min_length=1, max_length=16384)
    )
    token_type: Annotated[Text, _schema(pattern=r"^[Bb][Ee][Aa][Rr][Ee][Rr]$")] = "Bearer"
    scope: StrictStr | None = None
    patient: StrictStr | None = None

    @field_validator("token_type")
    @classmethod
    def _bearer(cls, value: str) -> str:
        if value.lower() != "bearer":
            raise ValueError("is not Bearer")
        return value


class Context(Part):
    """The context of hooks about one patient; further primitives stay for template tokens."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    userId: Text
    patientId: Annotated[
        Text,
        AfterValidator(_patient_id),
        _schema(pattern=r"^(Patient/)?[A-Za-z0-9._\-]{1,64}$"),
    ]
    encounterId: StrictStr | None = None


class EncounterStartContext(Context):
    """encounter-start: the encounter is what the hook is about."""

    encounterId: Text


class OrderSignContext(Context):
    """order-sign: the orders that are about to be signed."""

    draftOrders: Annotated[
        dict[str, Any],
        Field(
            repr=False,
            description="A Bundle of drafts; a draft that cannot be read is told, not refused.",
            json_schema_extra={"properties": {"resourceType": {"const": "Bundle"}}},
        ),
    ]

    @field_validator("draftOrders")
    @classmethod
    def _bundle(cls, value: dict[str, Any]) -> dict[str, Any]:
        # A Bundle without type, even without resourceType, is sent by real clients.
        if value.get("resourceType", "Bundle") != "Bundle":
            raise ValueError("is not a Bundle")
        return value


class OrderSelectContext(OrderSignContext):
    """order-select: the orders of the session, and those that are being considered."""

    selections: tuple[StrictStr, ...]


class HookRequest(Part):
    """One service call. ``prefetch`` values are a resource, or None for "fetched, no data".

    ``fhirServer`` is a base URL without a slash at its end; whether it may be called is another
    question (`ra_cds_hooks.hooks.trust.may_call`).
    """

    hook: Text
    hookInstance: Annotated[Text, AfterValidator(_uuid), _schema(format="uuid")]
    context: Context
    fhirServer: (
        Annotated[StrictStr, AfterValidator(base_url), _schema(pattern=_BASE_URL)] | None
    ) = None
    fhirAuthorization: Authorization | None = None
    prefetch: dict[str, dict[str, Any] | None] = Field(
        default_factory=dict, repr=False, json_schema_extra=_OR_NULL
    )

    @field_validator("prefetch", mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        return {} if value is None else value


class EncounterStartRequest(HookRequest):
    """A call of encounter-start."""

    context: EncounterStartContext


class OrderSignRequest(HookRequest):
    """A call of order-sign."""

    context: OrderSignContext


class OrderSelectRequest(HookRequest):
    """A call of order-select."""

    context: OrderSelectContext


class Identified(Part):
    """``{"id": ...}``, as acceptedSuggestions lists them."""

    id: Annotated[Kept, Field(min_length=1, max_length=255)]


class Coding(Part):
    """The reason of an override, as a Coding."""

    code: Annotated[Kept, Field(max_length=255)] | None = None
    system: Annotated[Kept, Field(max_length=255)] | None = None
    display: Annotated[Kept, Field(max_length=255)] | None = None


class OverrideReason(Part):
    """``overrideReason``: a coded reason, a comment, or both."""

    reason: Coding | None = None
    userComment: Annotated[Kept, Field(max_length=4000)] | None = Field(None, repr=False)


class FeedbackItem(Part):
    """What became of one card."""

    card: Annotated[Kept, Field(min_length=1, max_length=255)]
    outcome: Literal["accepted", "overridden"]
    outcomeTimestamp: Annotated[datetime, _schema(pattern=_MOMENT)]
    acceptedSuggestions: Annotated[tuple[Identified, ...], Field(json_schema_extra=_OR_NULL)] = ()
    overrideReason: OverrideReason | None = None

    @field_validator("acceptedSuggestions", mode="before")
    @classmethod
    def _null_is_empty(cls, value: Any) -> Any:
        return () if value is None else value

    @field_validator("outcomeTimestamp", mode="before")
    @classmethod
    def _text_only(cls, value: Any) -> Any:
        if not isinstance(value, str) or "T" not in value:
            raise ValueError("is not an ISO 8601 date and time")
        return value

    @field_validator("outcomeTimestamp")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        # The specification asks for UTC, so a time without zone is taken to be that.
        try:
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        except OverflowError:
            raise ValueError("is not within years 1 to 9999") from None


class FeedbackRequest(Part):
    """A batch of feedback."""

    feedback: Annotated[tuple[FeedbackItem, ...], Field(min_length=1, max_length=1000)]
