"""Draft orders that joined a record, under names of their own.

A draft may carry the id of an order that is already in the record (a revision), so each gets a name
that no record uses; what leaves the service names it as the client did.

Source: CDS Hooks order-select and order-sign (``draftOrders``, ``selections``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PREFIX = "ra-cds-hooks-draft-"


@dataclass(frozen=True)
class Drafts:
    """References (``Type/id``) of a record's draft orders.

    ``in_question`` are those that are asked about, the first first; ``sent_as`` maps each reference
    to the one that the client used; ``signed`` whether they are about to be signed (order-sign) and
    not only selected.
    """

    references: tuple[str, ...] = ()
    in_question: tuple[str, ...] = ()
    sent_as: Mapping[str, str] = field(default_factory=dict)
    signed: bool = True

    def as_sent(self, value: Any) -> Any:
        """``value`` (JSON) with the client's reference in place of each of ours."""
        if not self.sent_as:
            return value
        if isinstance(value, str):
            return self.sent_as.get(value, value)
        if isinstance(value, dict):
            return {name: self.as_sent(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.as_sent(member) for member in value]
        return value


NO_DRAFTS = Drafts()
