"""``draftOrders`` and ``selections`` as entries that can join a record.

Real drafts are imperfect R4. What a rule cannot use is left out of the draft and told as a data
issue; the draft itself always stays, because an order that was not looked at looks like one that is
fine.

Source: CDS Hooks order-select, order-sign; cds-hooks.md [Context].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ra_cds_hooks.errors import NeededDataUnavailable
from ra_cds_hooks.fhir.drafts import NO_DRAFTS, PREFIX, Drafts
from ra_cds_hooks.fhir.medications import lacks_drug
from ra_cds_hooks.fhir.record import DataIssue, Entry
from ra_cds_hooks.hooks.models import Context, OrderSelectContext, OrderSignContext

# Draft resources that rules look at under the name of a draft; a Medication only explains them.
ORDERS = ("MedicationRequest", "ServiceRequest")
# Modifiers that a draft often lacks or garbles: without them it is still an order to be checked.
_EXPECTED = {"status": str, "intent": str, "doNotPerform": bool}
# Of no use to rules, and a reason to take a draft for a copy of an order on record.
_IDENTITY = ("identifier", "meta", "text")


@dataclass(frozen=True)
class DraftOrders:
    """The drafts of one request: ``entries`` for the record, what names them, and what is odd."""

    entries: tuple[Entry, ...] = ()
    drafts: Drafts = NO_DRAFTS
    issues: tuple[DataIssue, ...] = ()

    @property
    def has_orders(self) -> bool:
        """Whether there is any order at all."""
        return bool(self.drafts.references)


def draft_orders(context: Context) -> DraftOrders:
    """The draft orders of an order-select or order-sign context; nothing for other hooks.

    Raises NeededDataUnavailable (412) where orders are signed and none is sent.
    """
    if not isinstance(context, OrderSignContext):
        return DraftOrders()
    selections = context.selections if isinstance(context, OrderSelectContext) else None
    listed = context.draftOrders.get("entry")
    if not listed:
        if selections is None:
            raise NeededDataUnavailable(
                "No order to check: context.draftOrders holds no entry.",
                field="context.draftOrders",
            )
        return DraftOrders()
    issues: list[DataIssue] = []
    if not isinstance(listed, list):
        issues.append(DataIssue("INVALID_ELEMENT", "", "draftOrders.entry is not a list"))
        listed = [listed]
    entries: list[Entry] = []
    sent_as: dict[str, str] = {}
    names: dict[str, str] = {}
    for item in listed:
        resource = item.get("resource") if isinstance(item, dict) else None
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(item, dict) or not isinstance(resource, dict) or kind is None:
            issues.append(DataIssue("NOT_A_RESOURCE", "", "a draft holds no FHIR resource"))
            continue
        full_url = item.get("fullUrl")
        url = full_url if isinstance(full_url, str) else ""
        if kind not in ORDERS:
            if kind == "Medication":
                entries.append(Entry(resource, url))
            continue
        reference = f"{kind}/{PREFIX}{len(sent_as) + 1}"
        sent = _sent_reference(kind, resource, url)
        sent_as[reference] = sent
        names.update(dict.fromkeys((sent, sent.partition("/")[2], url), reference))
        entries.append(Entry(_usable(resource, reference, sent, issues), url))
    asked = _in_question(selections, names, tuple(sent_as), issues)
    signed = not isinstance(context, OrderSelectContext)
    drafts = Drafts(tuple(sent_as), asked, sent_as, signed)
    return DraftOrders(tuple(entries), drafts, tuple(issues))


def _sent_reference(kind: str, resource: Mapping[str, Any], url: str) -> str:
    id_ = resource.get("id")
    if isinstance(id_, str) and id_:
        return f"{kind}/{id_}"
    return url or kind


def _usable(
    resource: Mapping[str, Any], reference: str, sent: str, issues: list[DataIssue]
) -> dict[str, Any]:
    """The draft under its name in the record, without what would cost it its place there."""
    kept = {name: member for name, member in resource.items() if name not in _IDENTITY}
    kept["id"] = reference.partition("/")[2]
    for name, kind in _EXPECTED.items():
        if name in kept and not isinstance(kept[name], kind):
            del kept[name]
            issues.append(DataIssue("INVALID_ELEMENT", sent, f"{name} is not readable"))
    if kept.pop("modifierExtension", None):
        issues.append(DataIssue("INVALID_ELEMENT", sent, "modifierExtension is not understood"))
    if resource["resourceType"] == "MedicationRequest" and lacks_drug(kept):
        garbled = [name for name in kept if name.startswith("medication")]
        for name in garbled:
            del kept[name]
        if garbled:
            # A drug is meant: rules ask which, as for a Medication that nobody could deliver.
            kept["medicationReference"] = {"reference": "urn:ra-cds-hooks:unreadable"}
            issues.append(DataIssue("INVALID_ELEMENT", sent, "medication[x] is not readable"))
        else:
            issues.append(DataIssue("DRAFT_WITHOUT_MEDICATION", sent, "names no drug"))
    return kept


def _in_question(
    selections: Sequence[str] | None,
    names: Mapping[str, str],
    all_drafts: tuple[str, ...],
    issues: list[DataIssue],
) -> tuple[str, ...]:
    """The selected drafts; all of them where there is no selection or none that can be found."""
    if selections is None:
        return all_drafts
    found = dict.fromkeys(names[s] for s in selections if s in names)
    if any(s not in names for s in selections):
        issues.append(DataIssue("SELECTION_NOT_FOUND", "", "selections name a draft not sent"))
        return (*found, *(d for d in all_drafts if d not in found))
    return tuple(found) or all_drafts
