"""Every setting of a deployment. The only module that reads the environment (prefix ``RA_CDS_``).

What each is for is said in docs/settings.toml, from which docs/settings.md is made (`make
settings`); a test fails when one is not.
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

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "text"] | None = None
    metrics: bool = True
    ready_without_store: bool = False
    language: Literal["en", "zh"] | None = None
    decision_extension: bool = True
    demo: bool = False
    as_of: datetime | None = None
    content_dir: Path = Field(default_factory=lambda: _content_root() / "cql")
    cache_dir: Path | None = None
    fixtures_dir: Path = Field(default_factory=lambda: _content_root() / "fhir_fixtures")
    parameters: dict[str, Any] = Field(default_factory=dict)
    parameters_file: Path | None = None
    local_codes: Path | None = None
    workers: int | None = Field(None, ge=1, le=64)
    request_seconds: float = Field(20.0, gt=0, le=600)
    max_body_bytes: int = Field(16 * 1024 * 1024, ge=1024)
    issuers: Path | None = None
    public_base_url: str | None = None
    allow_anonymous: bool = False
    jwt_algorithms: CommaList = ("ES384", "RS384")
    jwt_leeway_seconds: float = Field(30.0, ge=0, le=300)
    jwt_max_lifetime_seconds: float = Field(3600.0, gt=0, le=86400)
    jwt_replay: Literal["memory", "database"] | None = None
    fhir_loopback: bool | None = None
    fhir_private_networks: CommaList = ()
    fhir_servers: CommaList = ()
    fhir_ca_bundle: Path | None = None
    fhir_budget_seconds: float = Field(3.0, gt=0, le=60)
    fhir_budget_with_prefetch_seconds: float = Field(0.4, gt=0, le=60)
    fhir_tries: int = Field(3, ge=1, le=10)
    fhir_breaker_failures: int = Field(5, ge=1, le=1000)
    fhir_breaker_rest_seconds: float = Field(10.0, gt=0, le=3600)
    fhir_connect_timeout_seconds: float = Field(1.0, gt=0, le=30)
    fhir_read_timeout_seconds: float = Field(2.0, gt=0, le=60)
    fhir_max_pages: int = Field(20, ge=1, le=1000)
    fhir_max_page_bytes: int = Field(16 * 1024 * 1024, ge=1024)
    fhir_parallel_reads: int = Field(12, ge=1, le=64)
    database_url: str = "sqlite:///ra_cds_hooks.sqlite"
    database_ca_bundle: Path | None = None
    store_feedback_comments: bool = False
    override_quiet_days: int = Field(30, ge=0, le=365)
    audit: Literal["off", "file", "database"] = "off"
    audit_file: Path = Path("ra_cds_audit.jsonl")
    audit_required: bool = False
    audit_retention_days: int = Field(0, ge=0, le=36500)
    feedback_retention_days: int = Field(0, ge=0, le=36500)
    log_shown_cards: bool = True
    otlp_endpoint: str | None = None
    switches: Path | None = None
    override_secret: SecretStr | None = None
    cors_origins: CommaList = ("https://sandbox.cds-hooks.org",)

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
