"""Let deliveries wait for the end of quiet hours, or for an acknowledgement

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("waits_for", sa.String(16), nullable=False, server_default=""))
    op.add_column("delivery", sa.Column("scheduled_seconds", sa.Double(), nullable=False, server_default="0"))
    op.add_column("delivery", sa.Column("escalation", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    for name in ("escalation", "scheduled_seconds", "waits_for"):
        op.drop_column("delivery", name)
