"""The SSRF table of docs/security.md: a canary listens on loopback, and never hears a thing."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ra_cds_hooks.fhir.client import Budget, Failure, FhirClient, Limits, Server
from ra_cds_hooks.fhir.destination import Destinations
from tests.trust.conftest import URL, MakeClient, Token, hook_request, write_issuers

SECRET = "secret-token-of-the-ehr"


class Canary:
    """A server on loopback that writes down what it is asked, and redirects where told."""

    def __init__(self) -> None:
        canary = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                canary.heard.append((self.path, self.headers.get("Authorization")))
                if canary.redirect is not None:
                    self.send_response(302)
                    self.send_header("Location", canary.redirect)
                    self.end_headers()
                    return
                canary.cookies.append(self.headers.get("Cookie"))
                body = json.dumps(canary.answer or {"resourceType": "Bundle"}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/fhir+json")
                self.send_header("Set-Cookie", "session=of-the-first-patient; Path=/")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.heard: list[tuple[str, str | None]] = []
        self.cookies: list[str | None] = []
        self.redirect: str | None = None
        self.answer: dict[str, Any] | None = None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.close()


@pytest.fixture
def other() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.close()


# {port} is the canary's; none of these is listed.
HOSTS = [
    "http://127.0.0.1:{port}/fhir",
    "http://localhost:{port}/fhir",
    "http://[::1]:{port}/fhir",
    "http://[::ffff:127.0.0.1]:{port}/fhir",
    "http://2130706433:{port}/fhir",
    "http://0x7f000001:{port}/fhir",
    "http://0177.0.0.1:{port}/fhir",
    "http://127.1:{port}/fhir",
    "http://0.0.0.0:{port}/fhir",
    "https://127.0.0.1:{port}/fhir",
    "http://10.0.0.1:{port}/fhir",
    "http://192.168.0.1:{port}/fhir",
    "http://169.254.169.254/latest/meta-data",
    "http://[fe80::1]:{port}/fhir",
    "http://metadata.internal:{port}/fhir",
    "https://ehr.example.org.evil.test/fhir",
    "https://ehr.example.org:8443/fhir",
]
# These are no base URL at all: a 400 that names the field.
SHAPES = [
    "file:///etc/passwd",
    "ftp://127.0.0.1:{port}/fhir",
    "gopher://127.0.0.1:{port}/",
    "http://ehr.example.org@127.0.0.1:{port}/fhir",
    "http://127.0.0.1:{port}\\@ehr.example.org/fhir",
    "http://127.0.0.1:{port}/fhir#https://ehr.example.org/fhir",
    "http://127.0.0.1:{port}/fhir?x=https://ehr.example.org/fhir",
    "http://127.0.0.1:{port}\r\nHost: ehr.example.org/fhir",
    "http://127.0.0.1%2f@ehr.example.org/fhir",
]


def asked_of(url: str, **authorization: Any) -> dict[str, Any]:
    request = hook_request(fhirServer=url)
    request.pop("prefetch")
    request["fhirAuthorization"] = {
        "access_token": SECRET,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.read",
        "subject": "cds",
        **authorization,
    }
    return request


@pytest.mark.parametrize("host", HOSTS)
def test_an_address_that_is_not_listed_is_never_called(
    make_client: MakeClient, tmp_path: Path, canary: Canary, host: str
) -> None:
    client = make_client(write_issuers(tmp_path, fhir_servers=["https://ehr.example.org/fhir"]))
    url = host.format(port=canary.port)
    answer = client.post(URL, headers=Token().header(), json=asked_of(url))
    assert answer.status_code == 412, answer.get_json()
    assert canary.heard == []
    assert SECRET not in answer.get_data(as_text=True)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_no_base_url_is_refused(
    make_client: MakeClient, tmp_path: Path, canary: Canary, shape: str
) -> None:
    client = make_client(write_issuers(tmp_path, fhir_servers=["https://ehr.example.org/fhir"]))
    url = shape.format(port=canary.port)
    answer = client.post(URL, headers=Token().header(), json=asked_of(url))
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"] == ["fhirServer"]
    assert canary.heard == []


def test_a_listed_server_is_called_with_the_token(
    make_client: MakeClient, tmp_path: Path, canary: Canary
) -> None:
    """The canary does sing: without this row the others would prove nothing."""
    listed = f"http://127.0.0.1:{canary.port}/fhir"
    client = make_client(write_issuers(tmp_path, fhir_servers=[listed]), fhir_loopback=True)
    client.post(URL, headers=Token().header(), json=asked_of(listed))
    assert {token for _, token in canary.heard} == {f"Bearer {SECRET}"}


# Addresses of loopback may be connected to: nothing but the list stands between.
REACHABLE: dict[str, Any] = {"fhir_loopback": False, "fhir_private_networks": "127.0.0.0/8"}


@pytest.mark.parametrize("mine", [None, ["https://ehr.example.org/fhir"]], ids=["all", "own"])
def test_another_issuers_server_is_not_called(
    make_client: MakeClient, tmp_path: Path, canary: Canary, mine: list[str] | None
) -> None:
    others = f"http://127.0.0.1:{canary.port}/fhir"
    own = {} if mine is None else {"fhir_servers": mine}
    client = make_client(write_issuers(tmp_path, **own), fhir_servers=others, **REACHABLE)
    assert client.post(URL, headers=Token().header(), json=asked_of(others)).status_code == 412
    assert bool(canary.heard) is (mine is None)


NEARLY_LISTED = [
    "http://127.0.0.1:{other}/fhir",
    "http://127.0.0.1:{port}/fhirx",
    "http://127.0.0.1:{port}",
    "http://127.0.0.1:{port}/fhir/../admin",
    "http://127.0.0.1:{port}/fhir/..;/admin",
    "http://localhost:{port}/fhir",
]


@pytest.mark.parametrize("nearly", NEARLY_LISTED)
def test_what_is_nearly_a_listed_server_is_not_called(
    make_client: MakeClient, tmp_path: Path, canary: Canary, other: Canary, nearly: str
) -> None:
    listed = f"http://127.0.0.1:{canary.port}/fhir"
    client = make_client(write_issuers(tmp_path, fhir_servers=[listed]), **REACHABLE)
    url = nearly.format(port=canary.port, other=other.port)
    assert client.post(URL, headers=Token().header(), json=asked_of(url)).status_code == 412
    assert canary.heard == other.heard == []


def reading(canary: Canary, client: FhirClient) -> Any:
    server = Server(f"http://127.0.0.1:{canary.port}/fhir", SECRET)
    return client.search(server, "Condition?patient=p1", Budget(2.0))


def test_the_environment_leads_nowhere_else(
    canary: Canary, other: Canary, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{other.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    canary.answer = {"resourceType": "Patient", "id": "p1"}
    client = FhirClient(Limits())
    for token, sent in ((SECRET, f"Bearer {SECRET}"), (None, None)):
        server = Server(f"http://127.0.0.1:{canary.port}/fhir", token)
        assert client.read(server, "Patient/p1", Budget(2.0)).failure is None
        assert canary.heard.pop() == ("/fhir/Patient/p1", sent)
    assert other.heard == []
    client.close()


def test_a_server_is_sent_no_cookie_of_an_earlier_call(canary: Canary) -> None:
    client = FhirClient(Limits())
    assert reading(canary, client).failure is None
    assert reading(canary, client).failure is None
    assert canary.cookies == [None, None]
    client.close()


def test_a_redirect_is_not_followed(canary: Canary, other: Canary) -> None:
    canary.redirect = f"http://127.0.0.1:{other.port}/fhir/Condition"
    client = FhirClient(Limits())
    assert reading(canary, client).failure is Failure.REDIRECT
    assert other.heard == []
    client.close()


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:{other}/fhir/Condition?page=2",
        "http://localhost:{port}/fhir/Condition?page=2",
        "//127.0.0.1:{other}/fhir",
        "http://user@127.0.0.1:{port}/fhir/Condition",
        "http://127.0.0.1:{port}/admin",
        "/fhir/../admin",
        "/fhir/%2e%2E/admin",
        "/fhir/..%2Fadmin",
        "/fhir/x/..%5c..%5cadmin",
        "/fhir/..;/admin",
        "file:///etc/passwd",
    ],
)
def test_a_next_link_to_another_place_is_not_followed(
    canary: Canary, other: Canary, link: str
) -> None:
    url = link.format(port=canary.port, other=other.port)
    canary.answer = {"resourceType": "Bundle", "link": [{"relation": "next", "url": url}]}
    client = FhirClient(Limits())
    assert reading(canary, client).failure is Failure.FOREIGN_PAGE
    assert other.heard == []
    assert len(canary.heard) == 1
    client.close()


def test_a_listed_name_that_resolves_to_loopback_gets_no_request(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def rebound(host: str, port: int, *rest: Any, **more: Any) -> Any:
        return real("127.0.0.1" if host == "ehr.example.org" else host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    server = Server(f"http://ehr.example.org:{canary.port}/fhir", SECRET)
    for destinations, heard in ((Destinations(loopback=False), 0), (Destinations(), 1)):
        client = FhirClient(Limits(), destinations=destinations)
        answer = client.read(server, "Patient/p1", Budget(2.0))
        assert (answer.failure is Failure.UNREACHABLE) is (heard == 0)
        assert len(canary.heard) == heard
        client.close()


@pytest.mark.parametrize(("loopback", "begins"), [(False, b""), (True, b"\x16")])
def test_not_even_a_tls_handshake_begins_where_it_may_not_lead(
    monkeypatch: pytest.MonkeyPatch, loopback: bool, begins: bytes
) -> None:
    def rebound(host: str, port: int, *rest: Any, **more: Any) -> Any:
        return real("127.0.0.1" if host == "ehr.example.org" else host, port, *rest, **more)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    client = FhirClient(
        Limits(connect_seconds=0.2, read_seconds=0.2), destinations=Destinations(loopback=loopback)
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(f"https://ehr.example.org:{listener.getsockname()[1]}/fhir", SECRET)
        answer = client.read(server, "Patient/p1", Budget(0.3))
        assert answer.failure in (Failure.UNREACHABLE, Failure.TIMEOUT)
        listener.settimeout(5)
        with listener.accept()[0] as heard:
            heard.settimeout(5)
            assert heard.recv(1) == begins
    client.close()


PEERS = [
    ("ehr.example.org", "93.184.216.34", True),
    ("ehr.example.org", "10.20.1.1", True),
    ("ehr.example.org", "10.21.1.1", False),
    ("ehr.example.org", "192.168.1.1", False),
    ("ehr.example.org", "172.16.0.1", False),
    ("ehr.example.org", "169.254.169.254", False),
    ("ehr.example.org", "100.64.0.1", False),
    ("ehr.example.org", "0.0.0.0", False),
    ("ehr.example.org", "224.0.0.1", False),
    ("ehr.example.org", "127.0.0.1", False),
    ("ehr.example.org", "::1", False),
    ("ehr.example.org", "fe80::1%eth0", False),
    ("ehr.example.org", "fd00::1", False),
    ("ehr.example.org", "::ffff:192.168.1.1", False),
    ("ehr.example.org", "::ffff:10.20.1.1", True),
    ("ehr.example.org", "2606:2800:220:1:248:1893:25c8:1946", True),
    ("ehr.example.org", "64:ff9b::5db8:d822", True),
    ("ehr.example.org", "64:ff9b::192.168.1.1", False),
    ("ehr.example.org", "64:ff9b::10.20.1.1", True),
    ("ehr.example.org", "64:ff9b::127.0.0.1", False),
    ("ehr.example.org", "64:ff9b:1::10.0.0.1", False),
    ("ehr.example.org", "2002:a00:1::1", False),
    ("ehr.example.org", "::127.0.0.1", False),
    ("ehr.example.org", "::ffff:0:10.0.0.1", False),
    ("ehr.example.org", "fec0::1", False),
    ("192.168.1.1", "192.168.1.1", True),
    ("192.168.1.1", "192.168.1.2", False),
]


@pytest.mark.parametrize(("host", "peer", "expected"), PEERS)
def test_the_connected_address_decides(host: str, peer: str, expected: bool) -> None:
    allowed = Destinations(loopback=False, networks=["10.20.0.0/16"])
    assert allowed.allow(host, peer) is expected


def test_loopback_only_where_it_is_allowed() -> None:
    assert Destinations(loopback=True).allow("localhost", "127.0.0.1")
    assert Destinations(loopback=True).allow("localhost", "::1")
    assert not Destinations(loopback=False).allow("127.0.0.1", "127.0.0.1")
