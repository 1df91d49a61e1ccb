"""What the service remembers: feedback on its cards, which cards it was about, and the audit."""

from ra_cds_hooks.store.audit_rows import AuditRow, AuditRows
from ra_cds_hooks.store.card_log import CardLog, CardLogRow
from ra_cds_hooks.store.feedback import Feedback, FeedbackRow, FeedbackStore
from ra_cds_hooks.store.retention import Retention
from ra_cds_hooks.store.shown import ShownCard, ShownCards, secret_for

__all__ = [
    "AuditRow",
    "AuditRows",
    "CardLog",
    "CardLogRow",
    "Feedback",
    "FeedbackRow",
    "FeedbackStore",
    "Retention",
    "ShownCard",
    "ShownCards",
    "secret_for",
]
