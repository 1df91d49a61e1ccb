"""The table of ELM operators: name of the ELM node -> Python function.

How a compiler calls an operator:

* Operands are passed positionally, already evaluated, in ELM order. A node with one `operand`
  passes one argument, a node with a list of `operand` passes them all. For nodes with *named*
  operands (`Round.operand/precision`, `Substring.stringToSub/...`) `Operator.operands` lists the
  member names in positional order; a member absent from the node is passed as None.
* Members listed in `Operator.attributes` are passed as keyword arguments when the node has them
  (`precision="Day"`, `valueType="{urn:hl7-org:elm-types:r1}Integer"`), enum strings as in ELM.
* `context=True` functions take an `EvaluationContext` before the operands.
* `typed=True` functions need the static operand types to tell null operands apart (the length of a
  null String is null, that of a null List is 0). They take `signature=` : a tuple with one ELM
  type name per operand, lists as "List", intervals as "Interval", named types as their local
  name ("Integer"), unknown as None. Leaving it out is allowed and treats null as untyped.

The number of periods between partial dates is an `Uncertainty`: what comes from an operator is only
ever compared or added by another operator, never by Python's own.

Every function is pure, handles null operands itself, and never changes an operand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from ..values import DateTime

Function = TypeVar("Function", bound=Callable[..., Any])


class EvaluationContext(Protocol):
    """What an operator may know about the evaluation request."""

    @property
    def as_of(self) -> DateTime:
        """The evaluation request's timestamp, with millisecond precision and an offset."""

    @property
    def timezone_offset(self) -> int:
        """The offset assumed for DateTimes that name none, in minutes east of UTC."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One ELM node type: how to call it (see the module's docstring)."""

    name: str
    function: Callable[..., Any]
    operands: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    context: bool = False
    typed: bool = False


OPERATORS: dict[str, Operator] = {}


def operator(
    name: str,
    *,
    operands: tuple[str, ...] = (),
    attributes: tuple[str, ...] = (),
    context: bool = False,
    typed: bool = False,
) -> Callable[[Function], Function]:
    """Register the decorated function as the ELM operator `name`; a second one is an error."""

    def register(function: Function) -> Function:
        if name in OPERATORS:
            raise ValueError(f"operator {name} is registered twice")
        OPERATORS[name] = Operator(name, function, operands, attributes, context, typed)
        return function

    return register
