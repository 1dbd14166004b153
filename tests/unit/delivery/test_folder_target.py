"""A folder as a destination: whole files only, and an outage while it is not there."""

import os
import stat
from datetime import UTC, datetime

import pytest
from pydicom import dcmread

from triage_node.delivery import Caller, target_of
from triage_node.endpoints import Destination
from triage_node.errors import PeerUnreachable
from triage_node.report import build_connection_test, report_variants

CALLER = Caller("TRIAGE", 2.0, 2.0)


@pytest.fixture
def variants():
    return report_variants(build_connection_test("TRIAGE", "2.25.7", datetime(2026, 1, 2, tzinfo=UTC)))


@pytest.fixture
def target(tmp_path):
    (tmp_path / "reports out").mkdir()
    return target_of(Destination(url=f"file://{tmp_path}/reports%20out"), CALLER)


def test_a_report_is_written_whole_under_its_uid_and_once(target, variants, tmp_path):
    assert target.send(variants) is variants[0]
    assert target.send(variants) is variants[0]
    [file] = (tmp_path / "reports out").iterdir()
    assert file.name == f"{variants[0].SOPInstanceUID}.dcm"
    assert dcmread(file) == variants[0]
    assert stat.S_IMODE(file.stat().st_mode) & 0o137 == 0


def test_a_folder_that_is_not_there_is_an_outage_and_is_not_made(target, variants, tmp_path):
    (tmp_path / "reports out").rmdir()
    for act in (lambda: target.send(variants), target.check):
        with pytest.raises(PeerUnreachable, match="reports out cannot be written: No such file or directory"):
            act()
    assert not (tmp_path / "reports out").exists()


def test_what_cannot_be_written_leaves_nothing_behind(target, variants, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", full)
    with pytest.raises(PeerUnreachable, match="No space left"):
        target.send(variants)
    assert list((tmp_path / "reports out").iterdir()) == []


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI:UserWarning")
def test_a_uid_that_is_none_does_not_become_a_path(target, variants, tmp_path):
    variants[0].SOPInstanceUID = variants[0].file_meta.MediaStorageSOPInstanceUID = "../../1.2"
    target.send(variants)
    [file] = (tmp_path / "reports out").iterdir()
    assert len(file.stem) == 32


def test_a_check_says_how_much_is_free_and_leaves_nothing(target, tmp_path):
    assert "can be written, " in target.check()
    assert list((tmp_path / "reports out").iterdir()) == []
