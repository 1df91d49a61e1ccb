"""One log for everything that this process writes: JSON lines (or text), without patient data.

Our own messages name ids of services and kinds of faults, never values. A library's message may
quote what it worked on (urllib3 writes the URL, and that names the patient), so of a library's
message only its template is written, and of an error only its kind and places.

Source: W3C Trace Context (level 1) for ``traceparent``.
"""

from __future__ import annotations

import copy
import logging
import re
import secrets
import sys
import traceback
import uuid
from typing import Any, TextIO

import orjson
import structlog

OURS = "ra_cds_hooks"
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_WITHHELD = "(text withheld: a library's message may quote the record)"


def configure_logging(level: str, form: str | None = None, stream: TextIO | None = None) -> None:
    """Send every log line of the process to ``stream`` (standard error), in one form.

    ``level`` counts for our own loggers; libraries are heard from WARNING on. ``form`` is "json",
    "text", or None: text on a terminal, else JSON.
    """
    stream = stream or sys.stderr
    if form is None:
        form = "text" if stream.isatty() else "json"
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: Any = (
        structlog.processors.JSONRenderer(serializer=_json)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        _WithoutRecords(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level)
    adopt_gunicorn()


def adopt_gunicorn() -> None:
    """Let gunicorn's messages pass through the same formatter (after gunicorn set up its own)."""
    logger = logging.getLogger("gunicorn.error")
    logger.handlers.clear()
    logger.propagate = True


def places(error: BaseException) -> str:
    """Kind and places of an error, without its text: that may quote the record."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {where}"


def trace_of(traceparent: str | None) -> tuple[str, str | None]:
    """Trace id and the caller's span id of a ``traceparent`` header; a new trace id without one."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is not None:
        version, trace, span, _flags, rest = found.groups()
        # Version 00 ends after the flags; ff is forbidden, and so are ids of zeros.
        valid = version != "ff" and not (version == "00" and rest)
        if valid and set(trace) != {"0"} and set(span) != {"0"}:
            return trace, span
    return secrets.token_hex(16), None


def request_id_of(sent: str | None) -> str:
    """The caller's request id where it is a UUID, else a new one: other text could say anything."""
    try:
        return str(uuid.UUID(sent or ""))
    except ValueError:
        return str(uuid.uuid4())


class _WithoutRecords(structlog.stdlib.ProcessorFormatter):
    """Formats a copy of each record from which whatever could quote a patient is taken."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(_safe(record))


def _safe(record: logging.LogRecord) -> logging.LogRecord:
    safe = copy.copy(record)
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        safe.error = places(error)
    safe.exc_info = safe.exc_text = safe.stack_info = None
    if record.name.partition(".")[0] != OURS:
        template = isinstance(record.msg, str) and (record.args or record.name.startswith("gunic"))
        safe.msg, safe.args = (record.msg if template else _WITHHELD), None
    return safe


def _json(event: Any, **_options: Any) -> str:
    return orjson.dumps(event, default=lambda value: type(value).__name__).decode()
