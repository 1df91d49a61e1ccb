"""An issuer with keys of its own, a service that trusts it, and tokens of every kind."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask.testing import FlaskClient
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from ra_cds_hooks.decision import Content
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import create_app

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ISS = "https://ehr.example.org"
BASE = "https://cds.example.org"
SERVICE = "ra-refractory-review"
URL = f"/cds-services/{SERVICE}"
EC_KEY = ec.generate_private_key(ec.SECP384R1())
EC256_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = ec.generate_private_key(ec.SECP384R1())


def jwk(key: Any, kid: str, **members: Any) -> dict[str, Any]:
    """The public half of a key as a JWK."""
    kind = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": kid, "use": "sig", **members}


def jwks() -> dict[str, Any]:
    return {"keys": [jwk(EC_KEY, "ec"), jwk(RSA_KEY, "rsa"), jwk(EC256_KEY, "ec256")]}


@dataclass
class Token:
    """A good token; change a member to spoil it. ``None`` leaves a claim or header out."""

    path: str = URL
    key: Any = EC_KEY
    alg: str = "ES384"
    headers: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        second = int(NOW.timestamp())
        claims = {
            "iss": ISS,
            "aud": f"{BASE}{self.path}",
            "iat": second,
            "exp": second + 300,
            "jti": str(uuid.uuid4()),
            **self.claims,
        }
        headers = {"kid": "ec", **self.headers}
        return jwt.encode(
            {k: v for k, v in claims.items() if v is not None},
            self.key,
            self.alg,
            {k: v for k, v in headers.items() if v is not None},
        )

    def header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.text()}"}


@pytest.fixture
def issuers(tmp_path: Path) -> Path:
    """issuers.toml: one client with a key file, any tenant, all services."""
    return write_issuers(tmp_path)


def write_issuers(folder: Path, **extra: Any) -> Path:
    (folder / "jwks.json").write_text(json.dumps(jwks()))
    lines = ["[[issuer]]", f'iss = "{ISS}"']
    if "jku" not in extra:
        lines.append('jwks_file = "jwks.json"')
    lines += [f"{name} = {json.dumps(value)}" for name, value in extra.items()]
    path = folder / "issuers.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


MakeClient = Callable[..., FlaskClient]


@pytest.fixture
def make_client(content: Content, tmp_path: Path) -> Iterator[MakeClient]:
    made = []

    def make(issuers: Path, **overrides: Any) -> FlaskClient:
        settings = load_settings(
            issuers=issuers,
            public_base_url=BASE,
            database_url=f"sqlite:///{tmp_path / 'store.sqlite'}",
            **overrides,
        )
        app = create_app(settings, content=content, now=lambda: NOW)
        made.append(app)
        return app.test_client()

    yield make
    for app in made:
        app.extensions["ra_cds_hooks"].gatherer.close()
        app.extensions["ra_cds_hooks"].store.close()


@pytest.fixture
def client(make_client: MakeClient, issuers: Path) -> FlaskClient:
    return make_client(issuers)


def hook_request(**members: Any) -> dict[str, Any]:
    """A patient-view request that carries its patient, and nothing for everything else."""
    return {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/1", "patientId": "p1"},
        "prefetch": {
            "patient": {"resourceType": "Patient", "id": "p1"},
            **dict.fromkeys(
                ("conditions", "medicationStatements", "medicationRequests", "laboratory",
                 "medicationAdministrations", "medicationDispenses", "observations", "allergies")
            ),
        },
        **members,
    }  # fmt: skip
