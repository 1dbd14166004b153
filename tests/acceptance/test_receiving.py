"""What is sent is kept byte for byte, or refused with the right status; DCMTK and raw sockets are the peers."""

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ct import head_ct, save
from intakes import Intake, store
from programs import run
from pydicom import dcmread, dcmwrite
from pydicom.encaps import encapsulate

# What hostile input is answered with is the point here; the library's warnings about it are not.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:pydicom"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("collect_sockets"),
]

SUCCESS, MISMATCH, CANNOT_UNDERSTAND = 0x0000, 0xA900, 0xC000


@pytest.fixture
def intake(make_settings) -> Iterator[Callable[..., Intake]]:
    running: list[Intake] = []

    def start(**options) -> Intake:
        running.append(Intake(make_settings(**options)))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def image(tmp_path) -> Path:
    [path] = save(head_ct(slices=1, size=(64, 64)), tmp_path / "image")
    return path


def changed(path: Path, name: str, **values) -> Path:
    """A copy of a file with other values, announced under the original's UID unless that is changed on purpose."""
    ds = dcmread(path)
    for keyword, value in values.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    target = path.with_name(name)
    ds.save_as(target)
    return target


def filed(intake: Intake) -> list[Path]:
    """The files that have their place and their row; until then their name in incoming/ stays."""
    if list(intake.spool.layout.incoming.iterdir()):
        return []
    return sorted(intake.spool.layout.studies.glob("*/*/*.dcm"))


def data_set_of(path: Path) -> bytes:
    """The bytes after the file meta information, which a sender transmits and a receiver must not touch."""
    content = path.read_bytes()
    length = struct.unpack_from("<I", content, 140)[0]
    return content[144 + length :]


def test_echo(intake):
    assert run("echoscu", "-aec", "TRIAGE", "127.0.0.1", intake().port).returncode == 0


@pytest.mark.parametrize(
    ("syntax", "encoder"),
    [
        ("1.2.840.10008.1.2", ["dcmconv", "+ti"]),
        ("1.2.840.10008.1.2.1", ["dcmconv", "+te"]),
        ("1.2.840.10008.1.2.2", ["dcmconv", "+tb"]),
        ("1.2.840.10008.1.2.1.99", ["dcmconv", "+td"]),
        ("1.2.840.10008.1.2.5", ["dcmcrle"]),
        ("1.2.840.10008.1.2.4.51", ["dcmcjpeg", "+ee"]),
        ("1.2.840.10008.1.2.4.57", ["dcmcjpeg", "+el"]),
        ("1.2.840.10008.1.2.4.70", ["dcmcjpeg", "+e1"]),
        ("1.2.840.10008.1.2.4.80", ["dcmcjpls", "+el"]),
    ],
)
def test_every_transfer_syntax_is_kept_byte_for_byte(intake, image, syntax, encoder, wait_for):
    encoded = image.with_name("encoded.dcm")
    program, *options = encoder
    made = run(program, *options, image, encoded)
    assert made.returncode == 0, made.stderr
    assert str(dcmread(encoded).file_meta.TransferSyntaxUID) == syntax
    node = intake()
    assert store(node.port, encoded) == SUCCESS
    [path] = wait_for(lambda: filed(node), "the instance to be filed")
    assert data_set_of(path) == data_set_of(encoded)
    assert str(dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID) == syntax


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201", "1.2.3.4.5.6.7"])
def test_also_one_that_nobody_here_can_decode(intake, image, syntax, wait_for):
    ds = dcmread(image)
    ds.file_meta.TransferSyntaxUID = syntax
    ds.PixelData = encapsulate([b"not looked at on the way in"])
    ds["PixelData"].is_undefined_length = True
    dcmwrite(image, ds, implicit_vr=False, little_endian=True)
    node = intake()
    assert store(node.port, image) == SUCCESS
    [path] = wait_for(lambda: filed(node), "the instance to be filed")
    assert data_set_of(path) == data_set_of(image)


def test_a_private_storage_class_is_kept(intake, image, wait_for):
    odd = changed(image, "odd.dcm", SOPClassUID="1.3.6.1.4.1.9999.1.2")
    ds = dcmread(odd)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.save_as(odd)
    node = intake()
    assert store(node.port, odd) == SUCCESS
    wait_for(lambda: filed(node), "the instance to be filed")


@pytest.mark.parametrize(
    ("values", "status", "sentence"),
    [
        ({"StudyInstanceUID": "../../../etc/passwd"}, CANNOT_UNDERSTAND, "StudyInstanceUID is not a UID"),
        ({"StudyInstanceUID": "1." + "2" * 63}, CANNOT_UNDERSTAND, "StudyInstanceUID is not a UID"),
        ({"StudyInstanceUID": None}, CANNOT_UNDERSTAND, "StudyInstanceUID is missing"),
        ({"StudyInstanceUID": ""}, CANNOT_UNDERSTAND, "StudyInstanceUID is missing"),
        ({"SeriesInstanceUID": None}, CANNOT_UNDERSTAND, "SeriesInstanceUID is missing"),
        ({"SOPInstanceUID": "1.2.3.4"}, MISMATCH, "not the one that was announced"),
        ({"SOPInstanceUID": "1." + "2" * 63}, CANNOT_UNDERSTAND, "SOPInstanceUID is not a UID"),
    ],
)
def test_identifiers_that_cannot_be_used(intake, image, values, status, sentence):
    announced = dcmread(image).file_meta.MediaStorageSOPInstanceUID
    ds = dcmread(changed(image, "bad.dcm", **values))
    ds.file_meta.MediaStorageSOPInstanceUID = announced
    ds.save_as(image.with_name("bad.dcm"))
    node = intake()
    assert store(node.port, image.with_name("bad.dcm")) == status
    [event] = node.events("instance_refused")
    assert sentence in event
    assert "'TESTER' at 127.0.0.1" in event
    assert store(node.port, image) == SUCCESS, "the node goes on"


