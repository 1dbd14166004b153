"""Note what query sources, performed procedure steps and availability notices say of a study

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "announcement",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("study_instance_uid", sa.String(64), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("noted_at", sa.Double(), nullable=False),
        sa.Column("sop_instance_uids", sa.JSON(), nullable=False),
        sa.UniqueConstraint("study_instance_uid", "origin"),
    )
    op.create_index("announcement_by_origin", "announcement", ["origin"])
    op.create_index("announcement_by_time", "announcement", ["noted_at"])


def downgrade() -> None:
    op.drop_table("announcement")
