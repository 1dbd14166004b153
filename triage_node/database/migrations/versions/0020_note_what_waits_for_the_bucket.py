"""Note what lies on one machine only and waits to be copied to the bucket

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("study_id", sa.Integer(), sa.ForeignKey("study.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("spool", sa.String(100), primary_key=True),
        sa.Column("part", sa.String(16), primary_key=True),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
    )
    op.create_index("upload_by_spool", "upload", ["spool", "since"])


def downgrade() -> None:
    op.drop_index("upload_by_spool", "upload")
    op.drop_table("upload")
