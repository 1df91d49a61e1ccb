"""A small FHIR server on loopback that answers as told, and remembers what it was asked."""

import json
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Faulty(ThreadingHTTPServer):
    daemon_threads = True
    # Threads that hang on purpose must not hold up the end of a test.
    block_on_close = False
    # A record is read with a dozen connections at once.
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = {}
        self.asked = []
        self.tokens = []
        self.headers_seen = []

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def base(self):
        return f"{self.origin}/fhir"

    def handle_error(self, request, client_address):
        """A client that hangs up on a hanging server is what the tests want."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        server.tokens.append(self.headers.get("Authorization"))
        server.headers_seen.append(dict(self.headers))
        path = urlsplit(self.path).path.removeprefix("/fhir/")
        answer = server.answers.get(self.path, server.answers.get(path.partition("/")[0]))
        answer = answer(self) if callable(answer) else answer
        if answer is None:
            answer = (404, {"resourceType": "OperationOutcome"})
        if answer is HANDLED:
            return
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Quiet."""


HANDLED = object()


def hang(seconds):
    def answer(handler):
        time.sleep(seconds)
        return 200, {"resourceType": "Bundle"}

    return answer


def drip(handler):
    """One byte every 50 ms, for ever as far as a client is concerned."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)
    return HANDLED


def drip_headers(handler):
    """A header that does not end: one byte every 50 ms."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(200):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)
    return HANDLED


def drip_compressed(handler):
    """A gzip header with a file name that does not end: nothing to decompress, ever."""
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b"\x1f\x8b\x08\x08" + b"\0" * 6)
    for _ in range(200):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)
    return HANDLED


def reset(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True
    return HANDLED


def redirect(location):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", location)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return HANDLED

    return answer


def truncated(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"resourceType": "Bundle", "entry": [')
    handler.close_connection = True
    return HANDLED


@contextmanager
def faulty_server():
    server = Faulty()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
