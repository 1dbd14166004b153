"""The tables of who may sign in and of who looked at what. Secrets are stored hashed. Times are seconds since 1970."""

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from triage_node.database.tables.schema import Base


class UserRow(Base):
    """A person; ``password_hash`` is empty for one whom an OpenID provider vouches for."""

    __tablename__ = "web_user"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(Text, default="")
    must_change_password: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[float]
    changed_at: Mapped[float]
    last_sign_in_at: Mapped[float | None]


class SessionRow(Base):
    """A person signed in on one browser; the browser holds the id, this table its SHA-256."""

    __tablename__ = "web_session"
    __table_args__ = (Index("web_session_by_user", "user_id"),)

    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("web_user.id", ondelete="CASCADE"))
    created_at: Mapped[float]
    last_seen_at: Mapped[float]


class TokenRow(Base):
    """A program's key to the API; it was shown once, this table holds its SHA-256."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[float]
    expires_at: Mapped[float | None]
    last_used_at: Mapped[float | None]


class LockoutRow(Base):
    """Failures to sign in as one user (``user:…``) or from one address (``address:…``)."""

    __tablename__ = "web_lockout"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    first_failed_at: Mapped[float]
    lockouts: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[float] = mapped_column(default=0.0)


class AuditRow(Base):
    """An access: who, when, to what, from where. Never a patient's name."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_by_study", "study_instance_uid", "id"),
        Index("audit_by_user", "user_name", "id"),
        Index("audit_by_action", "action", "id"),
        Index("audit_by_time", "at", "id"),
        Index("audit_refused", "id", sqlite_where=text("NOT allowed"), postgresql_where=text("NOT allowed")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float]
    user_name: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    study_instance_uid: Mapped[str] = mapped_column(String(64), default="")
    query: Mapped[str] = mapped_column(Text, default="")
    allowed: Mapped[bool]
