"""Ages, and messages from content (CQL reference, clinical and message operators)."""

from __future__ import annotations

from typing import Any

from ..errors import EvaluationError
from ..values import Date, DateTime
from .durations import Count, duration_between
from .registry import EvaluationContext, operator
from .temporal import today


@operator("CalculateAgeAt", attributes=("precision",))
def calculate_age_at(birth_date: Any, as_of: Any, *, precision: str) -> Count:
    """Whole periods lived at a date; uncertain for a partial date of birth."""
    return duration_between(birth_date, as_of, precision=precision)


@operator("CalculateAge", attributes=("precision",), context=True)
def calculate_age(
    context: EvaluationContext, birth_date: Date | DateTime | None, *, precision: str
) -> Count:
    """Whole periods lived at the evaluation request: today for a Date, now for a DateTime."""
    if isinstance(birth_date, DateTime):
        return duration_between(birth_date, context.as_of, precision=precision)
    return duration_between(birth_date, today(context), precision=precision)


@operator("Message", operands=("source", "condition", "code", "severity", "message"))
def message(source: Any, condition: bool | None, code: Any, severity: Any, text: Any) -> Any:
    """The source itself; EvaluationError when the condition holds and the severity is Error.

    The text is not repeated in the error: content may have put patient data into it.
    """
    if condition is True and severity == "Error":
        raise EvaluationError(f"the content stopped the evaluation with message code {code}")
    return source
