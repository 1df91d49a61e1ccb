"""What every route shares: JSON out, errors as OperationOutcome, CORS, a log without patients.

Sources: CDS Hooks 2.0.1 [CDS Service Response], [Cross-Origin Resource Sharing]; FHIR R4
OperationOutcome.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import orjson
from flask import Flask, Request, Response, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from ra_cds_hooks.errors import (
    InvalidRequest,
    RequestIncomplete,
    RequestTooLarge,
    UnsupportedMediaType,
    answer_for,
    operation_outcome,
    outcome,
)
from ra_cds_hooks.operation.logs import places

log = logging.getLogger("ra_cds_hooks.web")

_TOO_LARGE = (
    "The body is larger than this service reads: send fewer resources as prefetch and "
    "name a FHIR server, or have RA_CDS_MAX_BODY_BYTES raised."
)
_HTTP_ISSUES = {404: "not-found", 405: "not-supported", 413: "too-long", 415: "not-supported"}


def json_response(body: Any, status: int = 200) -> Response:
    """``body`` as application/json."""
    return Response(orjson.dumps(body, default=_plain), status, mimetype="application/json")


def _plain(value: object) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def json_body(request: Request) -> bytes:
    """The request's body. Raises UnsupportedMediaType, RequestTooLarge or InvalidRequest."""
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise UnsupportedMediaType("Send the body as Content-Type: application/json.")
    if request.content_encoding not in (None, "", "identity"):
        raise UnsupportedMediaType("Send the body without Content-Encoding.")
    try:
        body = request.get_data(cache=False)
    except ClientDisconnected:
        raise RequestIncomplete("The body did not arrive whole, or not in time.") from None
    except RequestEntityTooLarge:
        raise RequestTooLarge(_TOO_LARGE) from None
    except ParseException as error:
        raise InvalidRequest(f"The body's chunks are none ({type(error).__name__}).") from None
    most = request.max_content_length
    if request.content_length is None and most is not None and len(body) >= most:
        raise RequestTooLarge(_TOO_LARGE)  # of a chunked body werkzeug gives the beginning
    if not body:
        raise InvalidRequest("The body is empty.")
    return body


def has_hung_up(request: Request) -> bool:
    """Whether the client closed the connection, as far as the HTTP server lets us see it.

    Ask when the body was read. What a client that gave up would be told is told to nobody, and a
    queue of such requests keeps those waiting whose clients are still there. A client that closes
    only its own direction counts as gone, too: HTTP clients and proxies do not do that.
    """
    connection = request.environ.get("gunicorn.socket")
    if connection is None:
        return False
    try:
        seen: bytes = connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return not seen


def install_errors(app: Flask) -> None:
    """Every error becomes an OperationOutcome; a fault is never an empty list of cards."""

    @app.errorhandler(Exception)
    def answer(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            status = error.code or 500
            methods = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
            text = f"{error.name}: {route()}" if not methods else f"{error.name}: send {methods}."
            response = json_response(outcome(_HTTP_ISSUES.get(status, "processing"), text), status)
            if status == 405 and methods:
                response.headers["Allow"] = methods
            return response
        status = answer_for(error).status
        if status >= 500:
            log.error("%s %s failed: %s", request.method, route(), places(error))
        response = json_response(operation_outcome(error), status)
        if status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        if status == 503:
            response.headers["Retry-After"] = "5"
        return response


def install_headers(app: Flask) -> None:
    """What browsers and caches are told: cards are kept nowhere, types are what they say."""

    @app.after_request
    def tell(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        if request.path.startswith("/cds-services"):
            response.headers["Cache-Control"] = "no-store"
        return response


def route() -> str:
    """The route's pattern, never the path: a path is whatever the caller typed."""
    return request.url_rule.rule if request.url_rule else "(no such path)"


def install_cors(app: Flask, origins: Sequence[str]) -> None:
    """CORS on all routes below /cds-services; preflight needs no Authorization."""
    anyone = "*" in origins
    allowed = frozenset(origins)

    @app.after_request
    def allow(response: Response) -> Response:
        if not request.path.startswith("/cds-services"):
            return response
        origin = request.headers.get("Origin")
        response.headers.add("Vary", "Origin")
        if origin and (anyone or origin in allowed):
            response.headers["Access-Control-Allow-Origin"] = "*" if anyone else origin
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
                response.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
                response.headers["Access-Control-Max-Age"] = "600"
        return response
