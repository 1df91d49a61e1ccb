"""/openapi.json: every route with every answer it gives, in OpenAPI 3.1.

Requests are described by the models that read them (ra_cds_hooks.hooks.models), answers by
answers.schema.json and the Decision's own schema. Objects are closed, with ``extension`` where
CDS Hooks allows one; the service itself ignores members that it does not know.

Sources: OpenAPI 3.1.0; CDS Hooks 2.0.1 [HTTP Request], [Feedback], [Extensions].
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
from flask import Flask, Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ra_cds_hooks.decision import DECISION_SCHEMA, Content
from ra_cds_hooks.hooks.models import FeedbackRequest, HookRequest
from ra_cds_hooks.hooks.parse import REQUESTS
from ra_cds_hooks.operation.metrics import CONTENT_TYPE
from ra_cds_hooks.settings import Settings
from ra_cds_hooks.web.http import json_response

Schema = dict[str, Any]

SCHEME = "cdsClientToken"
# Members that CDS Hooks allows and this service does not look at; an extension where not named.
_UNREAD = {"Coding": (), "Authorization": ("expires_in", "subject")}
_REF = "#/components/schemas/"
_ANSWERS = Path(__file__).with_name("answers.schema.json")

_ABOUT = """\
CDS Hooks 2.0 decision support for refractory rheumatoid arthritis. For clinicians, not \
clinically validated. Bodies are UTF-8 JSON without Content-Encoding; a media type that ends in \
+json is read, too. Members that are not listed are ignored. An answer to HEAD is that to GET \
without its body; OPTIONS below /cds-services answers CORS preflights. What the HTTP server \
refuses before this service sees it (no HTTP, a request line or headers that are too long) is \
answered with 400, 414, 417, 431 or 501 and a short HTML page."""
_TOKEN = """\
A CDS Client signs a JWT (CDS Hooks 2.0.1, Trusting CDS Clients): iss, aud (the URL that is \
called), exp, iat, jti; each token counts once. Where the operator named no issuers \
(RA_CDS_ISSUERS), callers are not verified and no token is needed."""

_REQUEST_ID = {
    "description": "The caller's X-Request-ID where it is a UUID, else a new one.",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
}
# Status -> what it means, and the header that comes with it.
_ERRORS: dict[str, tuple[str, str | None]] = {
    "400": ("Not such a request; the outcome names the member at fault.", None),
    "401": ("The caller's token is missing or not valid; why is told to the operator only.",
            "WWW-Authenticate"),
    "403": ("The caller is known and may not use this service.", None),
    "404": ("There is no such service, or no such page.", None),
    "405": ("Another method than those of this path.", "Allow"),
    "408": ("The body did not arrive whole, or not in time.", None),
    "412": ("No advice is possible: the patient, or the orders to check, could not be had.", None),
    "413": ("The body is larger than RA_CDS_MAX_BODY_BYTES.", None),
    "415": ("The body is not JSON by its Content-Type, or is compressed.", None),
    "500": ("A fault of this service. No advice was computed.", None),
    "503": ("The database is away, and this answer needs it. Nothing was stored.", "Retry-After"),
}  # fmt: skip
_OBJECT: Schema = {"application/json": {"schema": {"type": "object"}}}
_ALWAYS = ("405", "500")
_CALLER = ("401", "403", "503")
_BODY = ("400", "408", "413", "415")
_DEMO = "The demonstration page; served with RA_CDS_DEMO only."


def install_openapi(app: Flask, content: Content, settings: Settings) -> None:
    """The route ``/openapi.json``, open to anyone: it holds nothing that the source does not."""
    document = openapi_document(content, settings)

    @app.get("/openapi.json")
    def openapi() -> Response:
        return json_response(document)


def openapi_document(content: Content, settings: Settings) -> dict[str, Any]:
    """The document for this content and these settings."""
    schemas, requests = _schemas(content)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ra_cds_hooks",
            "version": content.version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": settings.public_base_url or "/"}],
        "paths": _paths(content, settings, requests),
        "components": {
            "schemas": schemas,
            "responses": {status: _error(status) for status in _ERRORS},
            "securitySchemes": {
                SCHEME: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": _TOKEN,
                }
            },
        },
    }


def _paths(content: Content, settings: Settings, requests: dict[str, str]) -> dict[str, Any]:
    # Without issuers anyone is answered, with or without a token.
    verified: list[Schema] = [{SCHEME: []}]
    guarded = {"security": verified if settings.issuers is not None else [{}, *verified]}
    paths: dict[str, Any] = {
        "/cds-services": {
            "get": _operation(
                "Discovery", {"200": _json("The services.", "Discovery")}, "401", "503", **guarded
            )
        }
    }
    for service in content.services.values():
        path = f"/cds-services/{service.id}"
        paths[path] = {
            "post": _operation(
                service.title,
                {"200": _cards(f"{service.id}-feedback")},
                *(*_BODY, *_CALLER, "412"),
                operationId=service.id,
                requestBody=_body(requests[service.hook]),
                description=service.description,
                **guarded,
            )
        }
        paths[f"{path}/feedback"] = {
            "post": _operation(
                f"Feedback: {service.title}",
                {"200": _answer("Stored; it survives a crash. No body.", None)},
                *(*_BODY, *_CALLER),
                operationId=f"{service.id}-feedback",
                requestBody=_body("FeedbackRequest"),
                **guarded,
            )
        }
    for tail in ("", "/feedback"):
        paths[f"/cds-services/{{service_id}}{tail}"] = {
            "parameters": [_path_parameter("service_id")],
            "post": _operation(
                "Any other id of a service", {}, "401", "403", "404", "503", **guarded
            ),
        }
    paths |= {
        "/healthz": {"get": _operation("Liveness", {"200": _json("It answers.", "Liveness")})},
        "/readyz": {
            "get": _operation(
                "Readiness",
                {
                    "200": _json("It can do its work.", "Readiness"),
                    "503": _json("A check fails; which one is said.", "Readiness"),
                },
            )
        },
        "/openapi.json": {
            "get": _operation(
                "This document",
                {"200": _answer("OpenAPI 3.1", _OBJECT)},
            )
        },
    }  # fmt: skip
    if settings.metrics:
        shown = _answer("Prometheus' exposition", _text(CONTENT_TYPE))
        paths["/metrics"] = {"get": _operation("Metrics", {"200": shown})}
    if settings.demo:
        paths |= _demo()
    return paths


def _demo() -> dict[str, Any]:
    page = _answer(_DEMO, _text("text/html; charset=utf-8"))
    request = _answer("The request an EHR would send for this patient.", _OBJECT)
    file = _answer("A file of the page.", {"text/*": {}, "application/*": {}})
    unchanged, nothing = _answer("Not changed.", None), _answer("No such part of the file.", None)
    return {
        "/": {"get": _operation("Page", {"200": page})},
        "/demo/request/{case_id}": {
            "parameters": [_path_parameter("case_id")],
            "get": _operation("Request of a fixture patient", {"200": request}, "404"),
        },
        "/demo/static/{filename}": {
            "parameters": [_path_parameter("filename")],
            "get": _operation(
                "Part of the page", {"200": file, "304": unchanged, "416": nothing}, "404"
            ),
        },
    }


def _path_parameter(name: str) -> Schema:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    }


def _operation(summary: str, answers: Schema, *errors: str, **members: Any) -> dict[str, Any]:
    listed = sorted({*errors, *_ALWAYS})
    failures = {status: {"$ref": f"#/components/responses/{status}"} for status in listed}
    return {"summary": summary, **members, "responses": {**answers, **failures}}


def _body(schema: str) -> Schema:
    return {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": f"{_REF}{schema}"}}},
    }


def _json(description: str, schema: str) -> Schema:
    return _answer(description, {"application/json": {"schema": {"$ref": f"{_REF}{schema}"}}})


def _cards(feedback: str) -> Schema:
    """The answer of a service, and where to tell what became of its first card."""
    answer = _json("Cards, or none where there is nothing to say.", "Cards")
    told = {
        "card": "$response.body#/cards/0/uuid",
        "outcome": "overridden",
        "outcomeTimestamp": "2026-11-23T12:00:00Z",
    }
    link = {"operationId": feedback, "requestBody": {"feedback": [told]}}
    return {**answer, "links": {"feedback": link}}


def _text(content_type: str) -> Schema:
    return {content_type: {"schema": {"type": "string"}}}


def _answer(description: str, content: Schema | None, **headers: Schema) -> Schema:
    answer: Schema = {
        "description": description,
        "headers": {"X-Request-ID": _REQUEST_ID, **headers},
    }
    return answer if content is None else {**answer, "content": content}


def _error(status: str) -> Schema:
    description, header = _ERRORS[status]
    headers = {header: {"required": True, "schema": {"type": "string"}}} if header else {}
    content = {"application/json": {"schema": {"$ref": f"{_REF}OperationOutcome"}}}
    return _answer(description, content, **headers)


def _schemas(content: Content) -> tuple[Schema, dict[str, str]]:
    """The components, and the name of the request's schema for each hook."""
    models: list[type[BaseModel]] = [FeedbackRequest, HookRequest, *REQUESTS.values()]
    _, made = models_json_schema(
        [(model, "validation") for model in models], ref_template=f"{_REF}{{model}}"
    )
    schemas: Schema = {name: _closed(name, schema) for name, schema in made["$defs"].items()}
    requests = {}
    for hook in sorted({service.hook for service in content.services.values()}):
        requests[hook] = f"{hook}.request"
        schemas[requests[hook]] = _for_hook(schemas[REQUESTS.get(hook, HookRequest).__name__], hook)
    for model in models[1:]:
        del schemas[model.__name__]
    answers = orjson.loads(_ANSWERS.read_bytes())["$defs"]
    decision = orjson.loads(DECISION_SCHEMA.read_bytes())
    own = {f"Decision.{name}": schema for name, schema in decision["$defs"].items()}
    own["Decision"] = {name: part for name, part in decision.items() if not name.startswith("$")}
    schemas |= {name: _pointed(schema, "") for name, schema in answers.items()}
    schemas |= {name: _pointed(schema, "Decision.") for name, schema in own.items()}
    return schemas, requests


