"""FHIR references in one form: ``Type/id``.

A reference may be relative, absolute, versioned, a urn of the Bundle's fullUrl, or point into
``contained``. Two spellings of one target must compare equal before rules see them.

Source: FHIR R4 "References" (2.3.0), "Resolving references in Bundles" (Bundle 2.36.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ra_cds_hooks.fhir.validate import reference_elements

ID = re.compile(r"[A-Za-z0-9\-._]{1,64}")
_LITERAL = re.compile(r"(?:(https?://\S+?)/)?([A-Z][A-Za-z]+)/([^/\s?#]+)(?:/_history/[^/\s]+)?")


def reference_of(value: object) -> str | None:
    """The literal reference in a Reference element, None when there is none."""
    if isinstance(value, dict):
        literal = value.get("reference")
        if isinstance(literal, str) and literal.strip():
            return literal.strip()
    return None


def base_of(full_url: str) -> str:
    """The server part of a fullUrl (``https://host/fhir``), "" when it has none."""
    found = _LITERAL.fullmatch(full_url)
    return (found[1] or "") if found else ""


class References:
    """Turns references of one record into ``Type/id``.

    ``bases`` are the servers whose absolute URLs mean this record; when none is known every
    absolute URL is taken to be local. An absolute URL of another server stays as it is: its id
    may belong to somebody else.
    """

    def __init__(self, full_urls: Mapping[str, str], bases: Iterable[str] = ()) -> None:
        self._full_urls = full_urls
        self._bases = frozenset(base.rstrip("/") for base in bases if base)
        # A record says hundreds of times whose it is.
        self._normal: dict[str, str] = {}

    def normal(self, reference: str) -> str:
        """``Type/id``, or the reference unchanged when it points elsewhere."""
        normal = self._normal.get(reference)
        if normal is None:
            normal = self._normal[reference] = self._made_normal(reference)
        return normal

    def _made_normal(self, reference: str) -> str:
        if reference.startswith("#"):
            return reference
        known = self._full_urls.get(reference)
        if known:
            return known
        found = _LITERAL.fullmatch(reference)
        if found is None:
            return reference
        base, kind, id_ = found.groups()
        if base and self._bases and base not in self._bases:
            return reference
        return f"{kind}/{id_}"

    def normalised(self, resource: dict[str, Any]) -> dict[str, Any]:
        """``resource`` with every reference of its own elements in normal form."""
        return self._below(resource, reference_elements(resource["resourceType"]))

    def _below(self, holder: dict[str, Any], elements: Mapping[str, Any]) -> dict[str, Any]:
        result = holder
        for element, below in elements.items():
            value = holder.get(element)
            if isinstance(value, dict):
                new: Any = self._one(value, below)
            elif isinstance(value, list):
                new = [self._one(v, below) if isinstance(v, dict) else v for v in value]
                if all(a is b for a, b in zip(new, value, strict=True)):
                    continue
            else:
                continue
            if new is not value:
                if result is holder:
                    result = dict(holder)
                result[element] = new
        return result

    def _one(self, value: dict[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
        if below:
            return self._below(value, below)
        literal = reference_of(value)
        if literal is None:
            return value
        normal = self.normal(literal)
        return value if normal == value["reference"] else {**value, "reference": normal}
