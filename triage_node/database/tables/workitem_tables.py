"""The tables of the Unified Worklist (PS3.4 Annex CC). Times are seconds since 1970 (UTC)."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from triage_node.database.tables.schema import Base


class PushedWorkitemRow(Base):
    """A workitem that ``creator`` pushed to the node.

    ``attributes`` are its data set in the DICOM JSON Model without state, priority and Transaction UID, which have
    columns; ``cancellation`` is why its cancellation was requested while it was in progress, None when it was not.
    """

    __tablename__ = "pushed_workitem"
    __table_args__ = (Index("pushed_workitem_by_state", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workitem_uid: Mapped[str] = mapped_column(String(64), unique=True)
    creator: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    priority: Mapped[str] = mapped_column(String(16))
    transaction_uid: Mapped[str] = mapped_column(String(64), default="")
    cancellation: Mapped[str | None] = mapped_column(Text)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[float]
    changed_at: Mapped[float]


class PerformanceRow(Base):
    """A workitem that the node performs: its own one (``server`` is empty), or one of a server.

    The ``transaction_uid`` is kept before it is sent, so that a node that was cut off knows its own claims. ``step`` is
    how far it is (`Step`), ``told`` the progress that the server knows of, ``reason`` why it is canceled,
    ``waited_seconds`` for how long its study has not been here, by a clock that nobody can set.
    """

    __tablename__ = "performance"
    __table_args__ = (UniqueConstraint("server", "workitem_uid"), Index("performance_by_step", "step", "server"))

    id: Mapped[int] = mapped_column(primary_key=True)
    server: Mapped[str] = mapped_column(Text)
    workitem_uid: Mapped[str] = mapped_column(String(64))
    transaction_uid: Mapped[str] = mapped_column(String(64))
    step: Mapped[str] = mapped_column(String(16))
    study_instance_uid: Mapped[str] = mapped_column(String(64), default="")
    told: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    reason_code: Mapped[str] = mapped_column(String(16), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    waited_seconds: Mapped[float] = mapped_column(default=0.0)
    began_at: Mapped[float]
    changed_at: Mapped[float]


class PriorityChangeRow(Base):
    """An outcome for which a server shall raise the priority of the study's workitems; an outbox of its own.

    ``state`` is that of a delivery; ``tried_seconds`` is for how long it has been tried, by a clock that nobody can
    set.
    """

    __tablename__ = "priority_change"
    __table_args__ = (
        UniqueConstraint("server", "outcome_id"),
        Index("priority_change_by_state", "state", "server", "next_attempt_at"),
        Index("priority_change_by_study", "study_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    outcome_id: Mapped[int] = mapped_column(ForeignKey("outcome.id", ondelete="CASCADE"))
    server: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    tried_seconds: Mapped[float] = mapped_column(default=0.0)
    created_at: Mapped[float]
    next_attempt_at: Mapped[float]
    last_error: Mapped[str] = mapped_column(Text, default="")
