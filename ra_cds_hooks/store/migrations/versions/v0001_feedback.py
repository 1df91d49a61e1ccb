"""Feedback, shown cards of the order services, used tokens.

Releases before the migrations made these tables on first use, so they may be there already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables that are not there yet."""
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False, unique=True),
        sa.Column("service_id", sa.String(128), nullable=False),
        sa.Column("card", sa.String(255), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("accepted_suggestions", sa.JSON, nullable=False),
        sa.Column("reason_system", sa.String(255)),
        sa.Column("reason_code", sa.String(255)),
        sa.Column("reason_display", sa.String(255)),
        sa.Column("comment", sa.Text),
        sa.Column("outcome_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "shown_card",
        sa.Column("uuid", sa.String(36), primary_key=True),
        sa.Column("service_id", sa.String(128), nullable=False),
        sa.Column("advice", sa.String(64), nullable=False),
        sa.Column("concern", sa.String(64), nullable=False),
        sa.Column("shown_at", MOMENT, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "used_token",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        if_not_exists=True,
    )
    for table, column in (
        ("feedback", "service_id"),
        ("feedback", "card"),
        ("shown_card", "concern"),
        ("shown_card", "shown_at"),
        ("used_token", "expires_at"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column], if_not_exists=True)
