"""What one of several nodes does at a time, and which processes there are."""

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from triage_node.database.schema import Base


class LeaseRow(Base):
    """Who has a duty that one process has at a time, and until when if it does not renew it."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    holder: Mapped[str] = mapped_column(Text)
    since: Mapped[float]
    until: Mapped[float]


class NodeRow(Base):
    """A process of the node that lives, or died and has not been forgotten yet; ``roles`` with commas between."""

    __tablename__ = "node"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    roles: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    started_at: Mapped[float]
    seen_at: Mapped[float]
