"""The tables of what is counted."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from triage_node.database.tables.schema import BIG, Base


class QueueHourRow(Base):
    """The longest queues that were seen in an hour: images coming, studies waiting, reports on their way."""

    __tablename__ = "queue_hour"

    hour: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    receiving: Mapped[int]
    waiting: Mapped[int]
    reports: Mapped[int]


class DailyRow(Base):
    """How often something was counted on a local day (`rollups`)."""

    __tablename__ = "daily"
    # The rows lie in the order of the key, so that a year of them is read in one piece.
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    measure: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int]


class SenderCountRow(Base):
    """How often something happened of a sender: ``what`` was kept, accepted, or refused for a reason.

    ``day_number`` is how often on the local ``day`` of the last time; ``sentence`` is that of the last refusal.
    """

    __tablename__ = "sender_count"

    ae_title: Mapped[str] = mapped_column(String(64), primary_key=True)
    address: Mapped[str] = mapped_column(String(200), primary_key=True)
    what: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(BIG)
    day: Mapped[str] = mapped_column(String(10))
    day_number: Mapped[int]
    first_at: Mapped[float]
    last_at: Mapped[float]
    sentence: Mapped[str] = mapped_column(Text, default="", server_default="")
