"""A worker's hold on a study, and what of the study it was made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage_node.database import OutcomeRow, SeriesRow, StudyRow, StudyState

MOST_INTERRUPTIONS = 10
"""So often in a row may the end of its node cut a study's analysis off: one that ends whole machines is given up."""


@dataclass(frozen=True)
class Claim:
    """A study that one worker has to itself until its lease ends.

    ``closed`` tells that the study counts as complete; ``exhausted`` that all tries failed and the last one ended its
    worker, so that all there is left to do is to say so; ``interrupted`` that it was the node that ended each time;
    ``series_counts`` are the instances each series had at the claim, by Series Instance UID.
    """

    study_instance_uid: str
    worker: str
    revision: int
    closed: bool
    exhausted: bool
    interrupted: bool
    series_counts: Mapping[str, int]
    predecessor_folder: str | None


def claim_of(session: Session, study: StudyRow, worker: str, *, exhausted: bool) -> Claim:
    """Return the claim of a worker on a study as it is now."""
    latest = (
        select(OutcomeRow.folder)
        .where(OutcomeRow.study_id == study.id, OutcomeRow.folder.is_not(None))
        .order_by(OutcomeRow.id.desc())
        .limit(1)
    )
    return Claim(
        study_instance_uid=study.study_instance_uid,
        worker=worker,
        revision=study.revision,
        closed=study.closed_at is not None,
        exhausted=exhausted,
        interrupted=study.interruptions >= MOST_INTERRUPTIONS,
        series_counts=_series_counts(session, study),
        predecessor_folder=session.scalar(latest),
    )


def claimed_study(session: Session, claim: Claim) -> StudyRow | None:
    """Return the study, to be changed; None when it was taken away."""
    return session.scalar(
        select(StudyRow)
        .where(
            StudyRow.study_instance_uid == claim.study_instance_uid,
            StudyRow.state == StudyState.ANALYZING,
            StudyRow.claimed_by == claim.worker,
        )
        .with_for_update()
    )


def has_grown(session: Session, study: StudyRow, claim: Claim, series_instance_uid: str | None) -> bool:
    """Tell whether a series has got more instances since the claim."""
    if series_instance_uid is None:
        return False
    return _series_counts(session, study).get(series_instance_uid) != claim.series_counts.get(series_instance_uid)


def _series_counts(session: Session, study: StudyRow) -> dict[str, int]:
    rows = session.execute(
        select(SeriesRow.series_instance_uid, SeriesRow.instance_count).where(SeriesRow.study_id == study.id)
    )
    return {row.series_instance_uid: row.instance_count for row in rows}
