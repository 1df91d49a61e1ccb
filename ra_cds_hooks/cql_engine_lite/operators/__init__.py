"""ELM operators over evaluated operands; importing this package fills `registry.OPERATORS`."""

from .registry import OPERATORS, EvaluationContext, Operator

__all__ = ["OPERATORS", "EvaluationContext", "Operator"]
