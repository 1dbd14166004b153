"""An archive behind QIDO-RS and WADO-RS, over HTTP as it is."""

import json
import re
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest
from ct_objects import localizer, mr_head
from web_peers import Answer, Request, WebPeer

from triage_node.archive import patience
from triage_node.archive.web import NO_UID
from triage_node.errors import PeerUnreachable


class Pacs:
    """Answers searches from data sets, two studies a page, and gives their instances."""

    def __init__(self, *instances) -> None:
        self.instances = instances
        self.lost: set[str] = set()
        self.odd_uids: list[str] = []
        self.turns_pages = True

    def __call__(self, request: Request) -> Answer:
        url = urlsplit(request.path)
        query = parse_qs(url.query)
        offset = int(query.get("offset", ["0"])[0]) if self.turns_pages else 0
        if url.path.endswith("/studies"):
            uids = [*dict.fromkeys(str(ds.StudyInstanceUID) for ds in self.instances), *self.odd_uids]
            return self._json([{"0020000D": uid} for uid in uids[offset : offset + 2]])
        study = re.search(r"studies/([^/]+)", url.path)[1]
        if url.path.endswith("/instances"):
            found = [ds for ds in self.instances if ds.StudyInstanceUID == study]
            keys = (("00080016", "SOPClassUID"), ("00080018", "SOPInstanceUID"), ("0020000E", "SeriesInstanceUID"))
            return self._json([{tag: str(ds[name].value) for tag, name in keys} for ds in found][offset:])
        uid = url.path.rpartition("/")[2]
        if uid in self.lost:
            return Answer(404)
        buffer = BytesIO()
        next(ds for ds in self.instances if ds.SOPInstanceUID == uid).save_as(buffer, enforce_file_format=True)
        body = b"--x\r\nContent-Type: application/dicom\r\n\r\n" + buffer.getvalue() + b"\r\n--x--\r\n"
        return Answer(200, body, {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'})

    @staticmethod
    def _json(rows: list[dict[str, str]]) -> Answer:
        if not rows:
            return Answer(204)
        body = [{tag: {"vr": "UI", "Value": [value]} for tag, value in row.items()} for row in rows]
        return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/dicom+json"})


@pytest.fixture
def pacs():
    answers = Pacs(*mr_head(slices=3, seed=1), *mr_head(slices=4, seed=2), *localizer(seed=3))
    answers.peer = WebPeer(answers)
    yield answers
    answers.peer.stop()


def test_every_study_that_a_source_lists_is_fetched_and_answered(pacs, run_scan):
    pacs.odd_uids = ["no UID"]
    found = run_scan("archive", sources=[{"name": "archive", "url": pacs.peer.url}])
    assert sorted(row["files"] for row in found.series.values()) == [2, 3, 4]
    assert {row["status"] for row in found.series.values()} == {"unsuitable"}
    assert found.skipped == {"study 3": NO_UID}


def test_an_instance_that_is_listed_and_not_given_is_counted(pacs, run_scan):
    pacs.lost = {str(ds.SOPInstanceUID) for ds in pacs.instances if ds.Modality == "CT"}
    found = run_scan("archive", sources=[{"name": "archive", "url": pacs.peer.url}])
    assert sorted(row["files"] for row in found.table("series")) == [0, 3, 4]
    assert {row["status"] for row in found.table("series") if not row["files"]} == {"failed"}


def test_a_server_that_turns_no_page_is_not_asked_for_ever(pacs, run_scan):
    pacs.turns_pages = False
    found = run_scan("archive", sources=[{"name": "archive", "url": pacs.peer.url}])
    assert len(found.series) == 2


def test_a_source_that_does_not_answer_ends_the_scan(pacs, run_scan, monkeypatch):
    monkeypatch.setattr(patience, "PAUSES_SECONDS", (0.0, 0.0))
    pacs.peer.answer = lambda _: Answer(503)
    with pytest.raises(PeerUnreachable, match="scan again later"):
        run_scan("archive", sources=[{"name": "archive", "url": pacs.peer.url}])
    assert len(pacs.peer.requests) == 3
    pacs.peer.answer = pacs
    assert len(run_scan("archive", sources=[{"name": "archive", "url": pacs.peer.url}]).series) == 3
