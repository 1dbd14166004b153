"""Lease deliveries as studies are leased, fold their tries, and count interruptions of the node apart from tries

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("study", sa.Column("interruptions", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("delivery", sa.Column("claimed_by", sa.Text(), nullable=True))
    op.add_column("delivery", sa.Column("lease_until", sa.Double(), nullable=True))
    op.add_column("delivery", sa.Column("last_attempt_at", sa.Double(), nullable=True))
    op.add_column("delivery", sa.Column("tried_seconds", sa.Double(), nullable=False, server_default="0"))
    op.add_column("delivery", sa.Column("postponed_event_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    for name in ("postponed_event_id", "tried_seconds", "last_attempt_at", "lease_until", "claimed_by"):
        op.drop_column("delivery", name)
    op.drop_column("study", "interruptions")
