"""What the node itself made of a study, listed with the instances it received, so that DICOMweb finds it."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from triage_node.database import InstanceRow, SeriesRow, StudyRow
from triage_node.storage import ResultObject


def list_results(session: Session, study: StudyRow, results: Sequence[ResultObject], at: float) -> None:
    """Write a row for each object that has none; one that a PACS sent back has one."""
    for result in results:
        known = select(InstanceRow.id).where(
            InstanceRow.study_id == study.id, InstanceRow.sop_instance_uid == result.sop_instance_uid
        )
        session.execute(update(InstanceRow).where(InstanceRow.id.in_(known)).values(deleted_at=None))
        if session.scalar(known) is None:
            series = _series(session, study, result, at)
            series.instance_count += 1
            session.add(_instance(study, series, result, at))
            session.flush()


def _series(session: Session, study: StudyRow, result: ResultObject, at: float) -> SeriesRow:
    uid = result.series_instance_uid
    found = session.scalar(
        select(SeriesRow).where(SeriesRow.study_id == study.id, SeriesRow.series_instance_uid == uid)
    )
    if found is not None:
        return found
    series = SeriesRow(
        study_id=study.id,
        series_instance_uid=uid,
        modality=result.modality,
        series_description=result.series_description,
        series_number=result.series_number,
        instance_count=0,
        last_received_at=at,
        is_result=True,
    )
    session.add(series)
    session.flush()
    return series


def _instance(study: StudyRow, series: SeriesRow, result: ResultObject, at: float) -> InstanceRow:
    return InstanceRow(
        study_id=study.id,
        series_id=series.id,
        sop_instance_uid=result.sop_instance_uid,
        sop_class_uid=result.sop_class_uid,
        transfer_syntax_uid=result.transfer_syntax_uid,
        size_bytes=result.size_bytes,
        received_at=at,
        instance_number=result.instance_number,
        rows=result.rows,
        columns=result.columns,
        bits_allocated=result.bits_allocated,
        result_file=result.file,
    )
