"""The log of shown cards for the feedback report, and the audit."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "card_log",
        sa.Column("uuid", sa.String(36), primary_key=True),
        sa.Column("service_id", sa.String(128), nullable=False),
        sa.Column("card", sa.String(128), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("shown_at", MOMENT, nullable=False),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_card_log_shown_at", "card_log", ["shown_at"])
    op.create_index("ix_audit_event_recorded_at", "audit_event", ["recorded_at"])