def _closed(name: str, schema: Schema) -> Schema:
    """A request's object with the members that CDS Hooks lists, and no others."""
    unread = {
        member: {"description": "As CDS Hooks has it; this service does not look at it."}
        for member in _UNREAD.get(name, ("extension",))
    }
    return {
        **schema,
        "properties": {**schema["properties"], **unread},
        "additionalProperties": False,
    }


def _for_hook(schema: Schema, hook: str) -> Schema:
    """The request of one hook; where a token is sent, so is the server it is for."""
    made = deepcopy(schema)
    made["properties"]["hook"] = {"const": hook}
    made["if"] = {
        "required": ["fhirAuthorization"],
        "properties": {"fhirAuthorization": {"type": "object"}},
    }
    made["then"] = {"required": ["fhirServer"], "properties": {"fhirServer": {"type": "string"}}}
    return made


def _pointed(schema: Any, prefix: str) -> Any:
    """``schema`` with its ``#/$defs/`` references led to the components."""
    if isinstance(schema, dict):
        return {
            name: f"{_REF}{prefix}{part.removeprefix('#/$defs/')}"
            if name == "$ref"
            else _pointed(part, prefix)
            for name, part in schema.items()
        }
    return [_pointed(part, prefix) for part in schema] if isinstance(schema, list) else schema
