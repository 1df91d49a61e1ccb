"""The clinical content as the tests load it: compiled once in a run, then read by every process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from ra_cds_hooks.decision import Content, load_content
from ra_cds_hooks.settings import load_settings


def content_with(parameters: Mapping[str, Any] | None = None) -> Content:
    """The committed content, with a site's parameters."""
    settings = load_settings()
    return load_content(settings.content_dir, parameters, cache_dir=settings.cache_dir)


@cache
def committed_content() -> Content:
    """The committed content, once in a process: nothing in it can be changed."""
    return content_with()
