"""Commit what was stored, for others and by others

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "commitment",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("transaction_uid", sa.String(64), nullable=False),
        sa.Column("ae_title", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.Double(), nullable=False),
        sa.Column("references", sa.JSON(), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("failures", sa.JSON(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.Double(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False, server_default=""),
        sa.UniqueConstraint("ae_title", "transaction_uid"),
    )
    op.create_index("commitment_by_next_attempt", "commitment", ["next_attempt_at"])
    op.add_column("delivery", sa.Column("stored_objects", sa.JSON(), nullable=True))
    op.add_column("delivery", sa.Column("commitment", sa.String(16), nullable=False, server_default=""))
    op.add_column("delivery", sa.Column("commitment_transaction", sa.String(64), nullable=False, server_default=""))
    op.add_column("delivery", sa.Column("commitment_tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("delivery", sa.Column("commitment_due_at", sa.Double(), nullable=True))
    op.add_column("delivery", sa.Column("commitment_until", sa.Double(), nullable=True))
    where = sa.text("commitment IN ('wanted', 'requested')")
    for name, columns in (
        ("delivery_uncommitted", ["destination", "commitment_due_at"]),
        ("delivery_by_transaction", ["commitment_transaction"]),
    ):
        op.create_index(name, "delivery", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("delivery_by_transaction", "delivery")
    op.drop_index("delivery_uncommitted", "delivery")
    for name in (
        "commitment_until",
        "commitment_due_at",
        "commitment_tries",
        "commitment_transaction",
        "commitment",
        "stored_objects",
    ):
        op.drop_column("delivery", name)
    op.drop_table("commitment")
