"""Studies as workitems of the Unified Worklist (PS3.4 Annex CC, PS3.18 Section 11): read only."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from sqlalchemy import ColumnElement, RowMapping, false, not_, or_, select
from sqlalchemy.orm import Session

from triage_node.database import (
    Database,
    InstanceRow,
    OutcomeRow,
    Rank,
    SeriesRow,
    StudyRow,
    StudyState,
    group_of,
    latest_outcomes,
)
from triage_node.errors import InvalidInput, StudyNotFound
from triage_node.findings import Decision
from triage_node.search.attributes import Attribute, Kind, Level
from triage_node.search.matching import STUDY, Match, between, match, unindexed
from triage_node.search.search import page_of

STATES: Mapping[str, tuple[StudyState, ...]] = {
    "SCHEDULED": (StudyState.RECEIVING, StudyState.READY),
    "IN PROGRESS": (StudyState.ANALYZING,),
    "COMPLETED": (StudyState.ANALYZED,),
    "CANCELED": (StudyState.UNSUITABLE, StudyState.FAILED),
}
"""Procedure Step State (0074,1000) of a study's analysis."""
HIGH, MEDIUM, LOW = "HIGH", "MEDIUM", "LOW"
READY, INCOMPLETE = "READY", "INCOMPLETE"
DATE_TIME = re.compile(r"\d{8}(\d{6}(\.\d{1,6})?)?")

KEYS = {
    attribute.keyword: attribute
    for attribute in (
        Attribute("SOPInstanceUID", Level.STUDY, "workitem_uid", Kind.UID),
        Attribute("PatientName", Level.STUDY, "patient_name", Kind.NAME),
        Attribute("PatientID", Level.STUDY, "patient_id"),
        Attribute("PatientBirthDate", Level.STUDY, "patient_birth_date", Kind.DATE),
        Attribute("PatientSex", Level.STUDY, "patient_sex"),
        Attribute("ReferencedRequestSequence.AccessionNumber", Level.STUDY, "accession_number"),
        Attribute("ReferencedRequestSequence.StudyInstanceUID", Level.STUDY, "study_instance_uid", Kind.UID),
        Attribute("InputInformationSequence.StudyInstanceUID", Level.STUDY, "study_instance_uid", Kind.UID),
        Attribute("ProcedureStepState", Level.STUDY, ""),
        Attribute("ScheduledProcedureStepPriority", Level.STUDY, ""),
        Attribute("InputReadinessState", Level.STUDY, ""),
        Attribute("ScheduledProcedureStepStartDateTime", Level.STUDY, "first_received_at"),
        Attribute("ScheduledProcedureStepModificationDateTime", Level.STUDY, "changed_at"),
    )
}
"""What a search for workitems matches."""


@dataclass(frozen=True, slots=True)
class WorkitemOutcome:
    """What the latest analysis said; ``messages`` are those of its reasons, ``folder`` the name of its result's."""

    decision: str | None
    messages: Sequence[str]
    flagged: Sequence[str]
    uncertain: Sequence[str]
    folder: str | None
    created_at: float

    @classmethod
    def of(cls, row: OutcomeRow) -> "WorkitemOutcome":
        """Return what a row says."""
        messages = [reason["message"] for reason in row.reasons]
        return cls(row.decision, messages, row.flagged, row.uncertain, row.folder, row.created_at)


@dataclass(frozen=True, slots=True)
class WorkitemSeries:
    """A series that was received: its UID, and the pairs of class and UID of its instances."""

    series_instance_uid: str
    instances: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Workitem:
    """A study as a workitem; times in seconds since 1970. Only one that was asked for by itself has its series."""

    id: int
    workitem_uid: str
    study_instance_uid: str
    patient_name: str
    patient_id: str
    patient_birth_date: str
    patient_sex: str
    accession_number: str
    study_description: str
    referring_physician_name: str
    state: str
    priority: int
    decision: str | None
    withheld_types: str
    first_received_at: float
    changed_at: float
    claimed_at: float | None
    outcome: WorkitemOutcome | None = None
    series: Sequence[WorkitemSeries] = ()


