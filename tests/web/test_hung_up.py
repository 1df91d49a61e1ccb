"""A client that closed its connection is not computed for; one that is there is."""

import json
import socket

import pytest

from ra_cds_hooks.web import evaluation

from .conftest import URL, bundle_of

CASE = "v01-too-early"


@pytest.fixture
def connection():
    """The server's and the client's end."""
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def call(client, body, ours):
    return client.post(URL, json=body, environ_overrides={"gunicorn.socket": ours})


def test_it_is_answered_while_it_is_there(client, hook_request, connection):
    answer = call(client, hook_request(bundle_of(CASE)), connection[0])
    assert answer.status_code == 200
    assert answer.get_json()["cards"]


def test_it_is_answered_when_it_sent_its_next_request_already(client, hook_request, connection):
    ours, theirs = connection
    theirs.sendall(b"POST /")
    theirs.close()
    assert call(client, hook_request(bundle_of(CASE)), ours).status_code == 200
    assert ours.recv(10) == b"POST /", "nothing of it was taken"


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_nothing_is_computed_when_it_is_gone(client, hook_request, connection, monkeypatch, how):
    ours, theirs = connection
    if how == "reset":
        ours.sendall(b"unread, so that closing resets")
    theirs.close()
    computed = []
    monkeypatch.setattr(evaluation, "decide", lambda *_: computed.append(1))
    answer = call(client, hook_request(bundle_of(CASE)), ours)
    assert answer.status_code == 503
    assert computed == []
    metrics = client.get("/metrics").get_data(as_text=True)
    assert 'outcome="client gone"' in metrics


def test_feedback_of_a_client_that_is_gone_is_kept(make_app, connection):
    app = make_app()
    ours, theirs = connection
    theirs.close()
    item = {"card": "c", "outcome": "accepted", "outcomeTimestamp": "2026-11-23T10:00:00Z"}
    answer = app.test_client().post(
        f"{URL}/feedback",
        data=json.dumps({"feedback": [item]}),
        content_type="application/json",
        environ_overrides={"gunicorn.socket": ours},
    )
    assert answer.status_code == 200
    assert app.extensions["ra_cds_hooks"].store.count() == 1
