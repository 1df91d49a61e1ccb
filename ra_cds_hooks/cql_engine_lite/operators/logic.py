"""Three-valued logic (CQL reference, logical and nullological operators).

A compiler may skip the second operand where the first decides; the results are the same.
"""

from __future__ import annotations

from typing import Any

from .registry import operator

Truth = bool | None


@operator("And")
def logical_and(left: Truth, right: Truth) -> Truth:
    """False when either is False, True when both are True, else null."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


@operator("Or")
def logical_or(left: Truth, right: Truth) -> Truth:
    """True when either is True, False when both are False, else null."""
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


@operator("Xor")
def logical_xor(left: Truth, right: Truth) -> Truth:
    """True when exactly one is True; null when either is null."""
    return None if left is None or right is None else left is not right


@operator("Implies")
def implies(left: Truth, right: Truth) -> Truth:
    """not left or right."""
    if left is False or right is True:
        return True
    return None if left is None or right is None else False


@operator("Not")
def logical_not(operand: Truth) -> Truth:
    """The opposite; null stays null."""
    return None if operand is None else not operand


@operator("IsNull")
def is_null(operand: Any) -> bool:
    """Whether there is no value."""
    return operand is None


@operator("IsTrue")
def is_true(operand: Truth) -> bool:
    """True only for true."""
    return operand is True


@operator("IsFalse")
def is_false(operand: Truth) -> bool:
    """True only for false."""
    return operand is False
