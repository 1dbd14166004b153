"""A DICOM object that the node made of a study, as DICOMweb lists it."""

from dataclasses import dataclass
from pathlib import Path

TAGS = (
    "SOPClassUID", "SOPInstanceUID", "Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber",
    "InstanceNumber", "Rows", "Columns", "BitsAllocated",
)  # fmt: skip


@dataclass(frozen=True)
class ResultObject:
    """A report or what goes with it; ``file`` is its place in the folder of its study."""

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


def read_object(path: Path, file: str) -> ResultObject:
    """Read the header of an object; what is damaged may raise anything."""
    from pydicom import dcmread

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
        file=file,
        rows=ds.get("Rows"),
        columns=ds.get("Columns"),
        bits_allocated=ds.get("BitsAllocated"),
    )
