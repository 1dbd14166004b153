"""Reader feedback, reading order from an index, daily roll-ups, text search

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from triage_node.database.text_search import search_text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Frozen here on purpose: a migration must not change when the code does.
OPEN_RANK = (
    "CASE WHEN acknowledged_at IS NOT NULL THEN NULL WHEN decision = 'flagged' OR priority > 0 THEN 0 "
    "WHEN decision = 'uncertain' THEN 2 ELSE 3 END"
)
UNFINISHED = "CASE WHEN state IN ('analyzed', 'unsuitable', 'failed') THEN 0 ELSE 1 END"
INDEXES = {
    "study_by_reading_order": ["open_rank", "unfinished", "first_received_at", "id"],
    "study_by_arrival": ["first_received_at", "id"],
    "study_by_state_and_arrival": ["state", "first_received_at", "id"],
    "study_by_decision": ["decision", "first_received_at", "id"],
    "study_by_station": ["station_name", "first_received_at", "id"],
    "study_by_calling_ae_title": ["calling_ae_title", "first_received_at", "id"],
    "study_by_change": ["change_marker"],
}
PARTIAL_INDEXES = {
    "study_unclosed": ("last_received_at", "closed_at IS NULL"),
    "study_acknowledged": ("first_received_at", "acknowledged_at IS NOT NULL"),
}


def upgrade() -> None:
    _add_columns()
    _add_tables()
    _fill_text()
    for name, columns in INDEXES.items():
        op.create_index(name, "study", columns)
    for name, (column, condition) in PARTIAL_INDEXES.items():
        op.create_index(name, "study", [column], sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
    op.create_index("event_by_code", "event", ["code", "id"])
    op.create_index("delivery_by_study", "delivery", ["study_id", "id"])
    if op.get_bind().dialect.name == "sqlite":
        _add_fts5()
    else:
        _add_gin()


def _add_columns() -> None:
    # SQLite adds virtual columns only, PostgreSQL before 18 knows stored ones only.
    persisted = True if op.get_bind().dialect.name == "postgresql" else None
    for column in (
        sa.Column("station_name", sa.Text(), nullable=False, server_default=""),
        sa.Column("scanner", sa.Text(), nullable=False, server_default=""),
        sa.Column("ready_at", sa.Double(), nullable=True),
        sa.Column("claimed_at", sa.Double(), nullable=True),
        sa.Column("flagged_types", sa.Text(), nullable=False, server_default=""),
        sa.Column("acknowledged_at", sa.Double(), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False, server_default=""),
        sa.Column("change_marker", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("open_rank", sa.Integer(), sa.Computed(OPEN_RANK, persisted=persisted), nullable=True),
        sa.Column("unfinished", sa.Integer(), sa.Computed(UNFINISHED, persisted=persisted), nullable=True),
    ):
        op.add_column("study", column)


def _add_tables() -> None:
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("comment_by_study", "comment", ["study_id", "id"])
    op.create_table(
        "verdict",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("outcome_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["outcome_id"], ["outcome.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("outcome_id"),
    )
    op.create_index("verdict_by_study", "verdict", ["study_id", "id"])
    op.create_table(
        "daily",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("measure", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "measure", "value"),
        sqlite_with_rowid=False,
    )


def _fill_text() -> None:
    study = sa.table(
        "study",
        *(
            sa.column(name)
            for name in (
                "id",
                "patient_name",
                "patient_id",
                "accession_number",
                "study_description",
                "study_instance_uid",
                "search_text",
            )
        ),
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(study)).all()
    texts = [
        {
            "row": row.id,
            "text": search_text(
                row.study_instance_uid, row.patient_name, row.patient_id, row.accession_number, row.study_description
            ),
        }
        for row in rows
    ]
    if texts:
        change = sa.update(study).where(study.c.id == sa.bindparam("row")).values(search_text=sa.bindparam("text"))
        connection.execute(change, texts)


def _add_fts5() -> None:
    # Words are made by `triage_node.database.text_search`; no positions are kept: only beginnings of words are sought.
    op.execute(
        "CREATE VIRTUAL TABLE study_text USING fts5(search_text, content='study', content_rowid='id', detail=none, "
        "columnsize=0, prefix='1 2 3 4 5 6', tokenize=\"unicode61 remove_diacritics 0 tokenchars '._-/'\")"
    )
    op.execute("INSERT INTO study_text(study_text) VALUES ('rebuild')")
    remove = "INSERT INTO study_text(study_text, rowid, search_text) VALUES ('delete', old.id, old.search_text);"
    add = "INSERT INTO study_text(rowid, search_text) VALUES (new.id, new.search_text);"
    op.execute(f"CREATE TRIGGER study_text_insert AFTER INSERT ON study BEGIN {add} END")
    op.execute(f"CREATE TRIGGER study_text_delete AFTER DELETE ON study BEGIN {remove} END")
    op.execute(f"CREATE TRIGGER study_text_update AFTER UPDATE OF search_text ON study BEGIN {remove} {add} END")


def _add_gin() -> None:
    op.execute("CREATE INDEX study_text ON study USING gin (array_to_tsvector(string_to_array(search_text, ' ')))")
    op.execute('CREATE INDEX study_text_uid ON study (study_instance_uid COLLATE "C")')


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for moment in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER study_text_{moment}")
        op.execute("DROP TABLE study_text")
    else:
        op.execute("DROP INDEX study_text")
        op.execute("DROP INDEX study_text_uid")
    op.drop_index("event_by_code", "event")
    op.drop_index("delivery_by_study", "delivery")
    for name in (*INDEXES, *PARTIAL_INDEXES):
        op.drop_index(name, "study")
    for table in ("daily", "verdict", "comment"):
        op.drop_table(table)
    for column in ("unfinished", "open_rank", "change_marker", "search_text", "acknowledged_by", "acknowledged_at",
                   "flagged_types", "claimed_at", "ready_at", "scanner", "station_name"):  # fmt: skip
        op.drop_column("study", column)
