"""Who changes a study has it alone until the end of the transaction; SQLite has one writer at a time anyway."""

import hashlib
from collections.abc import Collection

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.orm import Session

from triage_node.database.tables.schema import StudyRow

LOCK_KEYS = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")


def lock_studies(session: Session, *which: ColumnElement[bool]) -> None:
    """Have some studies to oneself, always locked in one order, so that two never wait for one another in a circle."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(StudyRow.id).where(*which).order_by(StudyRow.id).with_for_update())


def lock_arrivals(session: Session, study_instance_uids: Collection[str]) -> None:
    """Have studies to oneself by their UID, those too that the database does not have yet."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(LOCK_KEYS, {"keys": sorted(map(_key, set(study_instance_uids)))})
        lock_studies(session, StudyRow.study_instance_uid.in_(study_instance_uids))


def _key(uid: str) -> int:
    digest = hashlib.sha256(uid.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
