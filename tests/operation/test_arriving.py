"""When a request that arrives in pieces is there: not a byte too early, not a byte too late."""

from __future__ import annotations

import pytest

from ra_cds_hooks.operation.arriving import MAX_HEAD, Arriving

MOST = 1000
POST = b"POST /x HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = [
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", id="no body"),
    pytest.param(POST + b"Content-Length: 0\r\n\r\n", id="empty body"),
    pytest.param(POST + b"content-length:\t7 \r\nX: y\r\n\r\n\r\n\r\n123", id="length"),
    pytest.param(POST + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000, id="the largest body"),
    pytest.param(CHUNKED + b"0\r\n\r\n", id="no chunk"),
    pytest.param(CHUNKED + b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", id="chunks"),
    pytest.param(CHUNKED + b"9\r\n\r\n0\r\n\r\nab\r\n0\r\n\r\n", id="a last chunk inside a chunk"),
    pytest.param(CHUNKED + b"1\r\na\r\n0\r\nX: y\r\nZ: 0\r\n\r\n", id="trailers"),
]


def arriving(data: bytes = b"") -> Arriving:
    made = Arriving(MOST)
    made.data += data
    return made


@pytest.mark.parametrize("request_", WHOLE)
def test_it_is_there_with_its_last_byte(request_: bytes) -> None:
    byte_by_byte = arriving()
    for number in range(len(request_)):
        assert not byte_by_byte.is_whole(), request_[:number]
        assert not arriving(request_[:number]).is_whole()
        byte_by_byte.data += request_[number : number + 1]
    assert byte_by_byte.is_whole()
    assert arriving(request_).is_whole()
    assert arriving(request_ + b"POST /next").is_whole()


NOT_WAITED_FOR = [
    pytest.param(POST + b"Content-Length: 1001\r\n\r\n", id="a body that is too large"),
    pytest.param(CHUNKED + b"x\r\n", id="a chunk without a size"),
    pytest.param(CHUNKED + b"-1\r\n", id="a chunk of less than nothing"),
    pytest.param(POST + b"X: " + b"y" * MAX_HEAD, id="headers without an end"),
    pytest.param(CHUNKED + b"5" * (MOST + 2 * MAX_HEAD + 1), id="a chunk size without an end"),
    pytest.param(CHUNKED + b"7FFFFFFF\r\n" + b"x" * (MOST + 2 * MAX_HEAD), id="an endless chunk"),
]


@pytest.mark.parametrize("request_", NOT_WAITED_FOR)
def test_what_will_be_refused_is_not_waited_for(request_: bytes) -> None:
    assert not arriving(request_[:45]).is_whole()
    assert arriving(request_).is_whole()


def test_a_client_that_waits_for_a_word_is_known() -> None:
    head = POST + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    waiting = arriving(head)
    assert not waiting.is_whole()
    assert waiting.expects_word
    waiting.data += b"abc"
    assert waiting.is_whole()
    plain = arriving(head.replace(b"Expect", b"X-Expect"))
    assert not plain.is_whole()
    assert not plain.expects_word


def test_the_head_is_there_with_its_empty_line() -> None:
    assert not arriving(POST).has_head
    assert arriving(POST + b"\r\n").has_head
