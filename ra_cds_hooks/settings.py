"""Every setting of a deployment. The only module that reads the environment (prefix ``RA_CDS_``).

Each field is documented in docs/settings.md; a test fails when one is not.
"""

from __future__ import annotations

import ipaddress
import os
import tempfile
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from ra_cds_hooks.errors import ConfigurationError

PACKAGE = Path(__file__).parent

# A shorter key could be guessed from a copy of the database.
SECRET_LENGTH = 16

# Public-key signatures only: with a shared secret (HS*) a public key would sign as well as verify.
ASYMMETRIC = {"ES256", "ES384", "RS256", "RS384"}

CommaList = Annotated[tuple[str, ...], NoDecode]


def _content_root() -> Path:
    """The folder with ``cql`` and ``fhir_fixtures``: inside a wheel, else the working tree."""
    packaged = PACKAGE / "_content"
    return packaged if packaged.is_dir() else PACKAGE.parent


def is_loopback(host: str) -> bool:
    """Whether ``host`` (a name or a literal address) can only be this machine.

    Only ``localhost`` is believed by name; every other name could resolve anywhere.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """The settings of one process, checked together when read."""

    model_config = SettingsConfigDict(
        env_prefix="RA_CDS_", frozen=True, extra="forbid", env_ignore_empty=True
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="TCP port to listen on.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log level that is written."
    )
    log_format: Literal["json", "text"] | None = Field(
        None, description="Form of the log lines; unset: text on a terminal, else JSON."
    )
    metrics: bool = Field(True, description="Serve /metrics for Prometheus.")
    ready_without_store: bool = Field(
        False, description="Whether /readyz is well while the database is away."
    )
    language: Literal["en", "zh"] | None = Field(
        None, description="Language of the cards for everyone; unset: asked of the request."
    )
    decision_extension: bool = Field(
        True, description="Send the Decision document as an extension of the response."
    )
    demo: bool = Field(False, description="Serve the demonstration page with the fixture patients.")
    as_of: datetime | None = Field(
        None, description="Evaluate as if it were this date (loopback only; for demo and tests)."
    )
    content_dir: Path = Field(
        default_factory=lambda: _content_root() / "cql",
        description="Folder with elm/ and valuesets/.",
    )
    cache_dir: Path | None = Field(
        None, description="The user's own folder for the compiled CQL; the next start is faster."
    )
    fixtures_dir: Path = Field(
        default_factory=lambda: _content_root() / "fhir_fixtures",
        description="Folder with the fixture patients of the demonstration page.",
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="CQL parameters that differ from their default (JSON)."
    )
    parameters_file: Path | None = Field(
        None, description="A site's own thresholds (TOML, a table per library)."
    )
    local_codes: Path | None = Field(
        None, description="A site's mapping of its own codes to ours (TOML)."
    )
    workers: int | None = Field(
        None,
        ge=1,
        le=64,
        description="Worker processes of gunicorn; unset: one per CPU, four at most.",
    )
    request_seconds: float = Field(
        20.0,
        gt=0,
        le=600,
        description="Time that a client has to send one request, headers and body.",
    )
    max_body_bytes: int = Field(
        16 * 1024 * 1024, ge=1024, description="Largest request body that is read."
    )
    issuers: Path | None = Field(
        None, description="Who may call: the trusted CDS Clients (TOML). Unset: anyone."
    )
    public_base_url: str | None = Field(
        None, description="The URL under which clients call, as in their tokens' aud."
    )
    allow_anonymous: bool = Field(
        False, description="Answer anyone although the service listens beyond loopback."
    )
    jwt_algorithms: CommaList = Field(
        ("ES384", "RS384"), description="Signature algorithms accepted in callers' tokens."
    )
    jwt_leeway_seconds: float = Field(
        30.0, ge=0, le=300, description="Clock difference to callers that is tolerated."
    )
    jwt_max_lifetime_seconds: float = Field(
        3600.0, gt=0, le=86400, description="Longest time to its expiry that a token may have."
    )
    jwt_replay: Literal["memory", "database"] | None = Field(
        None, description="Where used tokens are remembered; several workers need database."
    )
    fhir_loopback: bool | None = Field(
        None, description="Whether FHIR servers on loopback may be called; unset: while open."
    )
    fhir_private_networks: CommaList = Field(
        (), description="Private networks (CIDR) in which listed FHIR servers may stand."
    )
    fhir_servers: CommaList = Field(
        (), description="FHIR servers that may be called, besides those on loopback."
    )
    fhir_ca_bundle: Path | None = Field(
        None, description="PEM file with the authorities that sign the FHIR servers' certificates."
    )
    fhir_budget_seconds: float = Field(
        3.0, gt=0, le=60, description="Time for all calls to the FHIR server of one request."
    )
    fhir_budget_with_prefetch_seconds: float = Field(
        0.4, gt=0, le=60, description="The same where the prefetch is enough to answer."
    )
    fhir_tries: int = Field(3, ge=1, le=10, description="Attempts at one read.")
    fhir_breaker_failures: int = Field(
        5, ge=1, le=1000, description="Failures in a row after which a server is left alone."
    )
    fhir_breaker_rest_seconds: float = Field(
        10.0, gt=0, le=3600, description="How long it is left alone."
    )
    fhir_connect_timeout_seconds: float = Field(
        1.0, gt=0, le=30, description="Time to connect to the FHIR server."
    )
    fhir_read_timeout_seconds: float = Field(
        2.0, gt=0, le=60, description="Longest silence of the FHIR server within one call."
    )
    fhir_max_pages: int = Field(20, ge=1, le=1000, description="Pages read of one search.")
    fhir_max_page_bytes: int = Field(
        16 * 1024 * 1024, ge=1024, description="Largest answer of the FHIR server that is read."
    )
    fhir_parallel_reads: int = Field(
        12, ge=1, le=64, description="Calls to FHIR servers under way at once in one process."
    )
    database_url: str = Field(
        "sqlite:///ra_cds_hooks.sqlite", description="Where feedback is stored (SQLAlchemy URL)."
    )
    database_ca_bundle: Path | None = Field(
        None, description="PEM file with the authority of the database's certificate (PostgreSQL)."
    )
    store_feedback_comments: bool = Field(
        False, description="Store the free text of overrides, which may name the patient."
    )
    override_quiet_days: int = Field(
        30,
        ge=0,
        le=365,
        description="Days that an order card stays away after an override with a reason.",
    )
    audit: Literal["off", "file", "database"] = Field(
        "off", description="Where each evaluation is audited as a FHIR AuditEvent."
    )
    audit_file: Path = Field(Path("ra_cds_audit.jsonl"), description="The file of the audit.")
    audit_required: bool = Field(
        False, description="Answer 503 when the audit cannot be written, rather than go on."
    )
    audit_retention_days: int = Field(
        0, ge=0, le=36500, description="Days that the database keeps audit events; 0: for ever."
    )
    feedback_retention_days: int = Field(
        0, ge=0, le=36500, description="Days that feedback and shown cards are kept; 0: for ever."
    )
    log_shown_cards: bool = Field(
        True, description="Remember which cards were shown, for the feedback report."
    )
    otlp_endpoint: str | None = Field(
        None, description="OpenTelemetry collector (OTLP over HTTP) that spans are sent to."
    )
    switches: Path | None = Field(
        None, description="Kill switch and shadow mode (TOML); changes count without a restart."
    )
    override_secret: SecretStr | None = Field(
        None, description="Key of the hashes under which overridden cards are remembered."
    )
    cors_origins: CommaList = Field(
        ("https://sandbox.cds-hooks.org",),
        description="Browser origins that may call the service; * for any.",
    )

    @field_validator(
        "fhir_servers", "cors_origins", "jwt_algorithms", "fhir_private_networks", mode="before"
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("override_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SECRET_LENGTH:
            raise ValueError(f"is shorter than {SECRET_LENGTH} characters")
        return value

    @field_validator("parameters")
    @classmethod
    def _decimals(cls, value: dict[str, Any]) -> dict[str, Any]:
        # CQL decimals are exact; a JSON number with a fraction is meant as its digits say.
        return {k: Decimal(repr(v)) if isinstance(v, float) else v for k, v in value.items()}

    @field_validator("as_of", mode="before")
    @classmethod
    def _noon_of_a_date(cls, value: Any) -> Any:
        # A plain date means that day wherever the server stands: noon UTC is the same calendar
        # day from UTC-12 to UTC+11.
        if isinstance(value, str) and len(value) == len("2026-11-23"):
            return datetime.combine(date.fromisoformat(value), time(12), UTC)
        return value

    @field_validator("jwt_algorithms")
    @classmethod
    def _asymmetric(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not set(value) <= ASYMMETRIC:
            raise ValueError(f"choose from {', '.join(sorted(ASYMMETRIC))}")
        return value

    @field_validator("fhir_private_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @field_validator("otlp_endpoint")
    @classmethod
    def _url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError("a URL, for example http://127.0.0.1:4318/v1/traces")
        return value

    @field_validator("public_base_url")
    @classmethod
    def _without_slash(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError("a URL that starts with https://")
        return value.rstrip("/") if value is not None else None

    @model_validator(mode="after")
    def _audience_for_issuers(self) -> Settings:
        if self.issuers is not None and self.public_base_url is None:
            raise ValueError(
                "issuers needs public_base_url: the URL that callers use and name as aud; set "
                "RA_CDS_PUBLIC_BASE_URL"
            )
        return self

    @model_validator(mode="after")
    def _open_on_loopback_only(self) -> Settings:
        if self.issuers is None and not self.allow_anonymous and not is_loopback(self.host):
            raise ValueError(
                "without issuers anyone who reaches this address would be answered: set "
                "RA_CDS_ISSUERS (docs/security.md), listen on 127.0.0.1, or set "
                "RA_CDS_ALLOW_ANONYMOUS=1 behind a gateway that authenticates"
            )
        return self

    @property
    def address(self) -> str:
        """Host and port in one text, an IPv6 address in brackets."""
        host = self.host.strip("[]")
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def shared_replay(self) -> bool:
        """Whether used tokens are remembered in the database: as set, else unless workers is 1."""
        return self.jwt_replay == "database" or (self.jwt_replay is None and self.workers != 1)

    @property
    def loopback_fhir(self) -> bool:
        """Whether FHIR servers on loopback may be called: as set, else while anyone may call."""
        if self.fhir_loopback is not None:
            return self.fhir_loopback
        return self.issuers is None and is_loopback(self.host)

    @model_validator(mode="after")
    def _as_of_on_loopback_only(self) -> Settings:
        if self.as_of is not None and self.as_of.tzinfo is None:
            raise ValueError("as_of needs a time zone, for example 2026-11-23T12:00:00+00:00")
        if self.as_of is not None and not is_loopback(self.host):
            raise ValueError(
                "as_of is for demo, tests and replay: it is only allowed while host is a "
                "loopback address; unset RA_CDS_AS_OF, or set RA_CDS_HOST=127.0.0.1"
            )
        return self


def unknown_variables() -> list[str]:
    """Environment variables with our prefix that name no setting: most likely a slip of the pen."""
    known = {f"RA_CDS_{name.upper()}" for name in Settings.model_fields}
    return sorted(v for v in os.environ if v.startswith("RA_CDS_") and v not in known)


def processors() -> int:
    """The CPUs that this process may use."""
    return len(os.sched_getaffinity(0))


def metrics_folder() -> tuple[Path, bool]:
    """Where the worker processes of one server share their numbers, and whether it was made now.

    The folder of PROMETHEUS_MULTIPROC_DIR, or a new one below the temporary folder, which is then
    named there: prometheus-client knows no other way to be told.
    """
    named = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if named is None:
        named = tempfile.mkdtemp(prefix="ra-cds-metrics-")
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = named
        return Path(named), True
    folder = Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    return folder, False


def load_settings(**overrides: Any) -> Settings:
    """The settings from the environment; ``overrides`` win (the command line's options).

    Raises ConfigurationError that names each setting at fault, without its value.
    """
    try:
        return Settings(**overrides)
    except SettingsError:  # raised without the name of the variable; there is one in JSON
        raise ConfigurationError("RA_CDS_PARAMETERS: not JSON. See docs/settings.md.") from None
    except ValidationError as error:
        faults = "; ".join(f"{_variable(fault['loc'])}: {fault['msg']}" for fault in error.errors())
        raise ConfigurationError(f"{faults}. See docs/settings.md.") from None


def settle_hosts(hosts: Iterable[str]) -> None:
    """Have the settings, here and in processes started from here, be those of listening there.

    A server can be told another address than RA_CDS_HOST (gunicorn's ``--bind``, a socket that is
    handed over). Raises ConfigurationError where the settings do not allow it.
    """
    for host in sorted(hosts, key=is_loopback, reverse=True):
        load_settings(host=host)
        os.environ["RA_CDS_HOST"] = host


def _variable(location: tuple[int | str, ...]) -> str:
    return f"RA_CDS_{str(location[0]).upper()}" if location else "RA_CDS_*"
