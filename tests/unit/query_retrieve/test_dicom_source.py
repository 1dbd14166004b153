"""A DICOM peer as a query source: C-FIND, C-MOVE and C-GET against pynetdicom, also one that lies or is silent."""

import io
import threading

import pytest
from ct import head_ct
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt
from query_pacs import QueryPacs

from triage_node.dimse import query_user, retrieve_user
from triage_node.endpoints import QuerySource
from triage_node.errors import PeerRefused, PeerUnreachable
from triage_node.query_retrieve import SourceInstance, source_of
from triage_node.query_retrieve import dicom as module
from triage_node.user_agent import Caller

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
CALLER = Caller("TRIAGE", 3.0, 3.0)


@pytest.fixture(scope="module")
def images():
    images = head_ct(slices=4, size=(16, 16))
    for ds in images:
        ds.AccessionNumber = "A1"
    return images


@pytest.fixture
def pacs(images):
    pacs = QueryPacs(images)
    yield pacs
    pacs.stop()


def source(pacs, **options):
    return source_of(QuerySource(url=pacs.url, **options), CALLER)


def references(images) -> list[SourceInstance]:
    return [SourceInstance(str(ds.SeriesInstanceUID), str(ds.SOPInstanceUID), str(ds.SOPClassUID)) for ds in images]


def test_a_source_tells_how_many_instances_a_study_has(pacs, images):
    assert source(pacs).count(str(images[0].StudyInstanceUID)) == 4
    assert pacs.queries == ["STUDY"]
    assert source(pacs).count("1.2.3") is None


@pytest.mark.parametrize("told", [None, lambda _: "", lambda _: -1])
def test_where_it_does_not_tell_the_instances_are_counted(pacs, images, told):
    pacs.count = told
    assert source(pacs).count(str(images[0].StudyInstanceUID)) == 4
    assert pacs.queries == ["STUDY", "SERIES", "IMAGE"]


def test_the_instances_are_listed_series_by_series(pacs, images):
    assert sorted(map(str, source(pacs).instances(str(images[0].StudyInstanceUID)))) == sorted(
        map(str, references(images))
    )


def test_a_study_is_found_by_its_accession_number(pacs, images):
    [found] = source(pacs).studies("A1")
    assert found.study_instance_uid == images[0].StudyInstanceUID
    assert source(pacs).studies("A2") == []
    assert source(pacs).studies("A*") == []


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_what_has_no_uid_for_a_uid_is_left_out(pacs, images):
    odd = dcmread(io.BytesIO(encoded(images[0])))
    odd.SOPInstanceUID = "../../etc"
    pacs.instances.append(odd)
    assert len(source(pacs).instances(str(images[0].StudyInstanceUID))) == 4


def encoded(ds) -> bytes:
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def test_a_list_without_an_end_is_not_believed(pacs, images, monkeypatch):
    monkeypatch.setattr(module, "MOST_INSTANCES", 3)
    with pytest.raises(PeerUnreachable, match="more than 3 instances"):
        source(pacs).instances(str(images[0].StudyInstanceUID))
    monkeypatch.setattr(query_user, "MOST_MATCHES", 3)
    with pytest.raises(PeerUnreachable, match="does not come to an end"):
        source(pacs).instances(str(images[0].StudyInstanceUID))


def test_answers_of_more_bytes_than_a_query_has_are_not_read(pacs, images, monkeypatch):
    monkeypatch.setattr(query_user, "LONGEST_ANSWER_BYTES", 300)
    with pytest.raises(PeerUnreachable):
        source(pacs).instances(str(images[0].StudyInstanceUID))


def test_a_silent_source_is_waited_for_so_long(pacs):
    silent = threading.Event()
    pacs.before = lambda: silent.wait(10)
    quick = source_of(QuerySource(url=pacs.url), Caller("TRIAGE", 0.5, 0.3))
    with pytest.raises(PeerUnreachable, match="did not answer in time"):
        quick.count("1.2.3")
    silent.set()


def test_answers_that_come_drop_by_drop_are_not_waited_for_for_ever(pacs, images):
    held = threading.Event()
    pacs.instances = []

    def drip(asked: Dataset):
        while not held.wait(0.1):
            yield 0xFF00, asked

    pacs.find = drip
    quick = source_of(QuerySource(url=pacs.url), Caller("TRIAGE", 0.5, 0.2))
    with pytest.raises(PeerUnreachable, match="does not come to an end"):
        quick.count("1.2.3")
    held.set()


