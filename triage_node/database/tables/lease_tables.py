"""The tables of which process does what: duties, the processes, and jobs. Times are seconds since 1970 (UTC)."""

from sqlalchemy import String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from triage_node.database.tables.schema import Base


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


class JobRunRow(Base):
    """The last run of a job.

    ``owner`` is the node that runs it for itself, "" where one run does for all nodes that share the database; ``node``
    is who began the last run. ``day`` is the day of the daily run that was begun last; ``began_at`` is set while it
    runs.
    """

    __tablename__ = "job_run"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(300), primary_key=True)
    node: Mapped[str] = mapped_column(String(300), default="", server_default="")
    day: Mapped[str] = mapped_column(String(10), default="", server_default="")
    began_at: Mapped[float | None]
    ran_at: Mapped[float | None]
    seconds: Mapped[float | None]
    outcome: Mapped[str] = mapped_column(Text, default="", server_default="")
    error: Mapped[str] = mapped_column(Text, default="", server_default="")
    wants_look: Mapped[bool] = mapped_column(default=False, server_default=false())
