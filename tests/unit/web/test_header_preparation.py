"""Headers are ready when the first viewer asks: of studies that are complete, from files that are here."""

import pytest
from ct import head_ct, save
from multipart import CONTENT_TYPE, body_of_files

from triage_node.web.header_preparation import HeaderPreparation
from triage_node.web.views import header_cache


@pytest.fixture
def stored(site, tmp_path):
    """The UID of a study of two images whose door is still open."""
    datasets = head_ct(slices=2, size=(16, 16))
    body = body_of_files(save(datasets, tmp_path / "ct"))
    answer = site.program().post("/dicomweb/studies", content=body, headers={"Content-Type": CONTENT_TYPE})
    assert answer.status_code == 200, answer.text
    return datasets[0].StudyInstanceUID


@pytest.fixture
def reads(monkeypatch):
    """The files whose headers have been read."""
    found, read = [], header_cache.header_as_json

    def noting(path, address):
        found.append(path)
        return read(path, address)

    monkeypatch.setattr(header_cache, "header_as_json", noting)
    return found


def test_a_complete_study_is_read_once_and_not_again_for_the_first_viewer(site, stored, reads, clock):
    preparation = HeaderPreparation(site.worklist, site.spool, site.application.state.services.headers)
    marker = preparation.prepare_since(0)
    assert not reads, "images are still coming"
    clock.forward(3600)
    site.worklist.study_completion.advance()
    marker = preparation.prepare_since(marker)
    assert len(reads) == 2
    headers = site.program().get(f"/dicomweb/studies/{stored}/metadata").json()
    assert len(headers) == len(reads) == 2
    site.worklist.reader_actions.comment(stored, "seen", "person ray")
    assert preparation.prepare_since(0) >= marker
    assert len(reads) == 2


def test_a_file_that_is_gone_or_damaged_stops_nothing(site, stored, reads, clock):
    clock.forward(3600)
    site.worklist.study_completion.advance()
    [gone, damaged] = site.spool.instances(
        stored, [one.sop_instance_uid for one in site.worklist.stored_instances.find(stored)]
    )
    gone.unlink()
    damaged.write_bytes(b"no DICOM")
    preparation = HeaderPreparation(site.worklist, site.spool, site.application.state.services.headers)
    assert preparation.prepare_since(0) == site.worklist.study_lists.marker()
    assert reads == [damaged]


def test_the_thread_prepares_what_becomes_complete(site, stored, reads, clock, wait_for):
    preparation = HeaderPreparation(site.worklist, site.spool, site.application.state.services.headers)
    preparation.start()
    try:
        clock.forward(3600)
        site.worklist.study_completion.advance()
        wait_for(lambda: _changed(site, stored) and len(reads) == 2, "reading the headers")
    finally:
        preparation.stop()


def _changed(site, uid):
    """Change the study again: the thread may have begun after it was complete."""
    site.worklist.reader_actions.comment(uid, "seen", "person ray")
    return True
