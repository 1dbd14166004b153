"""Each installation is a device of its own, for as long as its data folder is kept."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydicom.uid import UID

from triage_node.errors import StorageError
from triage_node.storage.device import FILE_NAME, device_uid


def test_every_data_folder_is_another_device_and_stays_the_same_one(tmp_path):
    one, other = device_uid(tmp_path / "one"), device_uid(tmp_path / "other")
    assert one != other
    assert UID(one).is_valid
    assert device_uid(tmp_path / "one") == one
    assert stat.S_IMODE((tmp_path / "one" / FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "one").iterdir()] == [FILE_NAME]


def test_who_asks_at_once_gets_the_same_answer(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(device_uid, [tmp_path / "data"] * 32))) == 1


@pytest.mark.parametrize("content", [b"", b"2.25.", b"1.2.3\n", b"\0" * 40, b"2.25.01\n", b"2.25." + b"9" * 60])
def test_a_damaged_file_is_said_and_never_replaced(tmp_path, content):
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    with pytest.raises(StorageError, match="put it back from a backup, or remove it"):
        device_uid(tmp_path)
    assert path.read_bytes() == content
    path.unlink()
    assert device_uid(tmp_path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_in_its_place_is_not_waited_for(tmp_path, make):
    make(tmp_path / "device-uid")
    with pytest.raises(StorageError, match="does not hold the UID"):
        device_uid(tmp_path)
