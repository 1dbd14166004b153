"""The first administrator's password where there is no room for it."""

from types import SimpleNamespace

import pytest
from small_disk import SmallDisk

from triage_node.commands.serve import _say_how_to_sign_in
from triage_node.config import read_settings
from triage_node.errors import StorageError
from triage_node.identity.first_password import FILE_NAME, FirstPassword
from triage_node.worklist import Worklist


@pytest.fixture
def disk(tmp_path):
    try:
        disk = SmallDisk(tmp_path / "disk", 4_000)
    except PermissionError as error:
        pytest.skip(str(error))
    yield disk
    disk.unmount()


def test_it_is_written_whole_or_not_at_all(disk):
    disk.fill()
    with pytest.raises(StorageError, match="No space left"):
        FirstPassword(disk.folder).keep("secret")
    assert [path.name for path in disk.folder.iterdir()] == ["ballast"]
    disk.free()
    FirstPassword(disk.folder).keep("secret")
    assert (disk.folder / FILE_NAME).read_text() == "secret\n"
    assert (disk.folder / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_node_that_starts_on_a_full_disk_serves_all_the_same(disk, capsys):
    settings = read_settings(data_dir=disk.folder)
    worklist = Worklist(settings)
    worklist.prepare()
    disk.fill()
    with pytest.raises(StorageError):  # what is left of the write-ahead log is used up, as a node's would be
        while True:
            worklist.registration.reject("x", "y" * 1000)
    node = SimpleNamespace(settings=settings, worklist=worklist, web=SimpleNamespace(address="http://127.0.0.1:1"))
    _say_how_to_sign_in(node)
    assert "Nobody can sign in before the next start" in capsys.readouterr().err
    disk.free()
    _say_how_to_sign_in(node)
    worklist.close()
    assert "one-time password in the file" in capsys.readouterr().out
