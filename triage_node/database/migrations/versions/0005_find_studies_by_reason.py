"""Find studies by why they were not analyzed; how long the queues were; the audit trail by action

Revision ID: 0005
Revises: 0004
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BATCH = 10_000


def upgrade() -> None:
    op.create_table(
        "study_reason",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("first_received_at", sa.Double(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("code", "first_received_at", "study_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "queue_hour",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("receiving", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour"),
    )
    _fill_reasons()
    op.create_index("study_reason_by_study", "study_reason", ["study_id"])
    op.create_index("audit_by_action", "audit", ["action", "id"])
    op.create_index("audit_by_time", "audit", ["at", "id"])
    op.create_index(
        "audit_refused",
        "audit",
        ["id"],
        sqlite_where=sa.text("NOT allowed"),
        postgresql_where=sa.text("NOT allowed"),
    )


def _fill_reasons() -> None:
    """Write the reasons of each study's latest outcome, some thousand outcomes in memory at a time."""
    connection = op.get_bind()
    outcome = sa.table("outcome", *(sa.column(name) for name in ("id", "study_id", "reasons", "decision")))
    study = sa.table("study", sa.column("id"), sa.column("first_received_at"))
    reason = sa.table("study_reason", *(sa.column(name) for name in ("code", "first_received_at", "study_id")))
    later = outcome.alias()
    is_latest = ~sa.exists().where(later.c.study_id == outcome.c.study_id, later.c.id > outcome.c.id)
    columns = (outcome.c.id, outcome.c.study_id, outcome.c.reasons, study.c.first_received_at)
    wanted = (
        sa.select(*columns)
        .join(study, study.c.id == outcome.c.study_id)
        .where(outcome.c.decision.is_(None), is_latest)
        .order_by(outcome.c.id)
        .limit(BATCH)
    )
    last = 0
    while rows := connection.execute(wanted.where(outcome.c.id > last)).all():
        last = rows[-1].id
        found = [
            {"code": code, "first_received_at": row.first_received_at, "study_id": row.study_id}
            for row in rows
            for code in sorted({one["code"] for one in _parsed(row.reasons)})
        ]
        if found:
            connection.execute(sa.insert(reason), found)


def _parsed(reasons: str | list[dict[str, str]]) -> list[dict[str, str]]:
    return json.loads(reasons) if isinstance(reasons, str) else reasons


def downgrade() -> None:
    for name in ("audit_refused", "audit_by_time", "audit_by_action"):
        op.drop_index(name, "audit")
    op.drop_table("queue_hour")
    op.drop_table("study_reason")
