from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import sr_validators
from pydicom import config, dcmread
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from triage_node.findings import LABELS, Calibration, Label, ModelIdentity, Prediction
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import BestSlice, ReportContent

MODEL = ModelIdentity("ich-resnet", "1.2.0", "ab" * 32)


@pytest.fixture
def make_source() -> Callable[..., Dataset]:
    def make(number: int = 1, **values: object) -> Dataset:
        header = {
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
            "SOPInstanceUID": f"1.2.826.0.1.3680043.10.511.3.{number}",
            "SeriesInstanceUID": "1.2.826.0.1.3680043.10.511.2",
            "StudyInstanceUID": "1.2.826.0.1.3680043.10.511.1",
            "PatientName": "Doe^Jane",
            "PatientID": "PID-7",
            "PatientBirthDate": "19500203",
            "PatientSex": "F",
            "StudyDate": "20260301",
            "StudyTime": "101500",
            "StudyID": "S1",
            "AccessionNumber": "A1",
            "ReferringPhysicianName": "House^Gregory",
            "Modality": "CT",
        }
        source = Dataset()
        for keyword, value in (header | values).items():
            if value is not None:
                vr = dictionary_VR(keyword)
                source[keyword] = DataElement(keyword, vr, value, validation_mode=config.IGNORE)
        return source

    return make


@pytest.fixture
def make_prediction() -> Callable[..., Prediction]:
    def make(flagged: tuple[Label, ...] = (), uncertain: tuple[Label, ...] = ()) -> Prediction:
        score = {label: 0.934 if label in flagged else 0.5 if label in uncertain else 0.021 for label in LABELS}
        slices = np.tile(np.array(list(score.values()), np.float32), (3, 1))
        return Prediction(MODEL, score, slices, flagged, uncertain)

    return make


@pytest.fixture
def flagged(make_source, make_prediction) -> ReportContent:
    sources = tuple(make_source(number) for number in range(1, 4))
    best = BestSlice(sources[1].SOPInstanceUID, sources[1].SOPClassUID)
    return ReportContent(
        sources=sources,
        prediction=make_prediction((Label.ANY, Label.SUBDURAL, Label.INTRAVENTRICULAR), (Label.EPIDURAL,)),
        model=MODEL,
        node_version="0.1.0",
        device_uid="2.25.7777",
        station_name="TRIAGE",
        created_at=datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC),
        best_slices=dict.fromkeys(LABELS, best),
        parameters={"threshold any": "0.5", "slab mm": "5"},
        calibrations=dict.fromkeys(LABELS, Calibration(0.9, 0.4, "From 200 studies without and 100 with it.")),
        series_analyzed="Series 3: 30 slices of 5 mm.",
        series_not_analyzed=("Series 1: localizer.", "Series 2: also suitable."),
        revision=2,
    )


@pytest.fixture
def uncertain(flagged, make_prediction) -> ReportContent:
    return replace(flagged, prediction=make_prediction((), (Label.ANY, Label.SUBDURAL)))


@pytest.fixture
def not_flagged(flagged, make_prediction) -> ReportContent:
    return replace(flagged, prediction=make_prediction())


@pytest.fixture
def not_analyzed(flagged) -> ReportContent:
    reasons = (Reason.of(ReasonCode.CONTRAST), Reason.of(ReasonCode.OUT_OF_DISTRIBUTION, "Distance 3.4."))
    return replace(flagged, prediction=None, reasons=reasons, best_slices={}, series_analyzed="")


@pytest.fixture(params=["flagged", "uncertain", "not_flagged", "not_analyzed"])
def content(request: pytest.FixtureRequest) -> ReportContent:
    return request.getfixturevalue(request.param)


@pytest.fixture
def as_bytes() -> Callable[[Dataset], bytes]:
    def write(report: Dataset) -> bytes:
        buffer = BytesIO()
        report.save_as(buffer, enforce_file_format=True)
        return buffer.getvalue()

    return write


@pytest.fixture
def read_back(as_bytes) -> Callable[[Dataset], Dataset]:
    return lambda report: dcmread(BytesIO(as_bytes(report)))


@pytest.fixture
def complaints_of(tmp_path: Path) -> Callable[[Dataset], list[str]]:
    """The complaints of every validator that is installed; each `dciodvfy` counts on its own."""
    commands = sr_validators.installed("dciodvfy") + sr_validators.installed("dsrdump")
    if not commands:
        pytest.skip("neither dciodvfy nor dsrdump is installed")

    def complaints(report: Dataset) -> list[str]:
        path = tmp_path / "report.dcm"
        report.save_as(path, enforce_file_format=True)
        return [complaint for command in commands for complaint in sr_validators.complaints(command, path)]

    return complaints
