"""List the node's own reports and pictures with the instances of their studies

Revision ID: 0008
Revises: 0007
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import context, op

from triage_node.storage import ResultObject, StoredResult

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TOGETHER = 1000
SERIES = ("study_id", "series_instance_uid", "modality", "series_description", "series_number", "eligible")
INSTANCE = (
    "sop_instance_uid", "sop_class_uid", "transfer_syntax_uid", "size_bytes", "instance_number", "rows", "columns",
    "bits_allocated",
)  # fmt: skip


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in ("id", *columns)))


series = _table("series", *SERIES, "instance_count", "last_received_at", "is_result")
instance = _table("instance", *INSTANCE, "study_id", "series_id", "received_at", "result_file")
study = _table("study", "study_instance_uid")
outcome = _table("outcome", "study_id", "folder", "created_at", "report_sop_instance_uid")


def upgrade() -> None:
    op.add_column("series", sa.Column("is_result", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("instance", sa.Column("result_file", sa.Text(), nullable=False, server_default=""))
    query = sa.select(outcome, study.c.study_instance_uid).join(study, study.c.id == outcome.c.study_id)
    query = query.where(outcome.c.report_sop_instance_uid.is_not(None), outcome.c.folder.is_not(None))
    connection, last = op.get_bind(), 0
    while rows := connection.execute(query.where(outcome.c.id > last).order_by(outcome.c.id).limit(TOGETHER)).all():
        for row in rows:
            for result in _result(row).objects():
                _list(connection, row.study_id, result, row.created_at)
        last = rows[-1].id


def _result(row: sa.Row) -> StoredResult:
    """Find a result where the data folder lies today; the path that was noted may be of another working folder."""
    layout = context.config.attributes.get("layout")
    return StoredResult(Path(row.folder)) if layout is None else layout.result(row.study_instance_uid, row.folder)


def _list(connection: sa.Connection, study_id: int, result: ResultObject, at: float) -> None:
    same = (instance.c.study_id == study_id, instance.c.sop_instance_uid == result.sop_instance_uid)
    if connection.scalar(sa.select(instance.c.id).where(*same)) is not None:
        return
    values = {name: getattr(result, name) for name in INSTANCE}
    values |= {"study_id": study_id, "received_at": at, "result_file": result.file}
    connection.execute(sa.insert(instance).values(series_id=_series(connection, study_id, result, at), **values))


def _series(connection: sa.Connection, study_id: int, result: ResultObject, at: float) -> int:
    same = (series.c.study_id == study_id, series.c.series_instance_uid == result.series_instance_uid)
    found = connection.scalar(sa.select(series.c.id).where(*same))
    if found is None:
        values = {name: getattr(result, name) for name in SERIES[1:5]}
        values |= {"study_id": study_id, "eligible": False, "instance_count": 0, "last_received_at": at}
        connection.execute(sa.insert(series).values(is_result=True, **values))
        found = connection.scalar(sa.select(series.c.id).where(*same))
    connection.execute(sa.update(series).where(series.c.id == found).values(instance_count=series.c.instance_count + 1))
    return int(found)


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM instance WHERE result_file != ''"))
    op.execute(sa.text("DELETE FROM series WHERE is_result"))
    op.drop_column("instance", "result_file")
    op.drop_column("series", "is_result")
