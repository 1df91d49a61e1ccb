"""The attack table of docs/security.md: each row is a test here, and each is refused."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import io
import json
import logging
from pathlib import Path
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.trust.conftest import (
    BASE,
    EC256_KEY,
    EC_KEY,
    NOW,
    OTHER_KEY,
    RSA_KEY,
    URL,
    MakeClient,
    Token,
    hook_request,
    jwk,
    write_issuers,
)

SECOND = int(NOW.timestamp())


def unsigned(alg: str) -> str:
    """A token with ``alg`` in its header and no signature."""
    head = {"alg": alg, "typ": "JWT", "kid": "ec"}
    body = jwt.decode(Token().text(), options={"verify_signature": False})
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in (head, body)]
    return b".".join([*parts, b""]).decode()


def signed_with_the_public_key() -> str:
    """HS256 with the public key's text as the shared secret: the classic confusion."""
    secret = json.dumps(jwk(EC_KEY, "ec")).encode()
    head = {"alg": "HS256", "typ": "JWT", "kid": "ec"}
    body = jwt.decode(Token().text(), options={"verify_signature": False})
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in (head, body)]
    signature = hmac.new(secret, b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def altered() -> str:
    """A good token whose payload was changed after signing."""
    head, _, signature = Token().text().split(".")
    other = Token(claims={"sub": "somebody else"}).text().split(".")[1]
    return f"{head}.{other}.{signature}"


ATTACKS: list[Any] = [
    pytest.param(None, "missing", id="no token"),
    pytest.param("", "missing", id="empty header"),
    pytest.param("Basic dXNlcjpwYXNz", "malformed", id="basic"),
    pytest.param("Bearer", "malformed", id="no token behind bearer"),
    pytest.param("Bearer garbage", "malformed", id="garbage"),
    pytest.param("Bearer a.b.c", "malformed", id="three parts of garbage"),
    pytest.param(f"Bearer {'A' * 20_000}", "malformed", id="huge token"),
    pytest.param(f"Bearer {unsigned('none')}", "algorithm", id="alg none"),
    pytest.param(f"Bearer {unsigned('None')}", "algorithm", id="alg None"),
    pytest.param(f"Bearer {unsigned('ES384')}", "signature", id="no signature"),
    pytest.param(f"Bearer {signed_with_the_public_key()}", "algorithm", id="HS256 public key"),
    pytest.param(f"Bearer {altered()}", "signature", id="altered payload"),
    pytest.param(Token(key=OTHER_KEY), "signature", id="wrong key"),
    pytest.param(
        Token(key=EC256_KEY, alg="ES256", headers={"kid": "ec256"}), "algorithm", id="ES256 not set"
    ),
    pytest.param(
        Token(key=RSA_KEY, alg="RS384", headers={"kid": "ec"}), "signature", id="kid of another key"
    ),
    pytest.param(Token(headers={"kid": "unknown"}), "key", id="unknown kid"),
    pytest.param(Token(headers={"kid": None}), "key", id="no kid"),
    pytest.param(
        Token(headers={"kid": "../../etc/passwd"}), "key", id="kid that is a path"
    ),
    pytest.param(
        Token(headers={"jku": "https://evil.test/jwks.json"}), "jku", id="foreign jku"
    ),
    pytest.param(Token(headers={"crit": ["x"], "x": 1}), "malformed", id="crit"),
    pytest.param(Token(claims={"pad": "A" * 8192}), "malformed", id="huge token that is valid"),
    pytest.param(Token(claims={"iss": "https://evil.test"}), "issuer", id="unknown issuer"),
    pytest.param(Token(claims={"iss": None}), "issuer", id="no issuer"),
    pytest.param(Token(claims={"exp": SECOND - 31}), "expired", id="expired"),
    pytest.param(Token(claims={"exp": SECOND - 30}), "expired", id="expired at the leeway"),
    pytest.param(Token(claims={"exp": None}), "claims", id="no exp"),
    pytest.param(Token(claims={"exp": SECOND + 90_000}), "lifetime", id="valid for a day"),
    pytest.param(Token(claims={"iat": None}), "claims", id="no iat"),
    pytest.param(Token(claims={"nbf": SECOND + 31}), "not yet valid", id="not yet valid"),
    pytest.param(Token(claims={"nbf": "soon"}), "not yet valid", id="nbf that is no time"),
    pytest.param(Token(claims={"aud": BASE}), "audience", id="aud is the base"),
    pytest.param(
        Token(claims={"aud": f"{BASE}/cds-services"}), "audience", id="aud of discovery"
    ),
    pytest.param(
        Token(claims={"aud": f"http://localhost{URL}"}), "audience", id="aud of the Host header"
    ),
    pytest.param(Token(claims={"aud": None}), "audience", id="no aud"),
    pytest.param(Token(claims={"jti": None}), "claims", id="no jti"),
    pytest.param(Token(claims={"jti": ""}), "claims", id="empty jti"),
    pytest.param(Token(claims={"jti": "x" * 513}), "claims", id="endless jti"),
    pytest.param(Token(claims={"jti": "\ud800"}), "claims", id="half a character as jti"),
    pytest.param(Token(claims={"sub": "\ud800"}), "claims", id="half a character as sub"),
]  # fmt: skip


def header_of(attack: Any) -> dict[str, str]:
    if attack is None:
        return {}
    if isinstance(attack, Token):
        return attack.header()
    return {"Authorization": attack}


@pytest.mark.parametrize(("attack", "cause"), ATTACKS)
@pytest.mark.parametrize("path", [URL, f"{URL}/feedback", "/cds-services"])
def test_an_attack_is_a_401_without_details(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, attack: Any, cause: str, path: str
) -> None:
    if isinstance(attack, Token) and "aud" not in attack.claims:
        attack = Token(path, attack.key, attack.alg, attack.headers, attack.claims)
    elif cause == "audience":  # these rows are written for the service's own URL
        path = URL
    method = "GET" if path == "/cds-services" else "POST"
    with caplog.at_level(logging.DEBUG):
        answer = client.open(path, method=method, headers=header_of(attack), json=hook_request())
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    [issue] = answer.get_json()["issue"]
    assert issue["diagnostics"] == (
        "The caller could not be verified: send a valid JWT as Authorization: Bearer."
    )
    assert f"caller refused: {cause}" in caplog.text
    sent = header_of(attack).get("Authorization", "")
    assert len(sent) < 20 or sent.split()[-1] not in caplog.text


GOOD: list[Any] = [
    pytest.param(Token(), id="ES384"),
    pytest.param(Token(key=RSA_KEY, alg="RS384", headers={"kid": "rsa"}), id="RS384"),
    pytest.param(
        Token(claims={"aud": ["https://other.example.org", f"{BASE}{URL}"]}), id="aud list"
    ),
    pytest.param(Token(claims={"exp": SECOND - 29}), id="expired within the leeway"),
    pytest.param(Token(claims={"iat": SECOND + 600}), id="iat ahead is no reason"),
    pytest.param(Token(claims={"nbf": SECOND + 30}), id="nbf within the leeway"),
    pytest.param(Token(claims={"tenant": "north"}), id="any tenant"),
]


@pytest.mark.parametrize("token", GOOD)
def test_a_good_token_is_let_in(client: FlaskClient, token: Token) -> None:
    answer = client.post(URL, headers=token.header(), json=hook_request())
    assert answer.status_code == 200, answer.get_json()


def test_a_token_counts_once(client: FlaskClient) -> None:
    header = Token().header()
    assert client.post(URL, headers=header, json=hook_request()).status_code == 200
    assert client.post(URL, headers=header, json=hook_request()).status_code == 401


@pytest.mark.parametrize("replay", ["memory", "database"])
def test_a_token_counts_once_also_within_the_leeway(
    make_client: MakeClient, issuers: Path, replay: str
) -> None:
    client = make_client(issuers, jwt_replay=replay)
    header = Token(claims={"exp": SECOND - 10}).header()
    assert client.post(URL, headers=header, json=hook_request()).status_code == 200
    assert client.post(URL, headers=header, json=hook_request()).status_code == 401


def test_es256_is_let_in_where_it_is_set(make_client: MakeClient, tmp_path: Any) -> None:
    client = make_client(write_issuers(tmp_path), jwt_algorithms="ES384,ES256")
    token = Token(key=EC256_KEY, alg="ES256", headers={"kid": "ec256"})
    assert client.post(URL, headers=token.header(), json=hook_request()).status_code == 200


@pytest.mark.parametrize(
    ("tenant", "status"), [("north", 200), ("south", 401), (None, 401), (7, 401)]
)
def test_only_listed_tenants(
    make_client: MakeClient, tmp_path: Any, tenant: Any, status: int
) -> None:
    client = make_client(write_issuers(tmp_path, tenants=["north"]))
    token = Token(claims={"tenant": tenant})
    assert client.post(URL, headers=token.header(), json=hook_request()).status_code == status


def test_only_listed_services(make_client: MakeClient, tmp_path: Any) -> None:
    client = make_client(write_issuers(tmp_path, services=["another"]))
    assert client.post(URL, headers=Token().header(), json=hook_request()).status_code == 403
    found = client.get("/cds-services", headers=Token("/cds-services").header()).get_json()
    assert found == {"services": []}


def test_preflight_needs_no_token(client: FlaskClient) -> None:
    for path in ("/cds-services", URL, f"{URL}/feedback"):
        answer = client.options(
            path,
            headers={
                "Origin": "https://sandbox.cds-hooks.org",
                "Access-Control-Request-Method": "POST",
            },
        )
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "https://sandbox.cds-hooks.org"


def test_a_refusal_comes_before_the_body_is_read(client: FlaskClient) -> None:
    answer = client.post(URL, data=b"{" * 100_000, content_type="application/json")
    assert answer.status_code == 401


DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
BODIES: list[Any] = [
    pytest.param(DEEP, {}, 400, "not JSON", id="deep JSON"),
    pytest.param(
        b'{"hook":' + b"[" * 100 + b"]" * 100 + b"}", {}, 400, "deeper", id="a level too deep"
    ),
    pytest.param(
        b'{"hook":"patient-view","hook":"order-sign"}',
        {},
        400,
        "same key twice",
        id="duplicated keys",
    ),
    pytest.param(
        gzip.compress(b"0" * 50_000_000),
        {"Content-Encoding": "gzip"},
        415,
        "Content-Encoding",
        id="compressed bomb",
    ),
    pytest.param(b" " * (16 * 1024 * 1024 + 1), {}, 413, "larger", id="huge body"),
    pytest.param(b"\xff\xfe", {}, 400, "not JSON", id="not UTF-8"),
]


@pytest.mark.parametrize(("body", "headers", "status", "says"), BODIES)
def test_a_body_that_attacks_is_refused(
    client: FlaskClient, body: bytes, headers: dict[str, str], status: int, says: str
) -> None:
    answer = client.post(
        URL, data=body, headers={**Token().header(), **headers}, content_type="application/json"
    )
    assert answer.status_code == status, answer.get_json()
    assert says in answer.get_json()["issue"][0]["diagnostics"]


def test_a_chunked_body_that_is_too_large_is_not_cut_off_in_silence(client: FlaskClient) -> None:
    """A body without a length whose beginning would be a whole document."""
    whole = json.dumps(hook_request()).encode()
    for padding, status in ((10, 200), (16 * 1024 * 1024, 413)):
        environ = EnvironBuilder(
            URL,
            method="POST",
            input_stream=io.BytesIO(whole + b" " * padding),
            content_type="application/json",
            headers=Token().header(),
        ).get_environ()
        del environ["CONTENT_LENGTH"]
        environ["wsgi.input_terminated"] = True
        _, told, _ = run_wsgi_app(client.application, environ)
        assert told.startswith(str(status))


@pytest.mark.parametrize("name", ["\r\nX-Injected: 1", "p1/../../Patient/2", "p1?x=1", "%2e%2e/2"])
def test_an_id_that_is_a_path_is_refused(client: FlaskClient, name: str) -> None:
    body = hook_request(context={"userId": "Practitioner/1", "patientId": name})
    answer = client.post(URL, headers=Token().header(), json=body)
    assert answer.status_code == 400
    assert "X-Injected" not in answer.headers


def test_a_service_id_that_is_a_path_is_a_404(client: FlaskClient) -> None:
    for name in ("..%2f..%2fetc%2fpasswd", "%00", "x" * 5000):
        path = f"/cds-services/{name}"
        answer = client.post(path, headers=Token(path).header(), json=hook_request())
        assert answer.status_code in (401, 404)
        assert "passwd" not in answer.get_data(as_text=True)
