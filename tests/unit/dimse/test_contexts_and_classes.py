"""Presentation context, command and data set name one class and one instance, or the instance is not kept."""

import pytest
from ct import head_ct
from intakes import Intake
from pydicom import dcmread
from pydicom.uid import CTImageStorage, MRImageStorage, generate_uid
from upper_layer import (
    CT,
    EXPLICIT,
    IMPLICIT,
    MR,
    VERIFICATION,
    Peer,
    associate_request,
    command,
    context,
    data,
    data_set_of,
)

from triage_node.config import read_settings
from triage_node.storage.layout import hashed

CONTEXTS = (
    context(1, VERIFICATION, EXPLICIT)
    + context(3, CT, EXPLICIT)
    + context(5, MR, EXPLICIT)
    + context(7, b"1.2.840.10008.5.1.4.1.2.2.1", IMPLICIT)
)
SUCCESS, NOT_SUPPORTED, INVALID_INSTANCE, NO_MATCH, NOT_UNDERSTOOD = 0x0000, 0x0122, 0x0117, 0xA900, 0xC000


@pytest.fixture(scope="module")
def intake(tmp_path_factory):
    intake = Intake(read_settings(dicom_port=0, data_dir=tmp_path_factory.mktemp("intake"), disk_reserve_mb=1))
    yield intake
    intake.stop()


@pytest.fixture
def peer(intake):
    with Peer.connect(intake.port) as peer:
        assert peer.associate(associate_request(CONTEXTS)) == 2
        yield peer


@pytest.fixture
def image():
    [ds] = head_ct(slices=1, size=(16, 16))
    ds.SOPInstanceUID, ds.StudyInstanceUID = generate_uid(), generate_uid()
    return ds


def kept(intake, ds) -> list:
    study = str(ds.StudyInstanceUID)
    return [*intake.spool.layout.incoming.glob(f"{hashed(study)}-*"), *intake.spool.instances(study)]


@pytest.mark.parametrize(
    ("number", "announced", "contained", "status"),
    [
        (3, CT, CTImageStorage, SUCCESS),
        (1, CT, CTImageStorage, NOT_SUPPORTED),
        (1, VERIFICATION, CTImageStorage, NOT_SUPPORTED),
        (5, CT, CTImageStorage, NOT_SUPPORTED),
        (3, MR, CTImageStorage, NOT_SUPPORTED),
        (3, MR, MRImageStorage, NOT_SUPPORTED),
        (3, b"", CTImageStorage, NOT_SUPPORTED),
        (3, CT, MRImageStorage, NO_MATCH),
        (5, MR, CTImageStorage, NO_MATCH),
        (3, CT, "1.2.840.10008.1.3.10", NO_MATCH),
        (3, CT, "", NOT_UNDERSTOOD),
    ],
)
def test_one_class_in_context_command_and_data_set(intake, peer, image, number, announced, contained, status):
    image.SOPClassUID = contained
    uid, encoded = data_set_of(image)
    assert peer.store(number, announced, uid, encoded) == status
    assert bool(kept(intake, image)) is (status == SUCCESS)
    assert peer.echo() == SUCCESS, "the association goes on"


@pytest.mark.parametrize(
    ("announced", "status"),
    [
        (b"1.2.3.4", NO_MATCH),
        (None, INVALID_INSTANCE),
        (b"", INVALID_INSTANCE),
        (b"1.2\0.3", INVALID_INSTANCE),
        (b"../../etc/passwd", INVALID_INSTANCE),
        (b"1." + b"2" * 63, INVALID_INSTANCE),
    ],
)
def test_one_instance_in_command_and_data_set(intake, peer, image, announced, status):
    _, encoded = data_set_of(image)
    assert peer.store(3, CT, announced, encoded) == status
    assert not kept(intake, image)
    assert peer.echo() == SUCCESS


@pytest.mark.parametrize("padding", [b"\0", b" ", b"  "])
def test_padding_makes_no_other_uid(peer, image, padding):
    uid, encoded = data_set_of(image)
    assert peer.store(3, CT + padding, uid + padding, encoded) == SUCCESS


def test_what_is_kept_says_of_itself_what_it_is(intake, peer, image, wait_for):
    uid, encoded = data_set_of(image)
    assert peer.store(3, CT, uid, encoded) == SUCCESS
    [path] = wait_for(lambda: intake.spool.instances(str(image.StudyInstanceUID)), "the instance to be filed")
    ds = dcmread(path)
    assert ds.file_meta.MediaStorageSOPClassUID == ds.SOPClassUID
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
    assert ds.file_meta.TransferSyntaxUID == EXPLICIT.decode()


def test_an_echo_belongs_to_its_context(peer):
    assert peer.echo(3) == NOT_SUPPORTED
    assert peer.echo(1) == SUCCESS


def test_a_refused_class_is_named_with_its_sender(intake, peer, image, wait_for):
    uid, encoded = data_set_of(image)
    assert peer.store(5, CT, uid, encoded) == NOT_SUPPORTED
    said = f"The SOP class {CT.decode()} cannot be stored on a presentation context of {MR.decode()}."
    assert any(said in event and "'TESTER' at 127.0.0.1" in event for event in intake.events("instance_refused"))


def test_a_query_gets_no_context_and_non_patient_objects_do(intake):
    objects = ["1.2.840.10008.5.1.4.38.1", "1.2.840.10008.5.1.4.43.1", "1.2.840.10008.5.1.4.1.1.200.1"]
    queries = ["1.2.840.10008.5.1.4.31", "1.2.840.10008.5.1.4.39.2", "1.2.840.10008.5.1.4.34.6.1"]
    proposed = b"".join(context(2 * i + 1, uid.encode(), EXPLICIT) for i, uid in enumerate(objects + queries))
    with Peer.connect(intake.port) as peer:
        assert peer.associate(associate_request(proposed)) == 2
    assert peer.results == {1: 0, 3: 0, 5: 0, 7: 3, 9: 3, 11: 3}


def test_a_data_set_behind_another_request_is_read_away(peer):
    find = command(0x0020, CT)
    assert peer.send(data(3, find, True), data(3, b"x" * 1000)).status() == 0x0211
    assert peer.echo() == SUCCESS


def test_a_response_comes_in_pdus_as_short_as_the_peer_wants(intake):
    shortest = b"\x51\0\0\4" + (20).to_bytes(4, "big")
    request = associate_request(CONTEXTS, user_information=b"\x50\0" + len(shortest).to_bytes(2, "big") + shortest)
    with Peer.connect(intake.port) as peer:
        assert peer.associate(request) == 2
        pdus = peer.send(data(1, command(0x0030, VERIFICATION, has_data_set=False), True)).read()
        assert len(pdus[1]) == 20
        assert not pdus[1][5] & 2, "more of it follows"
