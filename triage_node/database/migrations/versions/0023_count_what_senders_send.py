"""Count what each sender sends, and what of it is refused

Revision ID: 0023
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sender_count",
        sa.Column("ae_title", sa.String(64), primary_key=True),
        sa.Column("address", sa.String(200), primary_key=True),
        sa.Column("what", sa.String(32), primary_key=True),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("day_number", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_table("sender_count")
