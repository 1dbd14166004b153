"""The tables of what happened to a study and what people said of it. Times are seconds since 1970 (UTC)."""

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from triage_node.database.tables.schema import Base


class EventRow(Base):
    """Something that happened: who, when, from which state to which, why. Never patient data."""

    __tablename__ = "event"
    __table_args__ = (Index("event_by_study", "study_id", "id"), Index("event_by_code", "code", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int | None] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    at: Mapped[float]
    actor: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(String(32))
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str | None] = mapped_column(String(16))
    message: Mapped[str] = mapped_column(Text, default="")


class CommentRow(Base):
    """What a person wrote about a study; unlike an event's message it may hold anything."""

    __tablename__ = "comment"
    __table_args__ = (Index("comment_by_study", "study_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    at: Mapped[float]
    actor: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)


class VerdictRow(Base):
    """What a reader says of an outcome: ``present`` when there is a hemorrhage, and of which types."""

    __tablename__ = "verdict"
    __table_args__ = (Index("verdict_by_study", "study_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    outcome_id: Mapped[int] = mapped_column(ForeignKey("outcome.id", ondelete="CASCADE"), unique=True)
    at: Mapped[float]
    actor: Mapped[str] = mapped_column(Text)
    agrees: Mapped[bool]
    present: Mapped[bool]
    types: Mapped[list[str]] = mapped_column(JSON)