class Workitems:
    """Find and read workitems."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(self, keys: Sequence[tuple[Attribute, str]], limit: int, offset: int) -> list[Workitem]:
        """Return workitems that match all keys of `KEYS`.

        Raises
        ------
        InvalidInput
            A value cannot be matched with its attribute.
        """
        with self._database.read() as session:
            dialect = session.get_bind().dialect.name
            matches = [_match(attribute, value, dialect) for attribute, value in keys]
            wanted = select(*StudyRow.__table__.c).where(*(one.condition for one in matches))
            rows = page_of(session, wanted, Level.STUDY, matches, limit, offset)
            outcomes = latest_outcomes(session, [row["id"] for row in rows])
            return [_workitem(row, outcomes.get(row["id"])) for row in rows]

    def get(self, uid: str) -> Workitem:
        """Return a workitem with its series.

        Raises
        ------
        StudyNotFound
            There is no such workitem.
        """
        found = self.search([(KEYS["SOPInstanceUID"], uid)], 1, 0)
        if not found or found[0].workitem_uid != uid:
            raise StudyNotFound("The worklist has no such workitem.")
        with self._database.read() as session:
            return replace(found[0], series=_series(session, found[0].id))


def priority_of(study: Workitem) -> str:
    """Return HIGH for what is read first, else MEDIUM; nothing is ever lowered."""
    group = group_of(study.decision, study.priority, study.withheld_types)
    return HIGH if group.rank is Rank.FIRST else MEDIUM


def state_of(study: Workitem) -> str:
    """Return the Procedure Step State."""
    return next(name for name, states in STATES.items() if study.state in states)


def readiness_of(study: Workitem) -> str:
    """Return the Input Readiness State (PS3.3 C.30.2)."""
    return INCOMPLETE if study.state == StudyState.RECEIVING else READY


def _workitem(row: RowMapping, outcome: OutcomeRow | None) -> Workitem:
    columns = {one.name: row[one.name] for one in fields(Workitem) if one.name in row}
    return Workitem(**columns, outcome=None if outcome is None else WorkitemOutcome.of(outcome))


def _match(attribute: Attribute, value: str, dialect: str) -> Match:
    if value and attribute.keyword in _OWN:
        return _OWN[attribute.keyword](value)
    if value and attribute.column in ("first_received_at", "changed_at"):
        return _moment(attribute, value)
    return match(attribute, value, dialect)


def _state(value: str) -> Match:
    states = STATES.get(value, ())
    condition = unindexed(STUDY.state).in_(states)
    candidates = select(STUDY.id).where(STUDY.state.in_(states))
    if len(states) == 1:
        candidates = candidates.order_by(STUDY.first_received_at.desc(), STUDY.id.desc())
    return Match(condition, candidates)


def _priority(value: str) -> Match:
    is_high = or_(unindexed(STUDY.decision) == Decision.FLAGGED, STUDY.priority > 0, STUDY.withheld_types != "")
    conditions: dict[str, ColumnElement[bool]] = {HIGH: is_high, MEDIUM: not_(is_high)}
    return Match(conditions.get(value, false()))


def _readiness(value: str) -> Match:
    is_incomplete = unindexed(STUDY.state) == StudyState.RECEIVING
    conditions: dict[str, ColumnElement[bool]] = {INCOMPLETE: is_incomplete, READY: not_(is_incomplete)}
    return Match(conditions.get(value, false()))


_OWN = {
    "ProcedureStepState": _state,
    "ScheduledProcedureStepPriority": _priority,
    "InputReadinessState": _readiness,
}


def _moment(attribute: Attribute, value: str) -> Match:
    """Match a range of local times; a day means all of it."""
    first, dash, last = value.partition("-")
    last = last if dash else first
    if not (first or last) or not all(DATE_TIME.fullmatch(one) for one in (first, last) if one):
        raise InvalidInput(f"{attribute.keyword} is YYYYMMDD or YYYYMMDDHHMMSS, or a range of them with a hyphen.")
    own = STUDY[attribute.column]
    start = _seconds(first, "000000") if first else 0.0
    # Whole seconds of the last one are within.
    end = _seconds(last, "235959") + 0.999999 if last else float(2**53)
    condition = between(unindexed(own), start, end)
    if attribute.column != "first_received_at":
        return Match(condition)
    within = between(own, start, end)
    return Match(condition, select(STUDY.id).where(within).order_by(own.desc(), STUDY.id.desc()))


def _seconds(text: str, rest: str) -> float:
    whole = text.partition(".")[0]
    try:
        return time.mktime(time.strptime((whole + rest)[:14], "%Y%m%d%H%M%S"))
    except (ValueError, OverflowError) as error:
        raise InvalidInput("A date of the query is no day of the calendar.") from error


def _series(session: Session, study_id: int) -> list[WorkitemSeries]:
    query = (
        select(SeriesRow.series_instance_uid, InstanceRow.sop_class_uid, InstanceRow.sop_instance_uid)
        .join(InstanceRow, InstanceRow.series_id == SeriesRow.id)
        .where(SeriesRow.study_id == study_id, InstanceRow.result_file == "")
        .order_by(SeriesRow.id, InstanceRow.id)
    )
    series: dict[str, list[tuple[str, str]]] = {}
    for uid, sop_class_uid, sop_instance_uid in session.execute(query):
        series.setdefault(uid, []).append((sop_class_uid, sop_instance_uid))
    return [WorkitemSeries(uid, instances) for uid, instances in series.items()]
