"""Keep workitems that are pushed to the node, those that it performs, and priorities that are to be raised

Revision ID: 0016
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pushed_workitem",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("workitem_uid", sa.String(64), nullable=False, unique=True),
        sa.Column("creator", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("priority", sa.String(16), nullable=False),
        sa.Column("transaction_uid", sa.String(64), nullable=False),
        sa.Column("cancellation", sa.Text(), nullable=True),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
    )
    op.create_index("pushed_workitem_by_state", "pushed_workitem", ["state", "id"])
    op.create_table(
        "performance",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("workitem_uid", sa.String(64), nullable=False),
        sa.Column("transaction_uid", sa.String(64), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("study_instance_uid", sa.String(64), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("waited_seconds", sa.Double(), nullable=False),
        sa.Column("began_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.UniqueConstraint("server", "workitem_uid"),
    )
    op.create_index("performance_by_step", "performance", ["step", "server"])
    op.create_table(
        "priority_change",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("study_id", sa.Integer(), sa.ForeignKey("study.id", ondelete="CASCADE"), nullable=False),
        sa.Column("outcome_id", sa.Integer(), sa.ForeignKey("outcome.id", ondelete="CASCADE"), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_seconds", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("next_attempt_at", sa.Double(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.UniqueConstraint("server", "outcome_id"),
    )
    op.create_index("priority_change_by_state", "priority_change", ["state", "server", "next_attempt_at"])
    op.create_index("priority_change_by_study", "priority_change", ["study_id"])


def downgrade() -> None:
    op.drop_table("priority_change")
    op.drop_table("performance")
    op.drop_table("pushed_workitem")
