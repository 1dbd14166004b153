"""A port in use is named with who has it; the running node's own is fine."""

import contextlib
import os
import socket
import subprocess
import sys

import pytest

from triage_node.checks.ports import check_ports
from triage_node.checks.processes import Process, holder_of, listener_on, open_files_limit
from triage_node.checks.result import Level
from triage_node.storage import hold, is_held, lock_file

LISTENING = """
import socket
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
input()
"""


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def of_dicom(settings, node=None, runs=False):
    return next(one for one in check_ports(settings, node, runs) if one.name == "dicom port")


def test_who_listens_and_who_holds_a_file_is_told_by_the_system(taken, tmp_path):
    with (tmp_path / "file").open("w"):
        for found in (listener_on(taken), holder_of(tmp_path / "file")):
            assert found.pid == os.getpid()
            assert found.name
    assert holder_of(tmp_path / "file") is None


def test_a_port_of_another_program_is_named_with_it(make_settings, taken):
    code = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        port = int(program.stdout.readline())
        result = of_dicom(make_settings(dicom_port=port))
        program.communicate(b"\n")
    assert result.level is Level.FAILED
    assert f"in use by process {program.pid} (" in result.message
    assert "set another dicom_port" in result.message


def test_the_running_nodes_own_ports_are_fine_and_those_of_others_are_not(make_settings, taken):
    settings = make_settings(dicom_port=taken)
    with contextlib.closing(hold(settings.data_dir)):
        assert is_held(settings.data_dir)
        node = holder_of(lock_file(settings.data_dir))
        assert node.pid == os.getpid()
        result = of_dicom(settings, node, True)
        assert (result.level, "the running node's, process" in result.message) == (Level.OK, True)
        assert of_dicom(settings, Process(1, "init"), True).level is Level.FAILED
    assert not is_held(settings.data_dir)


def test_whose_process_cannot_be_seen_is_the_nodes_only_where_one_runs(make_settings, taken, monkeypatch):
    monkeypatch.setattr("triage_node.checks.ports.listener_on", lambda port: None)
    settings = make_settings(dicom_port=taken)
    assert of_dicom(settings, None, True).level is Level.OK
    result = of_dicom(settings)
    assert (result.level, "that only root may see" in result.message) == (Level.FAILED, True)


def test_an_address_of_another_machine_is_told_from_a_port_in_use(make_settings):
    for host in ("203.0.113.7", "nobody.invalid"):
        result = of_dicom(make_settings(dicom_host=host, dicom_port=11112, allowed_peers=["*"]))
        assert (result.level, f"{host} is no address of this machine" in result.message) == (Level.FAILED, True)


def test_every_port_of_the_settings_is_tried(make_settings, tmp_path):
    tls = {"dicom_tls_port": 0, "dicom_tls_certificate": "c", "dicom_tls_key": "k"}
    tls |= {"dicom_tls_client_certificates": "off"}
    found = [one.name for one in check_ports(make_settings(**tls), None, False)]
    assert found == ["dicom port", "dicom tls port", "web port"]
    few = make_settings(**tls, dicom_plain_enabled=False, web_enabled=False)
    assert [one.name for one in check_ports(few, None, False)] == ["dicom tls port"]


def test_the_limit_of_open_files_is_the_systems():
    import resource

    assert open_files_limit(None) == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert open_files_limit(Process(os.getpid(), "me")) == open_files_limit(None)
