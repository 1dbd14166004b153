"""The table of what others say which instances a study has. Times are seconds since 1970 (UTC)."""

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from triage_node.database.tables.schema import Base


class AnnouncementRow(Base):
    """What one ``origin`` says of a study, which need not be here: a query source, a procedure step, a notice.

    ``step`` is where a performed procedure step is, `completed` for every other origin; ``instance_count`` how many
    instances it has, of which ``sop_instance_uids`` may name all, or none at all; ``revision`` counts its changes.
    """

    __tablename__ = "announcement"
    __table_args__ = (
        UniqueConstraint("study_instance_uid", "origin"),
        Index("announcement_by_origin", "origin"),
        Index("announcement_by_time", "noted_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_instance_uid: Mapped[str] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(Text)
    step: Mapped[str] = mapped_column(String(16))
    instance_count: Mapped[int]
    revision: Mapped[int] = mapped_column(default=0)
    noted_at: Mapped[float]
    sop_instance_uids: Mapped[list[str]] = mapped_column(JSON)
