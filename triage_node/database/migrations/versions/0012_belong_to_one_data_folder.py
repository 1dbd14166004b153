"""Note which data folder the worklist belongs to

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("device_uid", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("installation")
