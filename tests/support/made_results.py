"""A study of a site with a report on the disk, as a worker leaves it, without a model."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from sites import Site

from triage_node.findings import LABELS, Decision, Label, ModelIdentity, Prediction
from triage_node.outcome import ObjectKind, Outcome, Status
from triage_node.pipeline.reporting import encoded, report_files
from triage_node.report import (
    BestSlice,
    ReportContent,
    build_key_objects,
    build_pdf,
    build_picture,
    build_report,
    build_summary,
)
from triage_node.storage import ResultContent, hashed

MODEL = ModelIdentity("net", "1", "ab" * 32)
FLAGGED = (Label.ANY, Label.SUBDURAL)


def report_of(paths: Sequence[Path], predecessor: Dataset | None = None) -> Dataset:
    """Return a report that flags the images in files, most of all the second."""
    sources = tuple(dcmread(path, stop_before_pixels=True) for path in paths)
    best = BestSlice(str(sources[1].SOPInstanceUID), str(sources[1].SOPClassUID)) if len(sources) > 1 else None
    scores = {label: 0.9 if label in FLAGGED else 0.1 for label in LABELS}
    slices = np.tile(np.array(list(scores.values()), np.float32), (3, 1))
    return build_report(
        ReportContent(
            sources=sources,
            best_slices=dict.fromkeys(FLAGGED, best) if best else {},
            prediction=Prediction(MODEL, scores, slices, FLAGGED, ()),
            model=MODEL,
            node_version="0.1.0",
            device_uid="2.25.7777",
            station_name="TRIAGE",
            created_at=datetime(2026, 3, 2, 1, 35, tzinfo=UTC),
            predecessor=predecessor,
        )
    )


BUILDERS = {
    ObjectKind.SUMMARY: build_summary,
    ObjectKind.KEY_OBJECTS: build_key_objects,
    ObjectKind.PDF: build_pdf,
}


def finish(
    site: Site,
    paths: Sequence[Path],
    predecessor: Dataset | None = None,
    *,
    picture: bool = False,
    objects: Sequence[ObjectKind] = (),
) -> Dataset:
    """Write the outcome of the study that is ready, and return its report."""
    claim = site.worklist.claims.claim("worker")
    assert claim is not None
    report = report_of(paths, predecessor)
    drawn = io.BytesIO()
    build_picture(report, np.zeros((8, 6, 3), np.uint8)).save_as(drawn, enforce_file_format=True)
    result = site.spool.result(claim.study_instance_uid, hashed(str(report.SOPInstanceUID)))
    outcome = Outcome(
        Status.ANALYZED,
        MODEL,
        series_instance_uid=str(dcmread(paths[0]).SeriesInstanceUID),
        decision=Decision.FLAGGED,
        probabilities=dict.fromkeys(LABELS, 0.9),
        flagged=FLAGGED,
        report_sop_instance_uid=str(report.SOPInstanceUID),
        folder=result.name,
    )
    stored = outcome.as_dict() | {"revision": claim.revision, "created_at": 1.0}
    made = {kind: encoded(BUILDERS[kind](report)) for kind in objects}
    content = ResultContent(stored, report_files(report), picture=drawn.getvalue() if picture else None, objects=made)
    result.keep(content)
    assert site.worklist.claims.finish(claim, outcome, [], result.objects())
    return report
