"""From a patient's record to cards: load_content once, then decide() and render() per request."""

from pathlib import Path

from ra_cds_hooks.decision.catalogue import Card, Content, PrefetchKey, Service, load_content
from ra_cds_hooks.decision.decide import (
    CardDecision,
    Decision,
    decide,
    issues_of,
    screened_out,
)
from ra_cds_hooks.decision.render import render

DECISION_SCHEMA = Path(__file__).with_name("decision.schema.json")
"""JSON Schema of the Decision document."""

__all__ = [
    "DECISION_SCHEMA",
    "Card",
    "CardDecision",
    "Content",
    "Decision",
    "PrefetchKey",
    "Service",
    "decide",
    "issues_of",
    "load_content",
    "render",
    "screened_out",
]