def test_a_retrieval_that_only_goes_on_is_ended(pacs, images, monkeypatch):
    monkeypatch.setattr(retrieve_user, "ANSWERS_OF_PATIENCE", 0)
    with pytest.raises(PeerUnreachable, match="does not come to an end of a retrieval"):
        study = str(images[0].StudyInstanceUID)
        list(source(pacs, method="get").retrieve(study, references(images), lambda _: 0))


def test_an_answer_to_another_query_is_none(pacs):
    ae = AE(ae_title="ODD")
    ae.add_supported_context("1.2.840.10008.5.1.4.1.2.2.1")

    def mislead(event: evt.Event) -> None:
        event.message.command_set.MessageIDBeingRespondedTo = 77

    handlers = [(evt.EVT_C_FIND, lambda _: iter([(0x0000, None)])), (evt.EVT_DIMSE_SENT, mislead)]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    odd = source_of(QuerySource(url=f"dicom://ODD@127.0.0.1:{server.server_address[1]}"), CALLER)
    with pytest.raises(PeerUnreachable, match="another message"):
        odd.count("1.2.3")
    server.shutdown()


def test_a_query_that_is_refused_says_so(pacs):
    pacs.before = lambda: 1 / 0
    with pytest.raises(PeerRefused, match="0xC311: it refuses the query"):
        source(pacs).count("1.2.3")


def test_nobody_there(pacs):
    pacs.stop()
    with pytest.raises(PeerUnreachable, match="cannot be reached"):
        source(pacs).count("1.2.3")


def test_c_get_brings_the_instances_as_files(pacs, images):
    kept: list[bytes] = []
    wanted = references(images)[1:]
    progress = list(
        source(pacs, method="get").retrieve(
            str(images[0].StudyInstanceUID), wanted, lambda content: kept.append(content) or 0
        )
    )
    assert (progress[-1].completed, progress[-1].failed) == (3, 0)
    files = [dcmread(io.BytesIO(content)) for content in kept]
    assert [ds.SOPInstanceUID for ds in files] == [ds.SOPInstanceUID for ds in images[1:]]
    assert files[0].PixelData == images[1].PixelData
    assert files[0].file_meta.SourceApplicationEntityTitle == "QUERYPACS"


def test_what_cannot_be_kept_is_told_the_source_and_counted(pacs, images):
    study, statuses = str(images[0].StudyInstanceUID), iter([0x0000, 0xA700, 0x0000, 0xA700])
    progress = list(source(pacs, method="get").retrieve(study, references(images), lambda _: next(statuses)))
    assert (progress[-1].completed, progress[-1].failed) == (2, 2)


def test_c_move_names_the_instances_in_portions(pacs, images, monkeypatch):
    monkeypatch.setattr(module, "INSTANCES_A_REQUEST", 3)
    stored: list[str] = []
    ae = AE(ae_title="TRIAGE")
    ae.supported_contexts = [one for one in AllStoragePresentationContexts if "CT Image" in one.abstract_syntax.name]
    handlers = [(evt.EVT_C_STORE, lambda event: stored.append(str(event.request.AffectedSOPInstanceUID)) or 0)]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    pacs.destinations["TRIAGE"] = ("127.0.0.1", server.server_address[1])
    study = str(images[0].StudyInstanceUID)
    progress = list(source(pacs).retrieve(study, references(images), lambda _: 1 / 0))
    server.shutdown()
    assert stored == [str(ds.SOPInstanceUID) for ds in images]
    assert (progress[-1].completed, progress[-1].failed) == (4, 0)


def test_a_move_destination_that_is_not_known_is_said_with_the_way_out(pacs, images):
    with pytest.raises(PeerRefused, match=r"does not know the move destination TRIAGE \(0xA801\): add this AE title"):
        list(source(pacs).retrieve(str(images[0].StudyInstanceUID), references(images), lambda _: 0))


def test_the_check_is_a_query_for_nobody(pacs):
    assert source(pacs).check().startswith("answers C-FIND in ")
