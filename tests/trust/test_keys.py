"""Keys of issuers: cached, renewed when they rotate, fetched within bounds, never redirected."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest

from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.hooks import keys
from ra_cds_hooks.hooks.issuers import Issuer, read_issuers, require_services
from ra_cds_hooks.hooks.keys import (
    MAX_AGE,
    MAX_BYTES,
    MIN_INTERVAL,
    STALE_AGE,
    IssuerKeys,
    KeysUnavailable,
    fetch,
    keys_in,
    require_readable,
)
from tests.trust.conftest import EC_KEY, OTHER_KEY, RSA_KEY, jwk, jwks

ISSUER = Issuer("https://ehr.example.org", "https://ehr.example.org/jwks.json")


class Client:
    """An issuer's key server in memory, and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked = 0
        self.body: bytes | None = json.dumps(jwks()).encode()
        self.keys = IssuerKeys(lambda: self.now, self.get)

    def get(self, url: str) -> bytes:
        assert url == ISSUER.jku
        self.asked += 1
        if self.body is None:
            raise KeysUnavailable("away")
        return self.body

    def rotate(self) -> None:
        self.body = json.dumps({"keys": [jwk(OTHER_KEY, "new")]}).encode()


def test_a_key_set_is_asked_for_once_while_it_is_fresh() -> None:
    client = Client()
    for _ in range(5):
        assert client.keys.key(ISSUER, "ec") is not None
    assert client.asked == 1
    client.now += MAX_AGE
    assert client.keys.key(ISSUER, "ec") is not None
    assert client.asked == 2


def test_a_rotated_key_is_found_and_the_old_one_forgotten() -> None:
    client = Client()
    assert client.keys.key(ISSUER, "ec") is not None
    client.rotate()
    client.now += MIN_INTERVAL
    assert client.keys.key(ISSUER, "new") is not None
    assert client.keys.key(ISSUER, "ec") is None


def test_invented_keys_do_not_make_it_ask_again_and_again() -> None:
    client = Client()
    assert client.keys.key(ISSUER, "ec") is not None
    for number in range(50):
        assert client.keys.key(ISSUER, f"invented-{number}") is None
    assert client.asked == 1
    client.now += MIN_INTERVAL
    assert client.keys.key(ISSUER, "invented") is None
    assert client.asked == 2


def test_known_keys_serve_on_for_a_day_while_the_key_server_is_away() -> None:
    client = Client()
    assert client.keys.key(ISSUER, "ec") is not None
    client.body = None
    client.now += STALE_AGE - 1
    assert client.keys.key(ISSUER, "ec") is not None
    client.now += MIN_INTERVAL
    with pytest.raises(KeysUnavailable):
        client.keys.key(ISSUER, "ec")


def test_keys_older_than_a_day_serve_nobody_between_two_attempts_either() -> None:
    client = Client()
    assert client.keys.key(ISSUER, "ec") is not None
    client.body = None
    client.now += STALE_AGE
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            client.keys.key(ISSUER, "ec")
    assert client.asked == 2


def test_a_key_server_that_hangs_holds_up_nobody_whose_key_is_known() -> None:
    client, asked, answered = Client(), threading.Event(), threading.Event()
    assert client.keys.key(ISSUER, "ec") is not None

    def hang(url: str) -> bytes:
        asked.set()
        assert answered.wait(20)
        return json.dumps(jwks()).encode()

    slow = IssuerKeys(lambda: client.now, lambda url: hang(url) if hanging else client.get(url))
    hanging = False
    assert slow.key(ISSUER, "ec") is not None
    hanging = True
    client.now += MAX_AGE
    first = threading.Thread(target=slow.key, args=(ISSUER, "ec"))
    first.start()
    assert asked.wait(20)
    try:
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(slow.key, ISSUER, "ec").result(timeout=10) is not None
    finally:
        answered.set()
        first.join()


@pytest.mark.parametrize("path", ["/drip", "/drip-headers", "/drip-compressed"])
def test_a_key_set_that_drips_is_unavailable_in_time(
    server: Any, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(keys, "TIMEOUT", (1.0, 0.3))
    began = time.monotonic()
    with pytest.raises(KeysUnavailable):
        fetch(f"http://127.0.0.1:{server.server_port}{path}", seconds=0.3)
    assert time.monotonic() - began < 3


def test_a_key_server_that_was_never_reached_is_not_asked_at_every_call() -> None:
    client = Client()
    client.body = None
    for _ in range(5):
        with pytest.raises(KeysUnavailable):
            client.keys.key(ISSUER, "ec")
    assert client.asked == 1


PRIVATE = {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(EC_KEY)), "kid": "private"}
PASSED_OVER: list[Any] = [
    {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"},
    PRIVATE,
    {**jwk(RSA_KEY, "x"), "kid": 7},
    {k: v for k, v in jwk(RSA_KEY, "x").items() if k != "kid"},
    jwk(RSA_KEY, "encryption", use="enc"),
    {"kty": "EC", "kid": "broken", "crv": "P-384", "x": "AA", "y": "AA"},
    {**jwk(RSA_KEY, "odd"), "alg": ["RS384"]},
    {**jwk(RSA_KEY, "odd"), "kty": ["RSA"]},
    "not a key",
]


@pytest.mark.parametrize("entry", PASSED_OVER)
def test_keys_that_cannot_verify_are_passed_over(entry: Any) -> None:
    body = json.dumps({"keys": [entry, jwk(EC_KEY, "ec")]}).encode()
    assert list(keys_in(body)) == ["ec"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'"keys"'])
