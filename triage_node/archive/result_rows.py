"""What a scan says of each series, and of each file that has no part in one, as rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from triage_node.findings import LABELS, ModelIdentity
from triage_node.imaging import Series, SeriesSelection, text
from triage_node.outcome import Status
from triage_node.pipeline import Analysis
from triage_node.reasons import SENTENCES, Reason, ReasonCode

NOT_CHOSEN = "not_chosen"
"""Status of a series that could be analyzed and is not: another one of its study is."""

_REASON = pa.struct([("code", pa.string()), ("message", pa.string())])
_SERIES = [
    ("study_number", pa.int64()),
    ("study_instance_uid", pa.string()),
    ("series_instance_uid", pa.string()),
    ("modality", pa.string()),
    ("files", pa.int32()),
    ("status", pa.string()),
    ("decision", pa.string()),
    *((f"p_{label}", pa.float64()) for label in LABELS),
    ("flagged", pa.list_(pa.string())),
    ("uncertain", pa.list_(pa.string())),
    ("withheld", pa.list_(pa.string())),
    ("reasons", pa.list_(_REASON)),
    ("slices_left_out", pa.int32()),
    ("image_distance", pa.float64()),
    ("model_name", pa.string()),
    ("model_version", pa.string()),
    ("model_sha256", pa.string()),
    ("fetch_seconds", pa.float64()),
    ("read_seconds", pa.float64()),
    ("infer_seconds", pa.float64()),
]
PATIENT = {
    "patient_id": "PatientID",
    "patient_name": "PatientName",
    "patient_birth_date": "PatientBirthDate",
    "patient_sex": "PatientSex",
    "accession_number": "AccessionNumber",
    "study_date": "StudyDate",
    "study_description": "StudyDescription",
    "series_description": "SeriesDescription",
}
"""Columns that are written only when asked for, and the element of each; `path` belongs to them."""
SKIPPED = pa.schema(
    [
        ("study_number", pa.int64()),
        ("study_instance_uid", pa.string()),
        ("path", pa.string()),
        ("why", pa.string()),
        ("is_damaged", pa.bool_()),
    ]
)


def series_schema(with_patient: bool) -> pa.Schema:
    """Return the columns of the table of series."""
    return pa.schema([*_SERIES, *((name, pa.string()) for name in (*PATIENT, "path") if with_patient)])


@dataclass(frozen=True)
class StudyRows:
    """What is said of one study; ready for JSON.

    Attributes
    ----------
    series
        A row a series, at least one.
    skipped
        A row for each of its files that has no part in a series.
    seconds
        How long the process was busy with it.
    """

    number: int
    series: list[dict[str, Any]]
    skipped: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


def row_without_series(number: int, study_instance_uid: str, why: Reason, model: ModelIdentity) -> dict[str, Any]:
    """Return the row of a study of which no series can be told."""
    return {
        "study_number": number,
        "study_instance_uid": study_instance_uid,
        "files": 0,
        "status": Status.FAILED.value,
        "reasons": [_reason(why, True)],
        **_model(model),
    }


def series_rows(
    number: int,
    analysis: Analysis,
    selection: SeriesSelection,
    model: ModelIdentity,
    with_patient: bool,
    names: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    """Yield a row for each series of a study.

    Parameters
    ----------
    names
        What the files are called in the archive, by their path here.
    """
    for series, reasons in selection.assessments:
        row = {
            "study_number": number,
            "study_instance_uid": series.study_instance_uid,
            "series_instance_uid": series.series_instance_uid,
            "modality": series.modality,
            "files": len(series.instances),
            **_model(model),
        }
        if series is analysis.series:
            row |= _answer(analysis, with_patient)
        elif reasons:
            row |= {"status": Status.UNSUITABLE.value, "reasons": [_reason(one, with_patient) for one in reasons]}
        else:
            why = f"Suitable too; {selection.behind(series)}."
            row |= {"status": NOT_CHOSEN, "reasons": [{"code": NOT_CHOSEN, "message": why}]}
        yield row | (_patient(series, names) if with_patient else {})


def _answer(analysis: Analysis, with_patient: bool) -> dict[str, Any]:
    prediction = analysis.prediction
    reasons = (*analysis.reasons, *(prediction.cautions if prediction else ()))
    row: dict[str, Any] = {
        "status": analysis.status.value,
        "reasons": [_reason(one, with_patient) for one in reasons],
        "slices_left_out": len(analysis.skipped),
        "read_seconds": analysis.seconds.get("read"),
        "infer_seconds": analysis.seconds.get("infer"),
    }
    if prediction is None:
        return row
    return row | {
        "decision": prediction.decision.value,
        **{f"p_{label}": float(value) for label, value in prediction.probabilities.items()},
        "flagged": list(prediction.flagged),
        "uncertain": list(prediction.uncertain),
        "withheld": None if prediction.withheld is None else list(prediction.withheld),
        "image_distance": prediction.distance.value if prediction.distance else None,
    }


def _reason(reason: Reason, with_patient: bool) -> dict[str, str]:
    """Return a reason; of missing slices the files are named, and some call their files by the patient's name."""
    is_told = with_patient or reason.code is not ReasonCode.SLICES_MISSING
    return {"code": reason.code.value, "message": reason.message if is_told else SENTENCES[reason.code]}


def _model(model: ModelIdentity) -> dict[str, str]:
    return {"model_name": model.name, "model_version": model.version, "model_sha256": model.sha256}


def _patient(series: Series, names: Mapping[str, str]) -> dict[str, Any]:
    first = series.instances[0]
    row = {column: text(first.header, keyword) for column, keyword in PATIENT.items()}
    return row | {"path": names.get(str(first.path), "")}
