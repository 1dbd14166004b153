"""Lease duties to one of several nodes, list the nodes, and name the database for those who share a folder

Revision ID: 0019
Revises: 0016
"""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
    )
    op.create_table(
        "node",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
    )
    op.add_column("installation", sa.Column("database_uid", sa.String(64), nullable=False, server_default=""))
    installation = sa.table("installation", sa.column("database_uid", sa.String))
    op.execute(installation.update().values(database_uid=f"2.25.{uuid.uuid4().int}"))


def downgrade() -> None:
    op.drop_column("installation", "database_uid")
    op.drop_table("node")
    op.drop_table("lease")
