"""The pages of a node over a study with two series, scores, thresholds and an explanation; without a model."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from ct import head_ct, save
from made_results import MODEL
from pydicom.dataset import Dataset
from site_instances import keep
from sites import Site

from triage_node.config import Settings
from triage_node.findings import LABELS, Calibration, Decision, Label, Prediction
from triage_node.outcome import Outcome, Status
from triage_node.pipeline.reporting import report_files
from triage_node.report import BestSlice, ReportContent, build_report
from triage_node.storage import ResultContent, hashed
from triage_node.web.server import WebServer
from triage_node.worklist import Worklist

SLICES = 32
BEST = {Label.ANY: 20, Label.SUBDURAL: 20, Label.SUBARACHNOID: 9}
"""Index of the best slice, from the feet, of each label that is flagged or uncertain."""
PROBABILITIES = {
    Label.EPIDURAL: 0.02, Label.INTRAPARENCHYMAL: 0.44, Label.INTRAVENTRICULAR: 0.05,
    Label.SUBARACHNOID: 0.5, Label.SUBDURAL: 0.85, Label.ANY: 0.9,
}  # fmt: skip
LIMITS = dict.fromkeys(LABELS, Calibration(0.8, 0.45, "From 200 studies without and 100 with it."))
FLAGGED = (Label.SUBDURAL, Label.ANY)
UNCERTAIN = (Label.SUBARACHNOID,)


@dataclass(frozen=True)
class ReadingRoom:
    """A site that is served, and its study; the thin series was not analyzed."""

    site: Site
    address: str
    study: str
    analyzed: str
    thin: str


@contextmanager
def reading_room(
    folder: Path, slices: int = SLICES, size: tuple[int, int] = (128, 128), **options: object
) -> Iterator[ReadingRoom]:
    """Serve the pages until the end."""
    settings = Settings(
        data_dir=folder / "data",
        web_port=0,
        web_sign_ins_per_minute=600,
        prior_study_days=0,
        disk_reserve_mb=1,
        **options,
    )
    clock = time.time() - 600
    worklist = Worklist(settings, lambda: clock)
    worklist.prepare()
    with Site(settings, worklist) as site:
        thick = head_ct(slices=slices, size=size, SeriesNumber=2, SeriesDescription="HEAD 5mm")
        thin = head_ct(slices=12, size=size, thickness_mm=1.0, SeriesNumber=3, SeriesDescription="HEAD 1mm bone")
        # Many scanners count from the head.
        for ds in thick:
            ds.InstanceNumber = slices + 1 - ds.InstanceNumber
        keep(site, save([*thick, *thin], folder / "sent"))
        clock += 300
        site.worklist.study_completion.advance()
        finish(site, thick)
        server = WebServer(settings, site.worklist, site.spool)
        server.start()
        try:
            uids = str(thick[0].StudyInstanceUID), str(thick[0].SeriesInstanceUID), str(thin[0].SeriesInstanceUID)
            yield ReadingRoom(site, server.address, *uids)
        finally:
            server.stop()
    worklist.close()


def finish(site: Site, datasets: Sequence[Dataset], limits: Mapping[Label, Calibration] = LIMITS) -> None:
    """Write the outcome of the study that is ready, as a worker leaves it."""
    claim = site.worklist.claims.claim("worker")
    assert claim is not None
    report = _report(datasets, limits)
    outcome = Outcome(
        Status.ANALYZED,
        MODEL,
        series_instance_uid=str(datasets[0].SeriesInstanceUID),
        decision=Decision.FLAGGED,
        probabilities=PROBABILITIES,
        flagged=FLAGGED,
        uncertain=UNCERTAIN,
        withheld=(),
        report_sop_instance_uid=str(report.SOPInstanceUID),
        folder=hashed(str(report.SOPInstanceUID)),
    )
    stored = outcome.as_dict() | {"revision": claim.revision, "created_at": 1.0}
    result = site.spool.result(claim.study_instance_uid, outcome.folder)
    result.keep(ResultContent(stored, report_files(report), slice_scores=_scores(datasets), explanation=_picture()))
    assert site.worklist.claims.finish(claim, outcome, [], result.objects())


def _report(datasets: Sequence[Dataset], limits: Mapping[Label, Calibration]) -> Dataset:
    best = {label: _reference(datasets[at]) for label, at in BEST.items()}
    by_slice = np.full((len(datasets), len(LABELS)), 0.1, np.float32)
    content = ReportContent(
        sources=tuple(datasets),
        best_slices=best,
        prediction=Prediction(MODEL, PROBABILITIES, by_slice, FLAGGED, UNCERTAIN),
        model=MODEL,
        node_version="0.1.0",
        device_uid="2.25.7777",
        station_name="TRIAGE",
        created_at=datetime(2026, 3, 2, 1, 35, tzinfo=UTC),
        calibrations=limits,
    )
    return build_report(content)


def _reference(ds: Dataset) -> BestSlice:
    return BestSlice(str(ds.SOPInstanceUID), str(ds.SOPClassUID))


def _scores(datasets: Sequence[Dataset]) -> bytes:
    rows = [
        {
            "sop_instance_uid": str(ds.SOPInstanceUID),
            "frame_number": None,
            "probabilities": {label: 0.9 if BEST.get(label) == at else 0.1 + at / 1e4 for label in LABELS},
        }
        for at, ds in enumerate(datasets)
    ]
    return json.dumps(rows).encode()


def _picture() -> bytes:
    return cv2.imencode(".png", np.full((64, 128, 3), 90, np.uint8))[1].tobytes()
