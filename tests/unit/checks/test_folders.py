"""The data folder: writable, on a disk of this machine, with room."""

import pytest

from triage_node.checks.folders import check_folders
from triage_node.checks.result import Level

MOUNT = "29 1 0:26 / {point} rw,relatime shared:1 - {kind} server:/export rw"


@pytest.fixture
def mounts(tmp_path):
    """Say what is mounted, the root and one folder."""

    def make(point, kind):
        file = tmp_path / "mountinfo"
        root = MOUNT.format(point="/", kind="ext4")
        file.write_text(f"{root}\n{MOUNT.format(point=str(point).replace(' ', chr(92) + '040'), kind=kind)}\n")
        return file

    return make


def found(settings, mounts=None):
    results = check_folders(settings) if mounts is None else check_folders(settings, mounts)
    return {one.name: one for one in results}


def test_a_disk_of_this_machine_is_fine_and_nothing_is_made_on_it(make_settings, tmp_path, mounts):
    results = found(make_settings(), mounts("/elsewhere", "nfs4"))
    assert {name: one.level for name, one in results.items()} == {"disk": Level.OK}
    assert "the first start makes it" in results["disk"].message
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_a_network_file_system_is_no_place_for_sqlite(make_settings, tmp_path, mounts, kind):
    folder = tmp_path / "with space"
    folder.mkdir()
    settings = make_settings(data_dir=folder / "data")
    result = found(settings, mounts(folder, kind))["file system"]
    assert result.level is Level.FAILED
    assert f"network file system ({kind})" in result.message and "set database_url" in result.message
    server = make_settings(data_dir=folder / "data", database_url="postgresql+psycopg://u@h/n")
    assert found(server, mounts(folder, kind))["file system"].level is Level.WARNING


def test_the_real_mounts_can_be_read(make_settings):
    assert "file system" not in found(make_settings())


def test_too_little_room_fails_and_little_warns(make_settings):
    result = found(make_settings(disk_reserve_mb=10**8))["disk"]
    assert (result.level, "Make room, or take another disk" in result.message) == (Level.FAILED, True)
    result = found(make_settings(disk_warn_mb=10**8))["disk"]
    assert (result.level, "make room" in result.message) == (Level.WARNING, True)


def test_a_folder_that_cannot_be_written_says_the_way_out(make_settings, tmp_path):
    (tmp_path / "file").touch()
    result = found(make_settings(data_dir=tmp_path / "file" / "data"))["disk"]
    assert result.level is Level.FAILED
    assert "is no folder that the node may write" in result.message and "chown" in result.message
