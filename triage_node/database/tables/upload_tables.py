"""What is on one machine only, and waits to be copied to the bucket. Times are seconds since 1970 (UTC)."""

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from triage_node.database.tables.schema import Base


class UploadRow(Base):
    """Files of a part of a study (`StoredPart`) that lie in one ``spool`` and may not be in the bucket yet.

    Where there is none, the bucket has all of the study. ``node`` names the machine to people; ``number`` grows with
    each arrival, so that what came during an upload is not taken for uploaded; ``since`` is when the first came.
    """

    __tablename__ = "upload"
    __table_args__ = (Index("upload_by_spool", "spool", "since"),)

    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"), primary_key=True)
    spool: Mapped[str] = mapped_column(String(100), primary_key=True)
    part: Mapped[str] = mapped_column(String(16), primary_key=True)
    node: Mapped[str] = mapped_column(Text)
    number: Mapped[int]
    since: Mapped[float]
