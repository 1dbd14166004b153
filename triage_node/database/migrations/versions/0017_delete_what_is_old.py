"""Note what was deleted of a study, what is being deleted, and what the node has committed itself to keep

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("study", sa.Column("has_images", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("study", sa.Column("images_deleted_at", sa.Double(), nullable=True))
    op.add_column("study", sa.Column("results_deleted_at", sa.Double(), nullable=True))
    op.add_column("study", sa.Column("deletion", sa.String(16), nullable=False, server_default=""))
    op.add_column("study", sa.Column("committed_at", sa.Double(), nullable=True))
    op.add_column("instance", sa.Column("deleted_at", sa.Double(), nullable=True))
    for name, columns, condition in (
        ("study_with_images", ["last_received_at", "id"], "has_images"),
        ("study_with_results", ["last_received_at", "id"], "results_deleted_at IS NULL"),
        ("study_without_results", ["last_received_at", "id"], "results_deleted_at IS NOT NULL"),
        ("study_being_deleted", ["id"], "deletion <> ''"),
    ):
        where = sa.text(condition)
        op.create_index(name, "study", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name in ("study_being_deleted", "study_without_results", "study_with_results", "study_with_images"):
        op.drop_index(name, "study")
    op.drop_column("instance", "deleted_at")
    for name in ("committed_at", "deletion", "results_deleted_at", "images_deleted_at", "has_images"):
        op.drop_column("study", name)
