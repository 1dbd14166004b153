"""Keep what QIDO-RS must match and return, and find parts of names from an index of trigrams

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

from triage_node.database.text_search import folded_name

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Frozen here on purpose: a migration must not change when the code does.
TEXTS = {
    "study": (
        "study_time",
        "study_identifier",
        "referring_physician_name",
        "patient_birth_date",
        "patient_sex",
        "timezone_offset",
        "patient_name_folded",
        "referring_physician_folded",
    ),
    "series": ("performed_date", "performed_time", "scheduled_procedure_step_id", "requested_procedure_id"),
}
NUMBERS = {
    "series": ("series_number",),
    "instance": ("instance_number", "rows", "columns", "bits_allocated", "number_of_frames"),
}
INDEXES = {
    "study_by_date": ("study", ["study_date", "id"]),
    "study_by_patient": ("study", ["patient_id", "id"]),
    "study_by_patient_name": ("study", ["patient_name_folded", "id"]),
    "study_by_accession": ("study", ["accession_number", "id"]),
    "series_by_uid": ("series", ["series_instance_uid", "study_id"]),
    "series_by_modality": ("series", ["modality", "study_id"]),
    "instance_by_uid": ("instance", ["sop_instance_uid", "study_id"]),
}
TRIGRAMS = (
    "patient_name_folded",
    "referring_physician_folded",
    "patient_id",
    "accession_number",
    "study_description",
    "study_identifier",
)


def upgrade() -> None:
    for table, names in TEXTS.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.Text(), nullable=False, server_default=""))
    for table, names in NUMBERS.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.Integer(), nullable=True))
    _fold_names()
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)
    if op.get_bind().dialect.name == "sqlite":
        _add_trigrams()


def _fold_names() -> None:
    study = sa.table("study", sa.column("id"), sa.column("patient_name"), sa.column("patient_name_folded"))
    connection = op.get_bind()
    rows = connection.execute(sa.select(study.c.id, study.c.patient_name)).all()
    names = [{"row": row.id, "name": folded_name(row.patient_name)} for row in rows if row.patient_name]
    if names:
        change = (
            sa.update(study).where(study.c.id == sa.bindparam("row")).values(patient_name_folded=sa.bindparam("name"))
        )
        connection.execute(change, names)


def _add_trigrams() -> None:
    names = ", ".join(TRIGRAMS)
    op.execute(
        f"CREATE VIRTUAL TABLE study_trigram USING fts5({names}, content='study', content_rowid='id', detail=none, "
        "columnsize=0, tokenize='trigram')"
    )
    op.execute("INSERT INTO study_trigram(study_trigram) VALUES ('rebuild')")
    old, new = (", ".join(f"{row}.{name}" for name in TRIGRAMS) for row in ("old", "new"))
    remove = f"INSERT INTO study_trigram(study_trigram, rowid, {names}) VALUES ('delete', old.id, {old});"  # noqa: S608
    add = f"INSERT INTO study_trigram(rowid, {names}) VALUES (new.id, {new});"  # noqa: S608
    op.execute(f"CREATE TRIGGER study_trigram_insert AFTER INSERT ON study BEGIN {add} END")
    op.execute(f"CREATE TRIGGER study_trigram_delete AFTER DELETE ON study BEGIN {remove} END")
    op.execute(f"CREATE TRIGGER study_trigram_update AFTER UPDATE OF {names} ON study BEGIN {remove} {add} END")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for moment in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER study_trigram_{moment}")
        op.execute("DROP TABLE study_trigram")
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table)
    for columns in (TEXTS, NUMBERS):
        for table, names in columns.items():
            for name in names:
                op.drop_column(table, name)
