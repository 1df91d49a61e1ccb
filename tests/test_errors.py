"""The error table: what each error means to HTTP and to a shell, and what it may say."""

import pytest

from ra_cds_hooks import errors
from ra_cds_hooks.cql_engine_lite.errors import CqlEngineError, EvaluationError

ROWS = [
    (errors.InvalidRequest("x", field="context.patientId"), 400, 4, "invalid"),
    (errors.InvalidBundle("x"), 400, 4, "invalid"),
    (errors.UnknownService("x"), 404, 2, "not-found"),
    (errors.NeededDataUnavailable("x"), 412, 5, "incomplete"),
    (errors.RequestIncomplete("x"), 408, 4, "timeout"),
    (errors.RequestTooLarge("x"), 413, 4, "too-long"),
    (errors.UnsupportedMediaType("x"), 415, 4, "not-supported"),
    (errors.StoreUnavailable("x"), 503, 7, "transient"),
    (errors.ConfigurationError("x"), 500, 3, "exception"),
    (errors.ContentError("x"), 500, 3, "exception"),
    (CqlEngineError("x"), 500, 6, "exception"),
    (EvaluationError.__new__(EvaluationError), 500, 6, "exception"),
    (KeyError("x"), 500, 1, "exception"),
]


@pytest.mark.parametrize(("error", "status", "exit_code", "issue"), ROWS)
def test_each_error_has_its_row(error, status, exit_code, issue):
    answer = errors.answer_for(error)
    assert (answer.status, answer.exit_code, answer.issue_code) == (status, exit_code, issue)


def test_every_own_error_is_in_the_table():
    own = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.RaCdsError)
    }
    assert own <= set(errors.TABLE)


def test_an_interrupt_is_never_an_answer():
    with pytest.raises(TypeError):
        errors.answer_for(KeyboardInterrupt())


def test_a_foreign_error_never_shows_its_text():
    text = str(errors.operation_outcome(KeyError("CANARY Smith 1970-01-01")))
    assert "CANARY" not in text
    assert "KeyError" in text


def test_the_outcome_names_the_field():
    body = errors.operation_outcome(errors.InvalidRequest("missing", field="context.patientId"))
    assert body["resourceType"] == "OperationOutcome"
    assert body["issue"][0]["expression"] == ["context.patientId"]
