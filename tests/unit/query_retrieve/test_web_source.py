"""A DICOMweb server as a query source, over HTTP as it is: also one that lies, pages oddly or sends nonsense."""

import json

import pytest
from web_peers import Answer, WebPeer

from triage_node.endpoints import QuerySource
from triage_node.errors import PeerCongested, PeerDenied, PeerUnreachable
from triage_node.query_retrieve import SourceInstance, source_of
from triage_node.query_retrieve import web as module
from triage_node.query_retrieve.web import parts_of
from triage_node.user_agent import Caller

STUDY = "1.2.3"
WANTED = [SourceInstance("1.2.3.1", f"1.2.3.1.{number}") for number in range(3)]


def element(vr: str, value: object) -> dict:
    return {"vr": vr, "Value": [value]}


def study(uid: str = STUDY, count: object = 3, accession: str = "A1") -> dict:
    found = {"0020000D": element("UI", uid), "00080050": element("SH", accession)}
    return found if count is None else found | {"00201208": element("IS", count)}


def instance(number: int, uid: str = "") -> dict:
    uids = {"0020000E": "1.2.3.1", "00080018": uid or f"1.2.3.1.{number}", "00080016": "1.2.840.10008.5.1.4.1.1.2"}
    return {tag: element("UI", value) for tag, value in uids.items()}


def found(*data_sets: dict) -> Answer:
    return Answer(200 if data_sets else 204, json.dumps(data_sets).encode() if data_sets else b"")


@pytest.fixture
def server():
    servers = []

    def start(answer) -> WebPeer:
        servers.append(WebPeer(answer))
        return servers[-1]

    yield start
    for one in servers:
        one.stop()


def source(server: WebPeer, **options):
    return source_of(QuerySource(url=server.url, **options), Caller("TRIAGE", 2.0, 2.0))


@pytest.mark.parametrize(("answer", "count"), [(found(study()), 3), (found(study("1.2")), None), (found(), None)])
def test_the_count_is_that_of_the_study(server, answer, count):
    peer = server(lambda _: answer)
    assert source(peer).count(STUDY) == count
    assert "StudyInstanceUID=1.2.3&" in peer.requests[0].path


@pytest.mark.parametrize("told", [None, "many", -1])
def test_without_a_usable_count_the_instances_are_counted(server, told):
    def answer(request) -> Answer:
        return found(*map(instance, range(2))) if "/instances" in request.path else found(study(count=told))

    assert source(server(answer)).count(STUDY) == 2


def test_instances_come_page_by_page(server, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)
    pages = {"0": (0, 1), "2": (2,)}
    peer = server(lambda request: found(*map(instance, pages.get(request.path.partition("offset=")[2], ()))))
    assert [one.sop_instance_uid for one in source(peer).instances(STUDY)] == [one.sop_instance_uid for one in WANTED]


def test_a_server_that_turns_no_page_is_not_asked_for_ever(server):
    peer = server(lambda _: found(instance(0), instance(1)))
    assert len(source(peer).instances(STUDY)) == 2
    assert len(peer.requests) == 2


def test_a_list_without_an_end_is_not_believed(server, monkeypatch):
    monkeypatch.setattr(module, "MOST_INSTANCES", 5)
    peer = server(lambda request: found(instance(int(request.path.partition("offset=")[2]))))
    with pytest.raises(PeerUnreachable, match="more than 5 instances"):
        source(peer).instances(STUDY)


@pytest.mark.parametrize("body", [b"<html>", b"[" * 100_000, b'{"0020000D": 1}', b'[1, {"0020000D": "x"}]'])
def test_an_answer_that_is_no_dicom_json_is_no_answer(server, body):
    peer = server(lambda _: Answer(200, body))
    try:
        assert source(peer).count(STUDY) is None
    except PeerUnreachable as error:
        assert "no DICOM JSON" in str(error)


def test_what_has_no_uid_for_a_uid_is_left_out(server):
    peer = server(lambda _: found(instance(0), instance(1, "../../x")))
    assert len(source(peer).instances(STUDY)) == 1


def test_an_accession_number_is_matched_literally(server):
    peer = server(lambda _: found(study(accession="A1"), study("1.2", accession="A12")))
    assert [one.study_instance_uid for one in source(peer).studies("A1")] == [STUDY]


def multipart(*files: bytes) -> Answer:
    body = b"".join(b"\r\n--x\r\nContent-Type: application/dicom\r\n\r\n" + file for file in files)
    return Answer(
        200, body + b"\r\n--x--\r\n", {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}
    )


def test_each_instance_is_retrieved_and_kept_as_it_is_stored(server):
    peer, kept = server(lambda request: multipart(request.path.encode())), []
    progress = list(source(peer).retrieve(STUDY, WANTED, lambda content: kept.append(content) or 0))
    assert kept[1] == b"/dicomweb/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1"
    assert (progress[-1].completed, progress[-1].failed) == (3, 0)
    assert "transfer-syntax=*" in peer.requests[0].headers["Accept"]


def test_what_is_gone_or_cannot_be_kept_is_counted_as_failed(server):
    peer = server(lambda request: Answer(404) if request.path.endswith(".0") else multipart(b"file"))
    statuses = iter([0xC000, 0])
    progress = list(source(peer).retrieve(STUDY, WANTED, lambda _: next(statuses)))
    assert [(one.completed, one.failed) for one in progress] == [(0, 1), (0, 2), (1, 2)]


@pytest.mark.parametrize(("status", "error"), [(401, PeerDenied), (503, PeerCongested)])
def test_a_server_that_gives_nothing_now_ends_the_retrieval(server, status, error):
    with pytest.raises(error):
        list(source(server(lambda _: Answer(status))).retrieve(STUDY, WANTED, lambda _: 0))


def test_an_instance_without_an_end_is_not_read(server, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_INSTANCE_BYTES", 1000)
    with pytest.raises(PeerUnreachable):
        list(source(server(lambda _: multipart(bytes(5000)))).retrieve(STUDY, WANTED, lambda _: 0))


def test_credentials_go_along(server, tmp_path):
    (tmp_path / "token").write_text("secret\n")
    peer = server(lambda _: found(study()))
    source(peer, token_file=tmp_path / "token").count(STUDY)
    assert peer.requests[0].headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("body", "content_type", "parts"),
    [
        (b"DICM", "application/dicom", [b"DICM"]),
        (b"--x\r\nA: b\r\n\r\none\r\n--x\r\n\r\ntwo\r\n--x--", "multipart/related; boundary=x", [b"one"]),
        (b"--x\r\nA: b\r\n\r\na\r\n--y\r\n--x--", 'Multipart/Related; boundary="x"', [b"a\r\n--y"]),
        (b"nothing", "multipart/related; boundary=x", []),
        (b"", "multipart/related", [b""]),
    ],
)
def test_a_body_is_taken_apart(body, content_type, parts):
    found_parts = list(parts_of(body, content_type))
    assert found_parts[:1] == parts[:1]
