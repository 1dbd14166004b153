"""Read unfamiliar studies whose score would flag them with the flagged ones

Revision ID: 0011
Revises: 0010
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Frozen here on purpose: a migration must not change when the code does.
RANK = "CASE WHEN acknowledged_at IS NOT NULL THEN NULL WHEN decision = 'flagged' OR priority > 0 {} THEN 0 WHEN decision = 'uncertain' THEN 2 ELSE 3 END"  # noqa: E501
BEFORE, AFTER = RANK.format("").replace("  ", " "), RANK.format("OR withheld_types <> ''")
INDEX = "study_by_reading_order"
COLUMNS = ["open_rank", "unfinished", "first_received_at", "id"]
LIKELY = 0.5
TOGETHER = 10_000


def upgrade() -> None:
    op.add_column("outcome", sa.Column("withheld", sa.JSON(), nullable=True))
    op.add_column("study", sa.Column("withheld_types", sa.Text(), nullable=False, server_default=""))
    _fill()
    _rank_by(AFTER)


def downgrade() -> None:
    _rank_by(BEFORE)
    op.drop_column("study", "withheld_types")
    op.drop_column("outcome", "withheld")


def _fill() -> None:
    """The thresholds of then are not known: what was more likely than not counts as what would have been flagged."""
    study = sa.table("study", *(sa.column(name) for name in ("id", "decision", "withheld_types")))
    names = ("id", "study_id", "reasons", "probabilities")
    outcome = sa.table("outcome", *(sa.column(name, sa.JSON() if name in names[2:] else None) for name in names))
    latest = sa.select(sa.func.max(outcome.c.id)).group_by(outcome.c.study_id)
    query = (
        sa.select(study.c.id, outcome.c.reasons, outcome.c.probabilities)
        .join_from(study, outcome, outcome.c.study_id == study.c.id)
        .where(study.c.decision == "uncertain", outcome.c.id.in_(latest))
    )
    connection = op.get_bind()
    found = [row.id for row in connection.execute(query) if _is_withheld(row.reasons, row.probabilities)]
    for start in range(0, len(found), TOGETHER):
        part = found[start : start + TOGETHER]
        connection.execute(
            sa.update(study).where(study.c.id == sa.bindparam("row")).values(withheld_types=",any,"),
            [{"row": row} for row in part],
        )


def _is_withheld(reasons: Sequence[dict[str, str]], probabilities: dict[str, float] | None) -> bool:
    is_unfamiliar = any(reason["code"] == "out_of_distribution" for reason in reasons)
    return is_unfamiliar and (probabilities or {}).get("any", 0.0) >= LIKELY


def _rank_by(rank: str) -> None:
    # SQLite adds virtual columns only, PostgreSQL before 18 knows stored ones only; neither changes an expression.
    persisted = True if op.get_bind().dialect.name == "postgresql" else None
    op.drop_index(INDEX, "study")
    op.drop_column("study", "open_rank")
    op.add_column("study", sa.Column("open_rank", sa.Integer(), sa.Computed(rank, persisted=persisted), nullable=True))
    op.create_index(INDEX, "study", COLUMNS)
