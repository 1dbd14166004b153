"""What the node itself made of a study, listed with the instances it received, so that DICOMweb finds it."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from sqlalchemy import select
from sqlalchemy.orm import Session

from triage_node.database import InstanceRow, SeriesRow, StudyRow
from triage_node.logs import origin

log = logging.getLogger(__name__)

FIRST_REPORT = "report-1.dcm"
"""The report in the class that is offered first; the others say the same and are for peers that take no other."""
FILES = (FIRST_REPORT, "picture.dcm")
TAGS = (
    "SOPClassUID", "SOPInstanceUID", "Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber",
    "InstanceNumber", "Rows", "Columns", "BitsAllocated",
)  # fmt: skip


@dataclass(frozen=True)
class ResultObject:
    """A DICOM object of a result; ``file`` is its place in the folder of its study."""

    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    modality: str
    series_description: str
    series_number: int
    instance_number: int
    size_bytes: int
    file: str
    rows: int | None = None
    columns: int | None = None
    bits_allocated: int | None = None


def results_in(folder: Path) -> list[ResultObject]:
    """Return the objects in the folder of a result: the report, and the picture where one is sent."""
    return list(_readable(folder))


def _readable(folder: Path) -> Iterator[ResultObject]:
    for name in FILES:
        path = folder / name
        try:
            if path.is_file():
                yield _result(path)
        except Exception as error:  # the border to bytes on a disk: pydicom raises anything
            log.error("result_unreadable file=%s/%s error=%s", folder.name, name, origin(error))


def _result(path: Path) -> ResultObject:
    ds = dcmread(path, specific_tags=list(TAGS), stop_before_pixels=True)
    return ResultObject(
        series_instance_uid=str(ds.SeriesInstanceUID),
        sop_instance_uid=str(ds.SOPInstanceUID),
        sop_class_uid=str(ds.SOPClassUID),
        transfer_syntax_uid=str(ds.file_meta.TransferSyntaxUID),
        modality=str(ds.Modality),
        series_description=str(ds.SeriesDescription),
        series_number=int(ds.SeriesNumber),
        instance_number=int(ds.InstanceNumber),
        size_bytes=path.stat().st_size,
        file=f"results/{path.parent.name}/{path.name}",
        rows=ds.get("Rows"),
        columns=ds.get("Columns"),
        bits_allocated=ds.get("BitsAllocated"),
    )


def list_results(session: Session, study: StudyRow, results: Sequence[ResultObject], at: float) -> None:
    """Write a row for each object that has none; one that a PACS sent back has one."""
    for result in results:
        known = select(InstanceRow.id).where(
            InstanceRow.study_id == study.id, InstanceRow.sop_instance_uid == result.sop_instance_uid
        )
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
