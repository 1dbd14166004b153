"""Give each study the UID of its workitem (UPS-RS)

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from triage_node.database.workitem_uids import workitem_uid

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TOGETHER = 10_000


def upgrade() -> None:
    op.add_column("study", sa.Column("workitem_uid", sa.String(length=64), nullable=False, server_default=""))
    study = sa.table("study", *(sa.column(name) for name in ("id", "study_instance_uid", "workitem_uid")))
    change = sa.update(study).where(study.c.id == sa.bindparam("row")).values(workitem_uid=sa.bindparam("uid"))
    connection, last = op.get_bind(), 0
    query = sa.select(study.c.id, study.c.study_instance_uid).order_by(study.c.id).limit(TOGETHER)
    while rows := connection.execute(query.where(study.c.id > last)).all():
        connection.execute(change, [{"row": row.id, "uid": workitem_uid(row.study_instance_uid)} for row in rows])
        last = rows[-1].id
    op.create_index("study_by_workitem", "study", ["workitem_uid"])


def downgrade() -> None:
    op.drop_index("study_by_workitem", "study")
    op.drop_column("study", "workitem_uid")