def test_what_is_no_key_set_is_unavailable(body: bytes) -> None:
    with pytest.raises(KeysUnavailable):
        keys_in(body)


class _Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.paths.append(self.path)  # type: ignore[attr-defined]
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/jwks")
            self.end_headers()
            return
        if self.path.startswith("/drip"):
            self.send_response(200)
            self.flush_headers()
            # A gzip header with a file name that has no end: nothing to decompress, ever.
            name = b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08" + b"\0" * 6
            begun = {"/drip": b"\r\n", "/drip-headers": b"X-Endless: ", "/drip-compressed": name}
            try:
                self.wfile.write(begun[self.path])
                for _ in range(100):
                    self.wfile.write(b"a")
                    self.wfile.flush()
                    time.sleep(0.05)
            except OSError:
                return  # the client has given up, as it should
        body = b"x" * (MAX_BYTES + 1) if self.path == "/huge" else json.dumps(jwks()).encode()
        self.send_response(500 if self.path == "/broken" else 200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[http.server.HTTPServer]:
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    made.paths = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_a_key_set_is_read_over_http(server: Any) -> None:
    assert json.loads(fetch(f"http://127.0.0.1:{server.server_port}/jwks")) == jwks()


@pytest.mark.parametrize("path", ["/moved", "/huge", "/broken"])
def test_redirects_faults_and_floods_are_unavailable(server: Any, path: str) -> None:
    with pytest.raises(KeysUnavailable):
        fetch(f"http://127.0.0.1:{server.server_port}{path}")
    assert server.paths == [path]


def test_a_refused_connection_is_unavailable() -> None:
    with pytest.raises(KeysUnavailable):
        fetch("http://127.0.0.1:9/jwks")


FILES = [
    ("", "needs"),
    ("x = 1\n", "needs"),
    ("[[issuer]]\n", "iss is missing"),
    ('[[issuer]]\niss = "a"\n', "jku or jwks_file"),
    ('[[issuer]]\niss = "a"\njku = "https://a/j"\njwks_file = "j"\n', "jku or jwks_file"),
    ('[[issuer]]\niss = "a"\njku = "http://a/j"\n', "not an https URL"),
    ('[[issuer]]\niss = "a"\njku = "https://user@a/j"\n', "not an https URL"),
    ('[[issuer]]\niss = "a"\njku = "https://[a/j"\n', "not an https URL"),
    ('[[issuer]]\niss = "a"\njku = "https://a:99999/j"\n', "not an https URL"),
    ('[[issuer]]\niss = "a"\njwks_file = 5\n', "not the name of a file"),
    ("issuer = [1]\n", "write it as a table"),
    ('[[issuer]]\niss = "a"\njku = "https://a/j"\nfhir_servers = ["a/fhir"]\n', "'a/fhir'"),
    ('[[issuer]]\niss = "a"\njku = "https://a/j"\nfhir_servers = ["http://a/f"]\n', "https base"),
    ('[[issuer]]\niss = "a"\njku = "https://a/j"\ntenant = "x"\n', "unknown key 'tenant'"),
    ('[[issuer]]\niss = "a"\njku = "https://a/j"\ntenants = "x"\n', "tenants is not a list"),
    ('[[issuer]]\niss = "a"\njku = "https://a/j"\n' * 2, "twice"),
    ("[[issuer]\n", "TOML"),
]


@pytest.mark.parametrize(("text", "message"), FILES)
def test_a_wrong_issuers_file_says_what_to_change(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "issuers.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        read_issuers(path)


@pytest.mark.parametrize("text", [None, "{}", '{"keys": []}'])
def test_an_unusable_key_file_stops_the_start(tmp_path: Path, text: str | None) -> None:
    (tmp_path / "issuers.toml").write_text('[[issuer]]\niss = "a"\njwks_file = "j.json"\n')
    if text is not None:
        (tmp_path / "j.json").write_text(text)
    with pytest.raises(ConfigurationError, match=r"j\.json"):
        require_readable(read_issuers(tmp_path / "issuers.toml"))


def test_a_service_that_there_is_not_is_named(tmp_path: Path) -> None:
    entry = '[[issuer]]\niss = "a"\njku = "https://a/j"\nservices = ["one", "on"]\n'
    (tmp_path / "issuers.toml").write_text(entry)
    issuers = read_issuers(tmp_path / "issuers.toml")
    require_services(issuers, ["one", "on"])
    with pytest.raises(ConfigurationError, match=r"a: services: there is no 'on'; there are one"):
        require_services(issuers, ["one"])
