"""Who may call: the CDS Clients that the operator trusts, from one TOML file (`RA_CDS_ISSUERS`).

    [[issuer]]
    iss = "https://ehr.example.org"                      # exactly as in the token
    jku = "https://ehr.example.org/jwks.json"            # or: jwks_file = "ehr-jwks.json"
    tenants = ["north"]                                  # absent: any, also none
    fhir_servers = ["https://ehr.example.org/fhir"]      # absent: those of RA_CDS_FHIR_SERVERS
    services = ["ra-refractory-review"]                  # absent: all

Source: CDS Hooks 2.0.1 [Trusting CDS Clients] (allow-list of iss and jku).
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.hooks.trust import can_be_called
from ra_cds_hooks.settings import is_loopback

_KEYS = {"iss", "jku", "jwks_file", "tenants", "fhir_servers", "services"}


@dataclass(frozen=True)
class Issuer:
    """One trusted client. ``tenants``, ``fhir_servers`` and ``services`` are None for "any"."""

    iss: str
    jku: str | None = None
    jwks_file: Path | None = None
    tenants: frozenset[str] | None = None
    fhir_servers: tuple[str, ...] | None = None
    services: frozenset[str] | None = None

    def may_use(self, service_id: str) -> bool:
        """Whether this client may call the service."""
        return self.services is None or service_id in self.services


def read_issuers(path: Path | None) -> dict[str, Issuer]:
    """The issuers in ``path`` by ``iss``; empty without a file.

    Raises ConfigurationError naming file, entry and what to change.
    """
    if path is None:
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"RA_CDS_ISSUERS: {path.name} cannot be read as TOML ({error})"
        ) from error
    entries = table.get("issuer")
    if set(table) != {"issuer"} or not isinstance(entries, list) or not entries:
        raise ConfigurationError(
            f"RA_CDS_ISSUERS: {path.name} needs [[issuer]] tables and nothing else"
        )
    found: dict[str, Issuer] = {}
    for number, entry in enumerate(entries, start=1):
        issuer = _issuer(entry, f"RA_CDS_ISSUERS: issuer {number}", path.parent)
        if issuer.iss in found:
            raise ConfigurationError(f"RA_CDS_ISSUERS: issuer {number}: this iss is there twice")
        found[issuer.iss] = issuer
    return found


def _issuer(entry: Any, where: str, folder: Path) -> Issuer:
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f"{where}: write it as a table, [[issuer]]")
    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        raise ConfigurationError(f"{where}: unknown key {unknown[0]!r}")
    iss, jku, file = entry.get("iss"), entry.get("jku"), entry.get("jwks_file")
    if not isinstance(iss, str) or not iss:
        raise ConfigurationError(f"{where}: iss is missing")
    if (jku is None) == (file is None):
        raise ConfigurationError(f"{where}: give jku or jwks_file, one of them")
    if jku is not None:
        _require_key_url(jku, where)
    elif not isinstance(file, str) or not file:
        raise ConfigurationError(f"{where}: jwks_file is not the name of a file")
    for name in ("tenants", "fhir_servers", "services"):
        value = entry.get(name)
        if value is not None and not (
            isinstance(value, list) and all(isinstance(item, str) and item for item in value)
        ):
            raise ConfigurationError(f"{where}: {name} is not a list of strings")
    tenants, servers, services = (
        entry.get(name) for name in ("tenants", "fhir_servers", "services")
    )
    for server in servers or ():
        _require_server(server, where)
    return Issuer(
        iss,
        jku,
        folder / file if file is not None else None,
        frozenset(tenants) if tenants is not None else None,
        tuple(servers) if servers is not None else None,
        frozenset(services) if services is not None else None,
    )


def _require_key_url(jku: Any, where: str) -> None:
    try:
        parts = urlsplit(jku if isinstance(jku, str) else "")
        usable = bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:  # a port, or an address in brackets, that is none
        usable = False
    if not usable or not (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    ):
        raise ConfigurationError(f"{where}: jku is not an https URL")


def _require_server(server: str, where: str) -> None:
    """A server that could never be called would only show as missing data."""
    if not can_be_called(server):
        raise ConfigurationError(
            f"{where}: fhir_servers: {server!r} is not the https base URL of a FHIR server"
        )


def require_services(issuers: Mapping[str, Issuer], known: Collection[str]) -> None:
    """Raise ConfigurationError when an issuer may use a service that there is not.

    For who looks at the configuration, not at start: after a rollback it may be a later one's.
    """
    for issuer in issuers.values():
        for service in sorted((issuer.services or frozenset()) - set(known)):
            raise ConfigurationError(
                f"RA_CDS_ISSUERS: {issuer.iss}: services: there is no {service!r}; "
                f"there are {', '.join(sorted(known))}"
            )
