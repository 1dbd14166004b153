"""Which objects of a result a destination gets, and what one that is refused means for the others."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    Comprehensive3DSRStorage,
    EncapsulatedPDFStorage,
    EnhancedSRStorage,
    SecondaryCaptureImageStorage,
)

from triage_node.delivery import Caller, sender_of
from triage_node.endpoints import Destination
from triage_node.errors import PeerBusy, PeerRefused, TriageError
from triage_node.findings import ModelIdentity
from triage_node.outcome import ObjectKind
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import ReportContent, build_pdf, build_picture, build_report, build_summary, report_variants
from triage_node.storage import ResultContent, Spool, StoredResult
from triage_node.worklist import Delivery

pytestmark = [
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

STUDY, FOLDER = "1.2.3", "abc"
ALL = list(ObjectKind)
CALLER = Caller("TRIAGE", 2.0, 2.0)


def encoded(ds: Dataset) -> bytes:
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


@pytest.fixture
def spool(tmp_path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def result(spool) -> StoredResult:
    """A result with a report, a summary and a PDF; nothing is flagged, so there are no key objects."""
    source = Dataset()
    source.StudyInstanceUID, source.SeriesInstanceUID, source.SOPInstanceUID = STUDY, "1.2.3.1", "1.2.3.1.1"
    report = build_report(
        ReportContent(
            sources=(source,),
            prediction=None,
            model=ModelIdentity("net", "1", "ab" * 32),
            node_version="0.1.0",
            device_uid="2.25.7",
            station_name="TRIAGE",
            created_at=datetime(2026, 1, 2, tzinfo=UTC),
            reasons=(Reason.of(ReasonCode.CONTRAST),),
        )
    )
    reports = {number: encoded(ds) for number, ds in enumerate(report_variants(report), start=1)}
    objects = {ObjectKind.SUMMARY: encoded(build_summary(report)), ObjectKind.PDF: encoded(build_pdf(report))}
    stored = spool.result(STUDY, FOLDER)
    stored.keep(ResultContent({}, reports, objects=objects))
    return stored


def delivery(destination: Destination) -> Delivery:
    return Delivery(1, STUDY, str(destination), "1.2.3.4", FOLDER, 1, 0.0)


@pytest.fixture
def folder(tmp_path, spool, result) -> Callable[..., list[Dataset]]:
    """Send to a folder and return what lies there."""
    (tmp_path / "out").mkdir()

    def send(*objects: str) -> list[Dataset]:
        options = {"objects": objects} if objects else {}
        destination = Destination(url=f"file://{tmp_path}/out", **options)
        sender_of(destination, CALLER, spool).send(delivery(destination))
        return [dcmread(path) for path in (tmp_path / "out").iterdir()]

    return send


def classes(objects: list[Dataset]) -> set[str]:
    return {str(ds.SOPClassUID) for ds in objects}


def test_a_destination_gets_the_report_alone_unless_it_wants_more(folder):
    assert classes(folder()) == {Comprehensive3DSRStorage}


def test_a_destination_gets_what_it_wants(folder):
    everything = {Comprehensive3DSRStorage, SecondaryCaptureImageStorage, EncapsulatedPDFStorage}
    assert classes(folder("pdf", "summary", "key_objects", "report")) == everything


def test_a_destination_may_want_no_report(folder):
    assert classes(folder("summary")) == {SecondaryCaptureImageStorage}


def test_what_is_sent_again_is_the_same_bytes(folder, tmp_path):
    folder(*ALL)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    folder(*ALL)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}


def test_a_picture_of_where_the_model_looked_goes_wherever_reports_go(folder, result):
    picture = build_picture(dcmread(io.BytesIO(result.report())), np.zeros((8, 6, 3), np.uint8))
    result.keep(ResultContent({}, picture=encoded(picture)))
    assert picture.SOPInstanceUID in {ds.SOPInstanceUID for ds in folder()}


class Peer:
    """A PACS that takes some classes, and answers each object with a status of its class."""

    def __init__(self, statuses: dict[str, int]) -> None:
        self.statuses = statuses
        self.stored: list[str] = []
        ae = AE(ae_title="PACS")
        for sop_class in statuses:
            ae.add_supported_context(sop_class)
        self.server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, self._store)])

    def _store(self, event: evt.Event) -> int:
        sop_class = str(event.request.AffectedSOPClassUID)
        if self.statuses[sop_class] == 0x0000:
            self.stored.append(sop_class)
        return self.statuses[sop_class]


@pytest.fixture
def peer(spool, result) -> Iterator[Callable[..., object]]:
    peers, senders = [], []

    def send(statuses: dict[str, int], *objects: ObjectKind):
        peers.append(Peer(statuses))
        url = f"dicom://PACS@127.0.0.1:{peers[-1].server.server_address[1]}"
        destination = Destination(url=url, objects=objects)
        senders.append(sender_of(destination, CALLER, spool))
        return peers[-1], lambda: senders[-1].send(delivery(destination))

    yield send
    for sender in senders:
        sender.rest()
    for one in peers:
        one.server.shutdown()


def test_who_refuses_one_by_its_class_has_the_others(peer):
    pacs, send = peer({EnhancedSRStorage: 0, EncapsulatedPDFStorage: 0}, *ALL)
    sent = send()
    assert pacs.stored == [EnhancedSRStorage, EncapsulatedPDFStorage]
    assert [sop_class for sop_class, _ in sent.stored] == pacs.stored
    assert "summary not taken: " in sent.message
    assert "none of the SOP classes: Secondary Capture Image Storage" in sent.message
    assert "no key objects" in sent.message
    assert "pdf 2.25." in sent.message


@pytest.mark.parametrize("status", [0xA900, 0xC000])
def test_who_fails_one_for_good_has_the_others(peer, status):
    pacs, send = peer({EnhancedSRStorage: 0, SecondaryCaptureImageStorage: status, EncapsulatedPDFStorage: 0}, *ALL)
    assert f"summary not taken: PACS@127.0.0.1:{pacs.server.server_address[1]}" in send().message
    assert pacs.stored == [EnhancedSRStorage, EncapsulatedPDFStorage]


def test_who_is_busy_is_sent_all_again(peer):
    statuses = {EnhancedSRStorage: 0, SecondaryCaptureImageStorage: 0xA700, EncapsulatedPDFStorage: 0}
    pacs, send = peer(statuses, *ALL)
    with pytest.raises(PeerBusy):
        send()
    statuses[SecondaryCaptureImageStorage] = 0
    assert len(send().stored) == 3
    assert pacs.stored.count(EnhancedSRStorage) == 2


def test_who_refuses_the_report_is_sent_nothing_else(peer):
    pacs, send = peer({SecondaryCaptureImageStorage: 0}, *ALL)
    with pytest.raises(PeerRefused, match="none of the SOP classes"):
        send()
    assert pacs.stored == []


def test_who_refuses_all_that_it_is_sent_refuses_for_good(peer):
    _, send = peer({EnhancedSRStorage: 0}, ObjectKind.SUMMARY, ObjectKind.PDF)
    with pytest.raises(PeerRefused, match="none of the SOP classes"):
        send()


def test_a_summary_that_was_never_made_is_said_beside_the_report_and_is_a_fault_without_it(peer, result):
    for path in result.folder.glob("summary.dcm"):
        path.unlink()
    _, send = peer({EnhancedSRStorage: 0}, ObjectKind.REPORT, ObjectKind.SUMMARY)
    assert send().message.endswith("; no summary")
    _, send = peer({SecondaryCaptureImageStorage: 0}, ObjectKind.SUMMARY)
    with pytest.raises(TriageError, match="The summary is missing") as refusal:
        send()
    assert not refusal.value.retryable


def test_who_wants_key_objects_only_has_all_there_is_when_nothing_is_flagged(peer):
    pacs, send = peer({EnhancedSRStorage: 0}, ObjectKind.KEY_OBJECTS)
    assert (send().message, pacs.stored) == ("no key objects", [])


def test_an_object_that_is_damaged_on_the_disk_is_told_apart_from_one_that_is_refused(peer, result):
    path = result.folder / "summary.dcm"
    path.write_bytes(path.read_bytes()[:1000])
    _, send = peer({EnhancedSRStorage: 0, SecondaryCaptureImageStorage: 0}, ObjectKind.REPORT, ObjectKind.SUMMARY)
    sent = send()
    assert "summary not sent: An object in" in sent.message
    assert len(sent.stored) == 1
