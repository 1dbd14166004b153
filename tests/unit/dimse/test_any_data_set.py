"""Data sets that hypothesis makes, cut anyhow into fragments and PDUs: what is acknowledged is kept bit for bit."""

import struct
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intakes import Intake
from pydicom.uid import generate_uid
from upper_layer import CT, EXPLICIT, VERIFIED, Peer, associate_request, command, context, data

from triage_node.config import read_settings
from triage_node.dimse.command_set import Operation
from triage_node.dimse.pdu import HEADER, ITEM_HEADER, PDUType

pytestmark = pytest.mark.slow

REQUEST = associate_request(VERIFIED + context(3, CT, EXPLICIT))
STUDY = "1.2.826.0.1.3680043.8.498.1"
LONG_VRS = ("OB", "OW", "OF", "UT", "UN")
VRS = ("AE", "AS", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "TM", "UI", "UL", "US")


def element(tag: int, vr: str, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    length = struct.pack("<HL", 0, len(value)) if vr in LONG_VRS else struct.pack("<H", len(value))
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode() + length + value


# Behind the UIDs, which the node must understand, and up to the pixel data anything may come.
ELEMENTS = st.dictionaries(
    st.integers(0x0020000F, 0x7FE00009), st.tuples(st.sampled_from(VRS + LONG_VRS), st.binary(max_size=60)), max_size=12
)


@pytest.fixture(scope="module")
def intake(tmp_path_factory):
    intake = Intake(read_settings(dicom_port=0, data_dir=tmp_path_factory.mktemp("intake"), disk_reserve_mb=1))
    yield intake
    intake.stop()


def data_set(uid: str, elements: dict[int, tuple[str, bytes]]) -> bytes:
    known = {
        0x00080016: ("UI", CT),
        0x00080018: ("UI", uid.encode()),
        0x0020000D: ("UI", STUDY.encode()),
        0x0020000E: ("UI", STUDY.encode()),
    }
    return b"".join(element(tag, vr, value) for tag, (vr, value) in sorted((elements | known).items()))


def pdus(encoded: bytes, cuts: list[int], items_of_a_pdu: int) -> list[bytes]:
    """Return a data set in fragments that end at the cuts, so many of them in each PDU."""
    places = sorted({min(cut, len(encoded)) for cut in cuts} | {0, len(encoded)})
    fragments = [encoded[start:end] for start, end in pairwise(places)]
    items = [
        ITEM_HEADER.pack(len(one) + 2, 3, 2 * (number == len(fragments))) + one
        for number, one in enumerate(fragments, 1)
    ]
    groups = [b"".join(items[at : at + items_of_a_pdu]) for at in range(0, len(items), items_of_a_pdu)]
    return [HEADER.pack(PDUType.DATA_TF, len(group)) + group for group in groups]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(elements=ELEMENTS, cuts=st.lists(st.integers(0, 900), max_size=20), items_of_a_pdu=st.integers(1, 8))
def test_any_data_set_in_any_fragments_is_kept_as_it_came(intake, wait_for, elements, cuts, items_of_a_pdu):
    uid = str(generate_uid())
    encoded = data_set(uid, elements)
    with Peer.connect(intake.port) as peer:
        peer.associate(REQUEST)
        peer.send(data(3, command(Operation.C_STORE, CT, uid.encode()), is_command=True))
        status = peer.send(*pdus(encoded, cuts, items_of_a_pdu)).status()
        assert peer.echo() == 0
    assert status == 0
    path = intake.spool.layout.instance(STUDY, uid)
    wait_for(path.exists, "the instance to be filed")
    content = path.read_bytes()
    assert content.endswith(encoded)
    assert len(content) - len(encoded) < 500, "nothing but the file meta information is before it"
