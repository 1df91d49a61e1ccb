"""What the service remembers: feedback on its cards."""

from ra_cds_hooks.store.feedback import Feedback, FeedbackRow, FeedbackStore

__all__ = ["Feedback", "FeedbackRow", "FeedbackStore"]
