"""What the service remembers: feedback on its cards, and which cards it was about."""

from ra_cds_hooks.store.feedback import Feedback, FeedbackRow, FeedbackStore
from ra_cds_hooks.store.shown import ShownCard, ShownCards, secret_for

__all__ = ["Feedback", "FeedbackRow", "FeedbackStore", "ShownCard", "ShownCards", "secret_for"]
