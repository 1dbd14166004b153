"""OHIF opens our studies and every report: from the node's DICOMweb, and from Orthanc in both styles."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from ct import head_ct, save
from ohif import DOCUMENT, Ohif, Viewer
from pacs import Orthanc
from playwright.sync_api import expect
from pydicom import dcmread
from pydicom.dataset import Dataset

from triage_node.delivery import Caller, target_of
from triage_node.endpoints import Destination
from triage_node.findings import LABELS, Label, ModelIdentity, Prediction
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import (
    BestSlice,
    ReportContent,
    as_measurement_report,
    build_key_objects,
    build_pdf,
    build_report,
    build_summary,
    codes,
    report_variants,
    summarize,
)

MODEL = ModelIdentity("net", "1", "ab" * 32)
LONG = 60_000
BEST = 7


@pytest.fixture
def open_viewer(browser: Any) -> Iterator[Callable[[Ohif, str], Viewer]]:
    viewers: list[Viewer] = []

    def open_viewer(ohif: Ohif, uid: str) -> Viewer:
        viewers.append(Viewer.of(browser, ohif.address, uid))
        return viewers[-1]

    yield open_viewer
    for viewer in viewers:
        viewer.screen.context.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Ohif]]:
    served: list[Ohif] = []

    def serve(*arguments: Any) -> Ohif:
        served.append(Ohif(*arguments))
        return served[-1]

    yield serve
    for ohif in served:
        ohif.stop()


def contents(images: list[Dataset]) -> list[ReportContent]:
    """Return a content of each branch: flagged, uncertain, not flagged, not analyzed."""

    def prediction(flagged: tuple[Label, ...] = (), uncertain: tuple[Label, ...] = ()) -> Prediction:
        scores = {label: 0.93 if label in flagged else 0.5 if label in uncertain else 0.02 for label in LABELS}
        return Prediction(MODEL, scores, np.zeros((3, len(LABELS)), np.float32), flagged, uncertain)

    best = BestSlice(str(images[BEST].SOPInstanceUID), str(images[BEST].SOPClassUID))
    flagged = ReportContent(
        sources=tuple(images),
        prediction=prediction((Label.ANY, Label.SUBDURAL), (Label.INTRAVENTRICULAR,)),
        model=MODEL,
        node_version="1.0",
        device_uid="2.25.7777",
        station_name="TRIAGE",
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        best_slices=dict.fromkeys(LABELS, best),
    )
    return [
        flagged,
        replace(flagged, prediction=prediction((), (Label.ANY, Label.SUBDURAL))),
        replace(flagged, prediction=prediction(), best_slices={}),
        replace(flagged, prediction=None, best_slices={}, reasons=(Reason.of(ReasonCode.CONTRAST),)),
    ]


@pytest.fixture
def images(tmp_path, start) -> tuple[Orthanc, list[Dataset]]:
    """A study in an Orthanc that has its DICOMweb plugin; the headers of its images."""
    orthanc = start(Orthanc, "orthanc", dicomweb_servers={})
    files = save(head_ct(slices=12, size=(128, 128), lesion="subdural"), tmp_path / "study")
    for file in files:
        orthanc.upload(file)
    return orthanc, [dcmread(file, stop_before_pixels=True) for file in files]


def store(orthanc: Orthanc, variants: list[Dataset]) -> Dataset:
    """Send a report as it is delivered, and return it as Orthanc serves it over DICOMweb."""
    target = target_of(Destination.parse(orthanc.address), Caller("TRIAGE", 5.0, 30.0))
    try:
        stored = target.send(variants)
    finally:
        target.rest()
    place = f"/studies/{stored.StudyInstanceUID}/series/{stored.SeriesInstanceUID}/instances/{stored.SOPInstanceUID}"
    body = orthanc.send("GET", f"/dicom-web{place}")
    served = dcmread(io.BytesIO(body[body.index(b"\0" * 128) :]))
    assert served.ContentSequence == stored.ContentSequence
    assert len(orthanc.find("SeriesInstanceUID", str(stored.SeriesInstanceUID), "/series")) == 1
    return served


def test_every_report_is_read_as_text(images, serve, open_viewer):
    orthanc, headers = images
    reports = [store(orthanc, report_variants(build_report(content))) for content in contents(headers)]
    viewer = open_viewer(serve(f"http://127.0.0.1:{orthanc.http_port}/dicom-web"), str(headers[0].StudyInstanceUID))
    for report in reports:
        sentence = viewer.pane.get_by_text(summarize(report).sentence)
        viewer.open(str(report.SeriesDescription), sentence)
        expect(sentence).to_be_in_viewport(timeout=LONG)
        expect(viewer.pane).to_contain_text(codes.TRIAGE_NOTIFICATION.meaning)
        assert viewer.faults() == []


def test_a_report_in_measurement_style_leads_to_the_slice_and_the_others_are_text(images, serve, open_viewer, wait_for):
    orthanc, headers = images
    styled = [map(as_measurement_report, report_variants(build_report(content))) for content in contents(headers)]
    reports = [store(orthanc, list(variants)) for variants in styled]
    viewer = open_viewer(serve(f"http://127.0.0.1:{orthanc.http_port}/dicom-web"), str(headers[0].StudyInstanceUID))
    for report in reports:
        viewer.open(str(report.SeriesDescription))
        if report.ConceptNameCodeSequence[0].CodeValue == codes.IMAGING_MEASUREMENT_REPORT.value:
            answer = "Suspected" if "suspected" in report.SeriesDescription else "Undetermined"
            words = f"{answer}: subdural hemorrhage"
            wait_for(lambda words=words: viewer.says(words), words, 60)
            expect(viewer.pane).to_contain_text(f"I:{headers[BEST].InstanceNumber} ")
        else:
            expect(viewer.pane.get_by_text(summarize(report).sentence)).to_be_in_viewport(timeout=LONG)
        assert viewer.faults() == []
    titles = [report.ConceptNameCodeSequence[0].CodeValue for report in reports]
    assert titles == ["126000", "126000", "NOTIFICATION", "NOTIFICATION"]


def test_a_fault_of_the_viewer_is_seen(images, serve, open_viewer, wait_for):
    """The title that viewers take to mean coordinates, over a report without any: what the styles avoid."""
    orthanc, headers = images
    report = build_report(contents(headers)[2])
    code = codes.IMAGING_MEASUREMENT_REPORT
    report.ConceptNameCodeSequence[0].CodeValue = code.value
    report.ConceptNameCodeSequence[0].CodingSchemeDesignator = code.scheme
    store(orthanc, [report])
    viewer = open_viewer(serve(f"http://127.0.0.1:{orthanc.http_port}/dicom-web"), str(headers[0].StudyInstanceUID))
    assert viewer.faults() == []
    viewer.open(str(report.SeriesDescription))
    wait_for(viewer.faults, "a fault", 60)
    assert any("undefined" in fault for fault in viewer.faults())


def test_what_the_node_serves_is_opened(ward, serve, open_viewer, wait_for):
    token = ward.node.command("token", "add", "ohif").stdout.strip()
    ohif = serve(f"{ward.address}/dicomweb", {"Authorization": f"Bearer {token}"})
    words = {
        ward.flagged: ("TRIAGE: suspected hemorrhage", "Suspected"),
        ward.plain: ("TRIAGE: not flagged", "not flagged by the algorithm"),
        ward.unsuitable: ("TRIAGE: not analyzed", "Reason not analyzed"),
    }
    for uid, (description, text) in words.items():
        viewer = open_viewer(ohif, uid)
        viewer.open(description)
        expect(viewer.pane).to_contain_text("Notification only, not for diagnosis", timeout=LONG)
        expect(viewer.pane).to_contain_text(text)
        assert viewer.faults() == []
        if uid == ward.flagged:
            viewer.open("HEAD 5mm")
            viewer.pane.hover()
            wait_for(lambda viewer=viewer: viewer.turned() > 10, "a slice is drawn", 60)
            assert viewer.faults() == []


def test_what_goes_with_a_report_is_opened_too(images, serve, open_viewer):
    """The summary is an image like any other, the PDF a document; key objects are known and harm nothing."""
    orthanc, headers = images
    report = build_report(contents(headers)[0])
    store(orthanc, report_variants(report))
    summary, pdf = build_summary(report), build_pdf(report)
    target = target_of(Destination.parse(orthanc.address), Caller("TRIAGE", 5.0, 30.0))
    for ds in (summary, build_key_objects(report), pdf):
        target.send([ds])
    target.rest()
    viewer = open_viewer(serve(f"http://127.0.0.1:{orthanc.http_port}/dicom-web"), str(headers[0].StudyInstanceUID))
    viewer.screen.page.get_by_text("S:9604").first.wait_for()
    for ds, shown in (
        (summary, viewer.pane.get_by_text(str(summary.SeriesDescription))),
        (pdf, viewer.pane.locator(DOCUMENT)),
    ):
        viewer.open(str(ds.SeriesDescription), shown)
    # OHIF writes where it has a document from to the console.
    assert [fault for fault in viewer.faults() if "dataSource=" not in fault] == []
