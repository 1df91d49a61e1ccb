"""The audit's file when the disk was full, or a crash tore a line: the rest of it can be read."""

from __future__ import annotations

import json
import resource
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from ra_cds_hooks.audit.sink import AuditFile, events
from ra_cds_hooks.cli import main
from ra_cds_hooks.errors import StoreUnavailable

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def event(id_):
    return json.dumps({"resourceType": "AuditEvent", "id": id_, "recorded": NOW.isoformat()})


@pytest.fixture
def room():
    """Bounds how large a file this process may write, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def bound(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield bound
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_event_that_found_no_room_spoils_no_other(tmp_path, room):
    path = tmp_path / "audit.jsonl"
    sink = AuditFile(path)
    sink.write("a", NOW, event("a"))
    room(path.stat().st_size + 20)
    with pytest.raises(StoreUnavailable, match="no room left"):
        sink.write("b", NOW, event("b"))
    room(resource.RLIM_INFINITY)
    sink.write("c", NOW, event("c"))
    left_out = []
    assert [e["id"] for e in events(sink, left_out.append)] == ["a", "c"]
    assert left_out == []


TORN = [event("x")[:40].encode(), b"\xff\xfe\x00", b'"text"', b"{}"]


@pytest.mark.parametrize("line", TORN)
def test_a_torn_line_is_told_and_left_out(tmp_path, line):
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"\n".join([event("a").encode(), line, event("b").encode(), b""]))
    left_out = []
    assert [e["id"] for e in events(AuditFile(path), left_out.append)] == ["a", "b"]
    assert left_out == [2]


def test_the_commands_go_on_and_say_so(tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_text(event("x")[:40])
    answer = CliRunner().invoke(main, ["shadow", "report", "--audit", str(path)])
    assert answer.exit_code == 0, answer.output
    assert "audit event 1 cannot be read and is left out" in answer.output
