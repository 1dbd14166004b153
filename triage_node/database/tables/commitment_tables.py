"""The table of storage commitments that others asked of us. Times are seconds since 1970 (UTC)."""

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from triage_node.database.tables.schema import Base


class CommitmentRow(Base):
    """A storage commitment whose result its requestor has not taken yet.

    ``references`` are pairs of SOP Class and SOP Instance UID, ``failures`` the Failure Reasons by SOP Instance UID,
    None before it is decided.
    """

    __tablename__ = "commitment"
    __table_args__ = (
        UniqueConstraint("ae_title", "transaction_uid"),
        Index("commitment_by_next_attempt", "next_attempt_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    transaction_uid: Mapped[str] = mapped_column(String(64))
    ae_title: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[float]
    references: Mapped[list[list[str]]] = mapped_column(JSON)
    instance_count: Mapped[int]
    failures: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[float]
    last_error: Mapped[str] = mapped_column(Text, default="", server_default="")