def test_a_harmless_odd_uid_is_tolerated(intake, image, wait_for):
    odd = changed(image, "odd.dcm", StudyInstanceUID="ID_0a1b2c3d4e")
    node = intake()
    assert store(node.port, odd) == SUCCESS
    wait_for(lambda: filed(node), "the instance to be filed")
    assert node.worklist.study_details.study("ID_0a1b2c3d4e").state == "receiving"


@pytest.mark.parametrize(
    "garbage", [b"\xff" * 1000, b"PATIENT^SECRET" * 20, b"\x08\x00\x05\x00\xff\xff\xff\x7f" + b"x" * 50]
)
def test_bytes_that_are_no_data_set(intake, image, garbage, caplog):
    content = image.read_bytes()
    start = len(content) - len(data_set_of(image))
    bad = image.with_name("bad.dcm")
    bad.write_bytes(content[:start] + garbage)
    node = intake()
    assert store(node.port, bad) == CANNOT_UNDERSTAND
    assert node.events("instance_refused")
    assert "SECRET" not in caplog.text
    assert store(node.port, image) == SUCCESS


def test_an_instance_cut_off_in_its_pixels_is_kept_and_judged_later(intake, image, wait_for):
    cut = image.with_name("cut.dcm")
    cut.write_bytes(image.read_bytes()[:-1000])
    node = intake()
    assert store(node.port, cut) == SUCCESS
    wait_for(lambda: filed(node), "the instance to be filed")


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 100", "Müller^Jürgen"),
        ("ISO_IR 192", "Ärzte^Ωmega 山田"),
        ("GB18030", "王^小东"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎"),
    ],
)
def test_names_in_other_character_sets_arrive(intake, image, wait_for, character_set, name):
    foreign = changed(image, "foreign.dcm", SpecificCharacterSet=character_set, PatientName=name)
    node = intake()
    assert store(node.port, foreign) == SUCCESS
    wait_for(lambda: filed(node), "the instance to be filed")
    uid = str(dcmread(foreign).StudyInstanceUID)
    assert node.worklist.study_details.study(uid).patient_name == name


def test_below_the_disk_reserve_the_peer_is_told_and_nothing_is_left(intake, image, wait_for):
    node = intake(disk_reserve_mb=1_000_000_000)
    refused = run("storescu", "-v", "127.0.0.1", node.port, image)
    assert "Rejected Transient" in refused.stderr
    assert "Temporary Congestion" in refused.stderr
    [event] = wait_for(lambda: node.events("storage_refused"), "the event")
    assert "the disk is full" in event
    assert run("echoscu", "127.0.0.1", node.port).returncode == 0, "who only tries the connection is told that it works"
    assert list(node.spool.layout.incoming.iterdir()) == []


def test_the_same_instance_twice_in_a_row(intake, image, wait_for):
    node = intake()
    assert [store(node.port, image), store(node.port, image)] == [SUCCESS, SUCCESS]
    wait_for(lambda: filed(node), "the instance to be filed")
    study = node.worklist.study_details.study(str(dcmread(image).StudyInstanceUID))
    assert (study.revision, study.series[0].instance_count) == (1, 1)


def test_who_is_not_on_the_list_is_rejected(intake, image):
    node = intake(allowed_calling_ae_titles=["PACS"])
    assert store(node.port, image, calling="STRANGER") is None
    assert store(node.port, image, calling="PACS") == SUCCESS
    assert store(node.port, image, calling="  PACS") == SUCCESS, "spaces around a title do not count"
    [event] = node.events("instance_refused")
    assert "'STRANGER'" in event
    answer = run("echoscu", "-aet", "OTHER", "127.0.0.1", node.port)
    assert "Calling AE Title Not Recognized" in answer.stderr + answer.stdout


def test_high_priority_is_kept_with_the_study(intake, image, wait_for):
    node = intake()
    assert store(node.port, image, priority=1) == SUCCESS
    uid = str(dcmread(image).StudyInstanceUID)
    wait_for(lambda: filed(node), "the instance to be filed")
    assert node.worklist.study_details.study(uid).priority == 1


def test_bare_connections_and_noise_leave_the_listener_in_service(intake, image, wait_for):
    node = intake(connect_timeout_seconds=1, maximum_associations=4)
    idle = []
    for noise in (
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x01\x00\xff\xff\xff\xff",
        os.urandom(500),
        b"\x04\x00\x00\x00\x00\x06abc",
    ):
        connection = socket.create_connection(("127.0.0.1", node.port))
        connection.sendall(noise)
        idle.append(connection)
    for connection in idle:
        connection.close()
    wait_for(lambda: store(node.port, image) == SUCCESS, "service", 20)


def test_open_sockets_that_say_nothing_do_not_lock_others_out(intake, image, wait_for):
    node = intake(connect_timeout_seconds=1, maximum_associations=4)
    before = threading.active_count()
    silent = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(12)]
    wait_for(lambda: store(node.port, image) == SUCCESS, "service in spite of them", 20)
    for connection in silent:
        connection.close()
    wait_for(lambda: threading.active_count() <= before + 1, "their threads to end", 30)


def test_a_peer_that_announces_gigabytes_is_dropped(intake, image):
    node = intake()
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
        connection.sendall(struct.pack(">BBL", 1, 0, 0xFFFFFFFF) + b"x" * 1000)
        assert connection.recv(100) in (b"",) or connection.recv(100) == b""
    assert store(node.port, image) == SUCCESS
