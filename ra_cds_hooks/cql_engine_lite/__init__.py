"""cql_engine_lite: executes CQL, translated to ELM JSON, on FHIR R4 JSON.

    program = load(elm_documents)
    results = program.evaluate(retriever, value_sets, as_of=now, defines=["Library.Define"])
    results["Library.Define"]            # a CQL value as a Python value; null is None
    results.evidence("Library.Define")   # the resources that decided it

Knows nothing of any disease. See README.md.
"""

from .context import Retriever
from .errors import (
    CqlEngineError,
    EvaluationError,
    LibraryLoadError,
    MissingParameterError,
    MissingValueSetError,
    NotTracedError,
    ParameterError,
    UnknownDefineError,
    UnsupportedOperatorError,
)
from .evidence import Evidence
from .program import Program, Results, load
from .terminology import BoundTerminology, Terminology, ValueSets
from .trace import TRACE_LIMIT, Step, Trace
from .values import (
    Code,
    CodeSystem,
    Concept,
    CqlTuple,
    Date,
    DateTime,
    Interval,
    Long,
    Quantity,
    Ratio,
    Time,
    Uncertainty,
    ValueSet,
)

__all__ = [
    "TRACE_LIMIT",
    "BoundTerminology",
    "Code",
    "CodeSystem",
    "Concept",
    "CqlEngineError",
    "CqlTuple",
    "Date",
    "DateTime",
    "EvaluationError",
    "Evidence",
    "Interval",
    "LibraryLoadError",
    "Long",
    "MissingParameterError",
    "MissingValueSetError",
    "NotTracedError",
    "ParameterError",
    "Program",
    "Quantity",
    "Ratio",
    "Results",
    "Retriever",
    "Step",
    "Terminology",
    "Time",
    "Trace",
    "Uncertainty",
    "UnknownDefineError",
    "UnsupportedOperatorError",
    "ValueSet",
    "ValueSets",
    "load",
]
