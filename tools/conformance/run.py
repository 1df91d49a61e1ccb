"""Runs the translated cases through the engine and judges each one."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ra_cds_hooks.cql_engine_lite import load
from ra_cds_hooks.cql_engine_lite.errors import CqlEngineError, EvaluationError
from tools.conformance.cases import Case
from tools.conformance.elm_cache import DEFINE, TranslatedCase, library_name, translated
from tools.conformance.literals import NotALiteralError, difference, neutral, parse, show

# No expected value depends on the date; it is fixed so that two runs are the same run.
AS_OF = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)
AS_OF_OFFSET = 0

SYSTEM_TYPE = re.compile(r"\{urn:hl7-org:elm-types:r1\}(\w+)")

PASSED, FAILED, ERRORED = "passed", "failed", "errored"
# How an invalid case may pass; the detail of its Verdict.
NOT_TRANSLATED, NO_RESULT = "not translated", "evaluation error"


@dataclass(frozen=True)
class Verdict:
    """`outcome` of one case and, where it failed or had to fail, what happened."""

    case: Case
    outcome: str
    detail: str = ""


class NoPatient:
    """A record without any resource: the public cases need none."""

    def retrieve(self, resource_type: str) -> Sequence[Mapping[str, object]]:
        """Nothing of any type."""
        return ()


class NoTerminology:
    """The public cases name no value set; one that does is an error."""

    def expand(self, value_set_url: str) -> frozenset[tuple[str, str]]:
        """Always KeyError."""
        raise KeyError(value_set_url)


def judge(case: Case, translation: TranslatedCase, index: int) -> Verdict:
    """The verdict on one case.

    A case that must be invalid passes only when the translation fails or, unless the translator
    has to refuse it, when an operator raises EvaluationError. Any other exception is an error of
    the engine, also one that arrives wrapped in an EvaluationError.
    """
    if translation.elm is None:
        if case.invalid:
            return Verdict(case, PASSED, NOT_TRANSLATED)
        return Verdict(case, FAILED, f"translation: {translation.error}")
    define = f"{library_name(index)}.{DEFINE}"
    try:
        program = load([translation.elm])
        results = program.evaluate(NoPatient(), NoTerminology(), {}, AS_OF, [define])
        value = results[define]
    except EvaluationError as error:
        if not isinstance(error.__cause__, EvaluationError):
            return Verdict(case, ERRORED, f"crash, {type(error.__cause__).__name__}: {error}")
        if case.invalid == "true":
            return Verdict(case, PASSED, NO_RESULT)
        return Verdict(case, ERRORED, f"EvaluationError: {error}")
    except CqlEngineError as error:
        return Verdict(case, ERRORED, f"{type(error).__name__}: {error}")
    except Exception as error:  # measured, not hidden: the case counts as errored
        return Verdict(case, ERRORED, f"crash, {type(error).__name__}: {error}")
    return judge_value(case, value, static=static_types(translation.elm))


def static_types(elm: Mapping[str, Any]) -> frozenset[str]:
    """Names of the System types in the translator's static type of the expression."""
    (definition,) = (d for d in elm["library"]["statements"]["def"] if d["name"] == DEFINE)
    static = (definition.get("resultTypeName"), definition.get("resultTypeSpecifier"))
    return frozenset(SYSTEM_TYPE.findall(json.dumps(static)))


def judge_value(case: Case, value: object, *, static: Collection[str] = ()) -> Verdict:
    """The verdict on a case that gave a value; for `static` see literals.difference."""
    try:
        if case.invalid:
            got = show(neutral(value))
            return Verdict(case, FAILED, f"must be invalid ({case.invalid}), got {got}")
        if case.output is None:
            return Verdict(case, ERRORED, "the case names no output")
        unequal = difference(parse(case.output), value, AS_OF_OFFSET, static=static)
    except NotALiteralError as error:
        return Verdict(case, ERRORED, f"output is not a literal: {error}")
    except TypeError as error:
        return Verdict(case, ERRORED, str(error))
    return Verdict(case, FAILED, unequal) if unequal else Verdict(case, PASSED)


def run(cases: Sequence[Case]) -> list[Verdict]:
    """Translate (or take from the cache), evaluate and judge all cases, in order."""
    return [
        judge(case, translation, index)
        for index, (case, translation) in enumerate(zip(cases, translated(cases), strict=True))
    ]
