"""What only a real gunicorn shows: several workers, slow clients, clients that give up."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.serving.conftest import COMMAND
from tests.trust.conftest import BASE, Token, write_issuers
from tests.web.conftest import SERVICE, URL, bundle_of, hook_request  # noqa: F401

CASE = "v01-too-early"
CALLED = rf'ra_cds_requests_total{{endpoint="call",outcome="%s",service="{SERVICE}"}} (\S+)'
# Well beyond RA_CDS_REQUEST_SECONDS of these tests, and far from for ever.
PATIENCE = 90


def counted(server, outcome="cards"):
    found = re.search(CALLED % outcome, server.get("/metrics")[1].decode())
    return float(found[1]) if found else 0.0


def raw_request(body, path=URL):
    """The bytes of a POST, headers and body."""
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def pids_that_answered(server):
    """The workers that have counted a call, by the files they share."""
    [folder] = server.output.parent.glob("ra-cds-metrics-*")
    return {
        file.stem.rpartition("_")[2]
        for file in folder.glob("counter_*.db")
        if b'"outcome": "cards"' in file.read_bytes()
    }


def test_metrics_are_those_of_all_workers_also_of_one_that_died(
    start_server,
    hook_request,  # noqa: F811
):
    server = start_server(RA_CDS_WORKERS="2")
    assert len(server.workers()) == 2
    body = hook_request(bundle_of(CASE))
    calls = 0
    deadline = time.monotonic() + 40
    while len(pids_that_answered(server)) < 2:
        assert time.monotonic() < deadline, "one worker takes all calls"
        threads = [threading.Thread(target=server.post, args=(URL, body)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        calls += len(threads)
    # Whichever worker answers, the number is that of both.
    assert {counted(server) for _ in range(6)} == {calls}
    first = server.workers()[0]
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while first in server.workers() or len(server.workers()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert counted(server) == calls
    content_gauge = re.findall(
        r"^ra_cds_content_info\{.*\} (\S+)$", server.get("/metrics")[1].decode(), re.MULTILINE
    )
    assert content_gauge == ["1.0"]
    # What gunicorn's master says is one of the JSON lines, too.
    told = [json.loads(line) for line in server.output.read_text().splitlines()]
    [died] = [line for line in told if line["logger"] == "gunicorn.error"]
    assert f"(pid:{first})" in died["event"]
    assert "SIGKILL" in died["event"]


def test_a_token_counts_once_for_all_workers_out_of_the_box(start_server, tmp_path):
    server = start_server(
        RA_CDS_WORKERS="2",
        RA_CDS_ISSUERS=str(write_issuers(tmp_path)),
        RA_CDS_PUBLIC_BASE_URL=BASE,
    )
    now = int(time.time())
    token = Token("/cds-services", claims={"iat": now, "exp": now + 300}).header()
    called = f"http://127.0.0.1:{server.port}/cds-services"

    def status(_number):
        with requests.get(called, headers=token, timeout=PATIENCE) as answer:
            return answer.status_code

    with ThreadPoolExecutor(16) as pool:
        assert sorted(pool.map(status, range(64))) == [200] + [401] * 63


def test_numbers_of_an_earlier_life_are_gone(start_server, tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "counter_1.db").write_bytes(b"of an earlier life")
    start_server(RA_CDS_WORKERS="1", PROMETHEUS_MULTIPROC_DIR=str(folder))
    assert not (folder / "counter_1.db").exists()
    assert list(folder.glob("counter_*.db")), "the folder that was named is used"


class Dripping(threading.Thread):
    """A client that sends the start of a request and then one byte now and then."""

    def __init__(self, server, start, drip):
        super().__init__(daemon=True)
        self.connection = server.connect()
        self.connection.sendall(start)
        self.connection.settimeout(0.2)
        self.drip = drip
        self.got = b""
        self.ended = threading.Event()

    def run(self):
        while not self.ended.is_set():
            try:
                self.connection.sendall(self.drip)
                part = self.connection.recv(65536)
                self.got += part
                if not part:
                    self.ended.set()
            except TimeoutError:
                continue
            except OSError:
                self.ended.set()
        self.connection.close()


def test_a_client_that_drips_is_ended_and_holds_up_nobody(
    start_server,
    hook_request,  # noqa: F811
):
    server = start_server(RA_CDS_WORKERS="1", RA_CDS_REQUEST_SECONDS="10")
    whole = raw_request(hook_request(bundle_of(CASE)))
    head = whole[: whole.index(b"\r\n\r\n") + 4]
    slow = [
        Dripping(server, head + b"{", b" "),  # the body
        Dripping(server, head[:-2], b"X-Slow: 1\r\n"),  # the headers
        Dripping(server, b"POST ", b"/"),  # the request line
    ]
    for client in slow:
        client.start()
    status, answer = server.post(URL, hook_request(bundle_of(CASE)))
    assert status == 200
    assert json.loads(answer)["cards"]
    still_there = [client for client in slow if not client.ended.is_set()]
    assert still_there, "another client was answered while slow ones held their threads"
    assert all(client.ended.wait(PATIENCE) for client in slow)
    assert b" 408 " in slow[0].got.split(b"\r\n")[0]
    assert b"OperationOutcome" in slow[0].got
    assert server.post(URL, hook_request(bundle_of(CASE)))[0] == 200


def test_slow_clients_hold_no_thread_however_many_they_are(
    start_server,
    hook_request,  # noqa: F811
):
    server = start_server(RA_CDS_WORKERS="1", RA_CDS_REQUEST_SECONDS="60")
    whole = raw_request(hook_request(bundle_of(CASE)))
    head = whole[: whole.index(b"\r\n\r\n") + 4]
    chunked = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
    starts = {
        head + b"{": b" ",
        head[:-2]: b"X-Slow: 1\r\n",
        b"POST ": b"/",
        chunked + b"FFFF\r\n\r\n0\r\n\r\n": b" ",
        head[:-2] + b"Expect: 100-continue\r\n\r\n": b" ",
    }
    # Five of each kind where there are four threads.
    slow = [Dripping(server, start, drip) for start, drip in starts.items() for _ in range(5)]
    silent = [server.connect() for _ in range(20)]
    for client in slow:
        client.start()
    time.sleep(1)
    for _ in range(3):
        assert server.post(URL, hook_request(bundle_of(CASE)))[0] == 200
    assert server.get("/healthz")[0] == 200
    assert not any(client.ended.is_set() for client in slow), "none of them was given up for it"
    for connection in silent:
        connection.close()
    for client in slow:
        client.ended.set()


def test_requests_in_one_piece_and_in_many_are_each_answered(start_server):
    """What arrives behind a request is the next one; a body may come in chunks, or wait for us."""
    server = start_server(RA_CDS_WORKERS="1")
    bad = raw_request({})
    chunks = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", bad)[:-2]
    expecting = bad.replace(b"\r\nContent", b"\r\nExpect: 100-continue\r\nContent")[:-2]
    with server.connect() as connection, connection.makefile("rb") as answers:

        def answer(sent):
            connection.sendall(sent)
            return status_of(answers)

        assert answer(bad + bad[:30]) == 400
        assert answer(bad[30:] + bad + bad) == 400
        assert (status_of(answers), status_of(answers)) == (400, 400)
        assert answer(chunks + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n" + bad) == 400
        assert status_of(answers) == 400
        assert answer(expecting) == 100
        assert answer(b"{}") in (100, 400)


def test_what_is_no_http_is_not_repeated(start_server):
    server = start_server(RA_CDS_WORKERS="1")
    sent = [
        b"GET /canary?patient=canary of the ward HTTP/1.1\r\n\r\n",
        b"canary! / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/canary\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX canary: 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: canary\r\n\r\n0\r\n\r\n",
    ]
    for request in sent:
        with server.connect() as connection, connection.makefile("rb") as answer:
            connection.sendall(request)
            told = answer.read()
            assert re.match(rb"HTTP/1.1 (400|501) ", told), told
            assert b"canary" not in told.lower()
    log = server.output.read_text()
    assert log.count("Invalid request from ip=") == len(sent)
    assert "canary" not in log.lower()


def test_gunicorn_told_to_listen_elsewhere_for_anyone_does_not_start(tmp_path):
    environment = {n: v for n, v in os.environ.items() if not n.startswith("RA_CDS_")}
    ended = subprocess.run(
        [sys.executable, "-m", *COMMAND, "--bind=0.0.0.0:0"],
        env={**environment, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "RA_CDS_ALLOW_ANONYMOUS=1" in ended.stderr
    assert "OPEN" not in ended.stderr, "no worker was there"


def test_odd_requests_are_the_clients_fault_and_nobody_is_believed(start_server):
    server = start_server(RA_CDS_WORKERS="1")
    forwarded = b"GET /cds-services/healthz HTTP/1.1\r\nSCRIPT_NAME: /cds-services\r\n"
    chunked = (
        f"POST {URL} HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    ).encode()
    for head, body, status in (
        (forwarded, b"", 405),
        (chunked, b"canary\r\n{}", 400),
        (chunked, b"1\r\n{}\r\n0\r\n\r\n", 400),
        (chunked, b"-1\r\n{}\r\n0\r\n\r\n", 400),
    ):
        with server.connect() as connection, connection.makefile("rb") as answer:
            connection.sendall(head + b"Host: a\r\nConnection: close\r\n\r\n" + body)
            told = answer.read()
            assert told.startswith(f"HTTP/1.1 {status} ".encode()), told
            assert b"canary" not in told
    assert '"level":"error"' not in server.output.read_text()


def status_of(answers):
    """The status of the next answer, which is read to its end."""
    status = int(answers.readline().split()[1])
    length = 0
    while (line := answers.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    if length:
        assert b"OperationOutcome" in answers.read(length)
    return status


def test_a_kept_connection_has_the_time_anew_for_each_request(start_server):
    server = start_server(RA_CDS_WORKERS="1", RA_CDS_REQUEST_SECONDS="1.5")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.connect()
    kept = connection.sock
    for _ in range(5):
        connection.request("POST", URL, b"{}", {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert (answer.status, b"OperationOutcome" in answer.read()) == (400, True)
        time.sleep(0.5)
    assert connection.sock is kept, "all of it on one connection"
    connection.close()


def test_what_clients_gave_up_on_is_not_evaluated(
    start_server,
    hook_request,  # noqa: F811
):
    """The queue of a burst whose clients hung up does not keep the next client waiting."""
    server = start_server(RA_CDS_WORKERS="1")
    whole = raw_request(hook_request(bundle_of("v04-secondary-loss")))
    given_up = 60
    connections = [server.connect() for _ in range(given_up)]
    for connection in connections:
        connection.sendall(whole)
        connection.shutdown(socket.SHUT_WR)
        connection.close()
    # Behind them in the queue, so it is answered when their turn is over.
    assert server.post(URL, hook_request(bundle_of(CASE)))[0] == 200
    # Another thread may still be at one of them.
    until = time.monotonic() + 20
    gone, answered = counted(server, "client gone"), counted(server)
    while gone + answered < given_up + 1 and time.monotonic() < until:
        time.sleep(0.1)
        gone, answered = counted(server, "client gone"), counted(server)
    assert gone + answered == given_up + 1
    assert gone > given_up / 2
