"""A report and what goes with it as files, and the outcome that the worklist keeps."""

import io
import json
from collections.abc import Mapping

from pydicom.dataset import Dataset

from triage_node.findings import LABELS, ModelIdentity
from triage_node.outcome import Outcome
from triage_node.pipeline.analysis import Analysis, Picture
from triage_node.pipeline.reporter import explanation_of
from triage_node.report import build_picture, report_variants

DIGITS = 7
"""Decimals of a score: as many as keep the highest of several that are nearly 1 the highest."""


def report_files(report: Dataset) -> dict[int, bytes]:
    """Return the files of a report by number, from 1 in the order in which a peer is offered them."""
    return {number: encoded(ds) for number, ds in enumerate(report_variants(report), start=1)}


def picture_file(report: Dataset, picture: Picture) -> bytes:
    """Return the file of the Secondary Capture that goes with a report."""
    explanation = explanation_of(picture)
    return encoded(build_picture(report, explanation.pixels, explanation.sources))


def slice_scores(analysis: Analysis) -> bytes | None:
    """Return what the model said of each received slice as JSON, None where it said nothing.

    A slice of a slab carries the slab's scores.
    """
    if analysis.prediction is None:
        return None
    rows = [
        {
            "sop_instance_uid": source.sop_instance_uid,
            "frame_number": source.frame_number,
            "probabilities": dict(zip(LABELS, (round(float(score), DIGITS) for score in scores), strict=True)),
        }
        for slab, scores in zip(analysis.sources, analysis.prediction.slice_probabilities, strict=True)
        for source in slab
    ]
    return json.dumps(rows).encode()


def outcome_of(
    analysis: Analysis,
    model: ModelIdentity,
    report: Dataset | None = None,
    folder: str | None = None,
    seconds: Mapping[str, float] | None = None,
) -> Outcome:
    """Return what the worklist keeps of an analysis."""
    prediction = analysis.prediction
    return Outcome(
        status=analysis.status,
        model=model,
        reasons=(*analysis.reasons, *(prediction.cautions if prediction else ())),
        image_distance=prediction.distance if prediction else None,
        series_instance_uid=analysis.series.series_instance_uid if analysis.series else None,
        decision=prediction.decision if prediction else None,
        probabilities=prediction.probabilities if prediction else None,
        flagged=prediction.flagged if prediction else (),
        uncertain=prediction.uncertain if prediction else (),
        withheld=prediction.withheld if prediction else None,
        seconds=seconds or analysis.seconds,
        report_sop_instance_uid=str(report.SOPInstanceUID) if report is not None else None,
        folder=folder,
    )


def encoded(ds: Dataset) -> bytes:
    """Return an object as a file."""
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
