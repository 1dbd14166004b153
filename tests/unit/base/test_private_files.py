"""What the node keeps is patient data: nobody else on the machine may read it, whatever the umask was."""

import logging
import os
import stat
from contextlib import contextmanager

import pytest

from triage_node import private_files
from triage_node.private_files import keep_private, make_private_folder
from triage_node.storage import ResultContent, Spool, hold
from triage_node.worklist import Worklist


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=["umask 000", "umask 022", "umask 077"])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def open_to_others(folder):
    return [
        path.relative_to(folder.parent)
        for path in [folder, *folder.rglob("*")]
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


@contextmanager
def filled(settings):
    """Have a data folder as a running node has it."""
    lock, spool = hold(settings.data_dir), Spool(settings.data_dir / "spool")
    worklist = Worklist(settings)
    worklist.prepare()
    worklist.registration.reject("instance_refused", "so that the log is written")
    spool.file(spool.keep([b"pixels"], "1.2", "1.2.3"), "1.2", "1.2.3")
    spool.keep([b"pixels"], "1.2", "1.2.4")
    draft = spool.draft()
    draft.write([b"half"])
    spool.result("1.2", "abc").keep(ResultContent({"status": "analyzed"}, {1: b"report"}))
    yield
    draft.discard()
    worklist.close()
    lock.close()


def test_nothing_in_the_data_folder_is_open_to_others(make_settings, umask):
    settings = make_settings()
    with filled(settings):
        names = {path.name for path in settings.data_dir.iterdir()}
        assert names >= {"worklist.sqlite", "worklist.sqlite-wal", "spool"}
        assert open_to_others(settings.data_dir) == []


def test_what_an_older_version_left_open_is_closed_at_the_start(make_settings, umask):
    settings = make_settings()
    with filled(settings):
        pass
    folder = settings.data_dir
    for path in (folder, folder / "spool", folder / "spool/incoming", folder / "spool/studies"):
        path.chmod(0o755)
    for path in folder.glob("worklist.sqlite*"):
        path.chmod(0o644)
    with filled(settings):
        assert open_to_others(folder) == []


def test_a_folder_is_made_private_with_those_above_it(tmp_path, umask):
    make_private_folder(tmp_path / "a/b/c")
    assert open_to_others(tmp_path / "a") == []


def test_a_folder_that_others_share_is_left_alone_with_a_warning(tmp_path, caplog):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    make_private_folder(shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
    assert "not_private" in caplog.text


def test_what_belongs_to_somebody_else_is_named_with_the_way_out(tmp_path, caplog, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(1, "Operation not permitted")

    path = tmp_path / "worklist.sqlite"
    path.touch()
    path.chmod(0o644)
    monkeypatch.setattr(private_files.Path, "chmod", refuse)
    with caplog.at_level(logging.WARNING):
        keep_private(path)
    assert str(path) in caplog.text
    assert "chown" in caplog.text
