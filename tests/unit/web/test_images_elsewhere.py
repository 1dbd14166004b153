"""Images that another machine received: shown whole, or not at all with the reason."""

import pytest
from bucket_machines import shared_settings
from buckets import credentials, object_storage, options
from ct import head_ct, save
from pydicom import dcmread
from site_instances import keep, parts_of

from triage_node.storage import Spool, hashed
from triage_node.worklist import StoredPart, Worklist

__all__ = ["credentials", "object_storage", "options"]
ANY = 'multipart/related; type="application/dicom"; transfer-syntax=*'


class Other:
    """The machine that receives."""

    def __init__(self, settings, clock) -> None:
        self.worklist, self.spool = Worklist(settings, clock), Spool.of(settings)
        self.worklist.prepare()

    def upload(self, uid: str) -> None:
        self.spool.copies.store_images(self.spool.layout.study(uid))
        for upload in self.worklist.uploads.next(10):
            assert upload.part is StoredPart.IMAGES
            self.worklist.uploads.finish(upload)


@pytest.fixture
def machines(make_site, make_settings, tmp_path, clock, options, object_storage):
    shared = shared_settings(tmp_path, options, object_storage.endpoint)
    other = Other(make_settings(data_dir=tmp_path / "other", **shared), clock)
    yield make_site(data_dir=tmp_path / "web", **shared), other
    object_storage.is_busy = False
    other.worklist.close()
    other.spool.copies.close()


@pytest.fixture
def sent(tmp_path):
    return save(head_ct(slices=12, size=(32, 24)), tmp_path / "sent")


def test_images_that_have_not_come_yet_are_refused_for_now_and_then_sent_as_they_are(machines, sent):
    site, other = machines
    keep(other, sent)
    uid = str(dcmread(sent[0]).StudyInstanceUID)
    program = site.program()
    answer = program.get(f"/dicomweb/studies/{uid}", headers={"Accept": ANY})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert "machine that received them" in answer.text
    assert program.get(f"/dicomweb/studies/{uid}/metadata").status_code == 503
    other.upload(uid)
    answer = program.get(f"/dicomweb/studies/{uid}", headers={"Accept": ANY})
    assert answer.status_code == 200
    assert [content for _, content in parts_of(answer)] == [path.read_bytes() for path in sent]


def test_a_part_of_a_study_is_not_shown_as_the_whole(machines, sent):
    site, other = machines
    keep(other, sent[:6])
    uid = str(dcmread(sent[0]).StudyInstanceUID)
    other.upload(uid)
    assert site.program().get(f"/dicomweb/studies/{uid}", headers={"Accept": ANY}).status_code == 200
    keep(other, sent[6:])
    assert site.program().get(f"/dicomweb/studies/{uid}", headers={"Accept": ANY}).status_code == 503
    reader = site.signed_in()
    for address in (f"/studies/{uid}/series", f"/api/studies/{uid}/slices"):
        assert reader.get(address).status_code == 503, address


def test_images_are_refused_for_now_while_the_bucket_is_away(machines, sent, object_storage):
    site, other = machines
    keep(other, sent)
    uid = str(dcmread(sent[0]).StudyInstanceUID)
    other.upload(uid)
    object_storage.is_busy = True
    answer = site.program().get(f"/dicomweb/studies/{uid}", headers={"Accept": ANY})
    assert answer.status_code == 503
    assert "busy or down" in answer.text
    assert not list((site.spool.layout.studies / hashed(uid)[:2]).glob("*/*.dcm"))
