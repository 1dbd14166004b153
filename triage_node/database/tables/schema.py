"""The tables of studies, what was made of them and where it goes. Times are seconds since 1970 (UTC)."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Computed,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from triage_node.database.reading_group import OPEN_RANK


class Base(DeclarativeBase):
    """The root of the tables."""


BIG = BigInteger().with_variant(Integer(), "sqlite")
"""An instance may have more bytes than PostgreSQL's integer counts; SQLite's has no such end."""
UNCOMMITTED = "commitment IN ('wanted', 'requested')"
"""Also for queries: with these values as parameters SQLite could not tell that the partial indexes serve."""
HAS_IMAGES = "has_images"
BEING_DELETED = "deletion <> ''"
UNFINISHED = "CASE WHEN state IN ('analyzed', 'unsuitable', 'failed') THEN 0 ELSE 1 END"


def _by_arrival(name: str, *columns: str) -> Index:
    return Index(name, *columns, "first_received_at", "id")


def _where(name: str, condition: str, *columns: str) -> Index:
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


class StudyRow(Base):
    """A study: what it is, where it is on its way, and who works on it now.

    ``revision`` counts the arrivals of images that may change the answer; ``analyzed_revision`` is the revision the
    latest outcome was computed from; ``opened_at`` is when the study came or was reopened by late images;
    ``closed_at`` is set when it counts as complete; ``attempts`` are the tries in a row that ended by themselves,
    ``interruptions`` those that the end of the node cut off; a ``held`` study was rebuilt from the spool and waits for
    a person.
    ``study_identifier`` is Study ID (0020,0010); the folded names are what names are compared with (`text`).
    ``withheld_types`` are the labels that would be flagged if the images were like the training images;
    ``open_rank`` is its place in the reading order as far as that does not depend on the time, None once a reader has
    acknowledged it; ``change_marker`` grows with whatever people are shown (`changes`).
    ``has_images`` tells that an instance that was received is still here, ``images_deleted_at`` when those were deleted
    that are not; ``results_deleted_at`` when the files of its results were. ``deletion`` is what of it is being deleted
    (`Part`), until its files are gone; ``committed_at`` when the node last committed itself to keep any of it.
    """

    __tablename__ = "study"
    __table_args__ = (
        Index("study_by_state", "state", "priority", "first_received_at"),
        _by_arrival("study_by_reading_order", "open_rank", "unfinished"),
        _by_arrival("study_by_arrival"),
        _by_arrival("study_by_state_and_arrival", "state"),
        _by_arrival("study_by_decision", "decision"),
        _by_arrival("study_by_station", "station_name"),
        _by_arrival("study_by_calling_ae_title", "calling_ae_title"),
        Index("study_by_change", "change_marker"),
        Index("study_by_workitem", "workitem_uid"),
        Index("study_by_date", "study_date", "id"),
        Index("study_by_patient", "patient_id", "id"),
        Index("study_by_patient_name", "patient_name_folded", "id"),
        Index("study_by_accession", "accession_number", "id"),
        _where("study_unclosed", "closed_at IS NULL", "last_received_at"),
        _where("study_acknowledged", "acknowledged_at IS NOT NULL", "first_received_at"),
        _where("study_with_images", HAS_IMAGES, "last_received_at", "id"),
        _where("study_with_results", "results_deleted_at IS NULL", "last_received_at", "id"),
        _where("study_without_results", "results_deleted_at IS NOT NULL", "last_received_at", "id"),
        _where("study_being_deleted", BEING_DELETED, "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_instance_uid: Mapped[str] = mapped_column(String(64), unique=True)
    workitem_uid: Mapped[str] = mapped_column(String(64), default="", server_default="")
    patient_id: Mapped[str] = mapped_column(Text, default="")
    patient_name: Mapped[str] = mapped_column(Text, default="")
    accession_number: Mapped[str] = mapped_column(Text, default="")
    study_description: Mapped[str] = mapped_column(Text, default="")
    study_date: Mapped[str] = mapped_column(String(8), default="")
    calling_ae_title: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int] = mapped_column(default=0)
    analyzed_revision: Mapped[int | None]
    priority: Mapped[int] = mapped_column(default=0)
    first_received_at: Mapped[float]
    last_received_at: Mapped[float]
    opened_at: Mapped[float]
    closed_at: Mapped[float | None]
    held: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[float]
    claimed_by: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[float | None]
    attempts: Mapped[int] = mapped_column(default=0)
    interruptions: Mapped[int] = mapped_column(default=0, server_default="0")
    decision: Mapped[str | None] = mapped_column(String(16))
    station_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    scanner: Mapped[str] = mapped_column(Text, default="", server_default="")
    ready_at: Mapped[float | None]
    claimed_at: Mapped[float | None]
    flagged_types: Mapped[str] = mapped_column(Text, default="", server_default="")
    withheld_types: Mapped[str] = mapped_column(Text, default="", server_default="")
    acknowledged_at: Mapped[float | None]
    acknowledged_by: Mapped[str | None] = mapped_column(Text)
    study_time: Mapped[str] = mapped_column(Text, default="", server_default="")
    study_identifier: Mapped[str] = mapped_column(Text, default="", server_default="")
    referring_physician_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    patient_birth_date: Mapped[str] = mapped_column(Text, default="", server_default="")
    patient_sex: Mapped[str] = mapped_column(Text, default="", server_default="")
    timezone_offset: Mapped[str] = mapped_column(Text, default="", server_default="")
    patient_name_folded: Mapped[str] = mapped_column(Text, default="", server_default="")
    referring_physician_folded: Mapped[str] = mapped_column(Text, default="", server_default="")
    search_text: Mapped[str] = mapped_column(Text, default="", server_default="")
    change_marker: Mapped[int] = mapped_column(default=0, server_default="0")
    has_images: Mapped[bool] = mapped_column(default=True, server_default=true())
    images_deleted_at: Mapped[float | None]
    results_deleted_at: Mapped[float | None]
    deletion: Mapped[str] = mapped_column(String(16), default="", server_default="")
    committed_at: Mapped[float | None]
    open_rank: Mapped[int | None] = mapped_column(Computed(OPEN_RANK))
    unfinished: Mapped[int | None] = mapped_column(Computed(UNFINISHED))


class SeriesRow(Base):
    """A series; ``eligible`` when its images may be a head CT, which is what can start or reopen an analysis.

    One ``is_result`` when the node itself made it, and nobody has sent it back.
    """

    __tablename__ = "series"
    __table_args__ = (
        UniqueConstraint("study_id", "series_instance_uid"),
        Index("series_by_uid", "series_instance_uid", "study_id"),
        Index("series_by_modality", "modality", "study_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    series_instance_uid: Mapped[str] = mapped_column(String(64))
    modality: Mapped[str] = mapped_column(String(16), default="")
    series_description: Mapped[str] = mapped_column(Text, default="")
    series_number: Mapped[int | None]
    performed_date: Mapped[str] = mapped_column(Text, default="", server_default="")
    performed_time: Mapped[str] = mapped_column(Text, default="", server_default="")
    scheduled_procedure_step_id: Mapped[str] = mapped_column(Text, default="", server_default="")
    requested_procedure_id: Mapped[str] = mapped_column(Text, default="", server_default="")
    eligible: Mapped[bool] = mapped_column(default=False)
    instance_count: Mapped[int] = mapped_column(default=0)
    last_received_at: Mapped[float]
    is_result: Mapped[bool] = mapped_column(default=False, server_default=false())


class InstanceRow(Base):
    """An instance in the spool; ``result_file`` is the place of one that the node made, in the folder of its study.

    ``deleted_at`` is when it was deleted; its file is gone or will be.
    """

    __tablename__ = "instance"
    __table_args__ = (
        UniqueConstraint("study_id", "sop_instance_uid"),
        Index("instance_by_series", "series_id"),
        Index("instance_by_uid", "sop_instance_uid", "study_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"))
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    sop_class_uid: Mapped[str] = mapped_column(String(64))
    transfer_syntax_uid: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BIG)
    received_at: Mapped[float]
    instance_number: Mapped[int | None]
    rows: Mapped[int | None]
    columns: Mapped[int | None]
    bits_allocated: Mapped[int | None]
    number_of_frames: Mapped[int | None]
    result_file: Mapped[str] = mapped_column(Text, default="", server_default="")
    deleted_at: Mapped[float | None]


class OutcomeRow(Base):
    """What an analysis of a study said; the latest row of a study is the one that is shown.

    ``folder`` names the folder of its result among those of its study; versions before 0.2 noted its path.
    """

    __tablename__ = "outcome"
    __table_args__ = (Index("outcome_by_study", "study_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    revision: Mapped[int]
    series_instance_uid: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    decision: Mapped[str | None] = mapped_column(String(16))
    reasons: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    probabilities: Mapped[dict[str, float] | None] = mapped_column(JSON)
    flagged: Mapped[list[str]] = mapped_column(JSON)
    uncertain: Mapped[list[str]] = mapped_column(JSON)
    withheld: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    model: Mapped[dict[str, str]] = mapped_column(JSON)
    seconds: Mapped[dict[str, float]] = mapped_column(JSON)
    image_distance: Mapped[dict[str, float] | None] = mapped_column(JSON)
    report_sop_instance_uid: Mapped[str | None] = mapped_column(String(64))
    folder: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[float]


class DeliveryRow(Base):
    """One report on its way to one destination.

    While it is being sent ``claimed_by`` names the node that does it, until its lease ends. ``tried_seconds`` is for
    how long it has been tried, by a clock that nobody can set; ``postponed_event_id`` the event that tells of the tries
    that failed. ``stored_objects`` are pairs of SOP Class and SOP Instance UID that the destination stored, where they
    shall be committed: ``commitment`` says how far that is (`CommitmentState`), in which transaction; the request is
    made again from ``commitment_due_at``, and the answer awaited until ``commitment_until``; ``commitment_tries``
    counts how often the report was not committed. ``waits_for`` says what one that is scheduled waits for
    (`WaitsFor`), ``scheduled_seconds`` for how long it was not to be sent; an ``escalation`` is sent only while nobody
    has acknowledged the study.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("destination", "sop_instance_uid"),
        Index("delivery_by_state", "state", "destination", "next_attempt_at"),
        Index("delivery_by_study", "study_id", "id"),
        _where("delivery_uncommitted", UNCOMMITTED, "destination", "commitment_due_at"),
        _where("delivery_by_transaction", UNCOMMITTED, "commitment_transaction"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    outcome_id: Mapped[int] = mapped_column(ForeignKey("outcome.id", ondelete="CASCADE"))
    destination: Mapped[str] = mapped_column(Text)
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    folder: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[float]
    next_attempt_at: Mapped[float]
    delivered_at: Mapped[float | None]
    last_error: Mapped[str] = mapped_column(Text, default="")
    claimed_by: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[float | None]
    last_attempt_at: Mapped[float | None]
    tried_seconds: Mapped[float] = mapped_column(default=0.0, server_default="0")
    postponed_event_id: Mapped[int | None]
    stored_objects: Mapped[list[list[str]] | None] = mapped_column(JSON(none_as_null=True))
    commitment: Mapped[str] = mapped_column(String(16), default="", server_default="")
    commitment_transaction: Mapped[str] = mapped_column(String(64), default="", server_default="")
    commitment_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    commitment_due_at: Mapped[float | None]
    commitment_until: Mapped[float | None]
    waits_for: Mapped[str] = mapped_column(String(16), default="", server_default="")
    scheduled_seconds: Mapped[float] = mapped_column(default=0.0, server_default="0")
    escalation: Mapped[bool] = mapped_column(default=False, server_default=false())


class ReasonRow(Base):
    """A reason why a study's latest analysis gave no answer, so that the studies of a rare one are found at once."""

    __tablename__ = "study_reason"
    # The rows lie in the order they are shown in.
    __table_args__ = (Index("study_reason_by_study", "study_id"), {"sqlite_with_rowid": False})

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    first_received_at: Mapped[float] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"), primary_key=True)


class InstallationRow(Base):
    """The data folder, by the UID of its device, that the one row says this database belongs to.

    ``database_uid`` is the database's own, by which a folder knows it.
    """

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    device_uid: Mapped[str] = mapped_column(String(64))
    database_uid: Mapped[str] = mapped_column(String(64), default="", server_default="")


def as_dict(row: Base) -> dict[str, Any]:
    """Return a row's columns by name."""
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}
