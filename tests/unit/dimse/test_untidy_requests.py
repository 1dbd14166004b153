"""Association requests as peers really write them: what is untidy costs no more than itself."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intakes import Intake
from upper_layer import CT, EXPLICIT, IMPLICIT, VERIFICATION, VERIFIED, Peer, associate_request, context, item

from triage_node.config import read_settings
from triage_node.dimse.associate_request import FIXED_BYTES, Request, ae_title, uid
from triage_node.dimse.pdu import ProtocolError

REJECTED, ACCEPTED, ABORTED = 3, 2, 7
NO_REASON, NO_ABSTRACT_SYNTAX, NO_TRANSFER_SYNTAX = 2, 3, 4


@pytest.fixture(scope="module")
def intake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("intake")
    intake = Intake(read_settings(dicom_port=0, data_dir=folder, allowed_calling_ae_titles=["TESTER", "*"]))
    yield intake
    intake.stop()


def identity(kind: int, wants_answer: int = 0, primary: bytes = b"user") -> bytes:
    return item(0x58, bytes((kind, wants_answer)) + struct.pack(">H", len(primary)) + primary + b"\0\0")


UNTIDY = {
    "unknown sub-item": {"user": item(0x5A, b"xyz")},
    "empty unknown sub-item": {"user": item(0xFF, b"")},
    "unknown item": {"extra": item(0x60, b"xyz")},
    "unknown item among contexts": {"contexts": item(0x11, b"?") + VERIFIED + item(0x7F, bytes(300))},
    "last item cut off": {"extra": struct.pack(">BxH", 0x60, 60000) + b"x"},
    "three bytes too many": {"extra": b"\0\0\0"},
    "calling title padded with NUL": {"calling": b"SCU\0\0\0\0\0\0\0\0\0\0\0\0\0"},
    "calling title with leading spaces": {"calling": b"   SCU"},
    "calling title in Latin-1": {"calling": "KLINIK_SÜD".encode("latin-1")},
    "calling title in UTF-8": {"calling": "KLINIK_SÜD".encode()},
    "calling title with a backslash": {"calling": b"A\\B"},
    "calling title with a terminal's command": {"calling": b"A\r\nFAKE\x1b[2J"},
    "calling title blank": {"calling": b""},
    "version name of 20 characters": {"user": item(0x55, b"A" * 20)},
    "version name empty": {"user": item(0x55, b"")},
    "version name in Latin-1": {"user": item(0x55, b"Rad\xfc")},
    "version name twice": {"user": item(0x55, b"A") * 2},
    "implementation class that is no UID": {"user": item(0x52, b"1.2.03.x")},
    "identity SAML": {"user": identity(3)},
    "identity of type 4": {"user": identity(4)},
    "identity JWT": {"user": identity(5, 1)},
    "identity of type 9": {"user": identity(9)},
    "identity cut off": {"user": item(0x58, b"\x01")},
    "identity longer than its item": {"user": item(0x58, b"\x01\0\xff\xffab")},
    "operations window": {"user": item(0x53, struct.pack(">HH", 8, 8))},
    "operations window cut off": {"user": item(0x53, b"\0")},
    "role selection": {"user": item(0x54, struct.pack(">H", len(CT)) + CT + b"\x01\x01")},
    "role selection cut off": {"user": item(0x54, b"\xff")},
    "extended negotiation": {"user": item(0x56, struct.pack(">H", len(CT)) + CT + bytes(6))},
    "extended negotiation of nothing": {"user": item(0x56, b"\xff\xff")},
    "common extended negotiation": {"user": item(0x57, struct.pack(">H", len(CT)) + CT + b"\0\0\0\0")},
    "sub-item longer than the user information": {"user": struct.pack(">BxH", 0x52, 9999) + b"1.2"},
    "maximum length of two bytes": {"user_information": item(0x50, item(0x51, b"\0\1"))},
    "user information longer than the request": {"user_information": struct.pack(">BxH", 0x50, 999) + b"\x51\0\0\4"},
    "user information shorter than its items": {"user_information": b"\x50\0\0\2" + item(0x51, bytes(4))},
    "no user information": {"user_information": b""},
    "application context padded": {"application": b"1.2.840.10008.3.1.1.1\0"},
    "versions 1 and 2": {"version": 3},
    "context too short for an identifier": {"contexts": item(0x20, b"\3") + VERIFIED},
}


@pytest.mark.parametrize("untidy", UNTIDY.values(), ids=UNTIDY.keys())
def test_what_is_untidy_is_ignored(intake, untidy):
    with Peer.connect(intake.port) as peer:
        assert peer.associate(associate_request(**untidy)) == ACCEPTED
        assert peer.results[1] == 0
        assert peer.echo() == 0


CONTEXTS = {
    "identifier 2": (context(2, CT, EXPLICIT), {2: NO_REASON}),
    "identifier 0": (context(0, CT, EXPLICIT), {0: NO_REASON}),
    "no transfer syntax": (context(3, CT), {3: NO_TRANSFER_SYNTAX}),
    "no abstract syntax": (context(3, None, EXPLICIT), {3: NO_ABSTRACT_SYNTAX}),
    "nothing": (context(3, None), {3: NO_ABSTRACT_SYNTAX}),
    "empty abstract syntax": (context(3, b"", EXPLICIT), {3: NO_ABSTRACT_SYNTAX}),
    "two abstract syntaxes": (
        item(0x20, b"\3\0\0\0" + item(0x30, CT) + item(0x30, VERIFICATION) + item(0x40, EXPLICIT)),
        {3: NO_ABSTRACT_SYNTAX},
    ),
    "abstract syntax that is no UID": (context(3, b"hello world", EXPLICIT), {3: NO_ABSTRACT_SYNTAX}),
    "abstract syntax with a NUL": (context(3, b"1.2\0.3", EXPLICIT), {3: NO_ABSTRACT_SYNTAX}),
    "abstract syntax too long": (context(3, b"1." + b"2" * 63, EXPLICIT), {3: NO_ABSTRACT_SYNTAX}),
    "transfer syntax with a NUL": (context(3, CT, b"1.2.840\0.10008.1.2.1"), {3: NO_TRANSFER_SYNTAX}),
    "transfer syntax that is no UID": (context(3, CT, b"\xff" * 8), {3: NO_TRANSFER_SYNTAX}),
    "empty transfer syntax before a good one": (context(3, CT, b"", EXPLICIT), {3: 0}),
    "padded": (context(3, CT + b"\0", EXPLICIT + b" "), {3: 0}),
    "unknown sub-item": (
        item(0x20, b"\3\0\0\0" + item(0x66, b"x") + item(0x30, CT) + item(0x40, EXPLICIT)),
        {3: 0},
    ),
    "sub-item longer than its context": (
        item(0x20, b"\3\0\0\0" + item(0x30, CT) + item(0x40, EXPLICIT) + b"\x40\0\xff\xff1"),
        {3: NO_REASON},
    ),
    "identifier twice": (context(3, CT, EXPLICIT) + context(3, CT, IMPLICIT), {3: 0}),
    "three hundred": (
        b"".join(context((2 * n + 1) % 256, CT, EXPLICIT) for n in range(1, 300)),
        dict.fromkeys(range(3, 256, 2), 0),
    ),
}


@pytest.mark.parametrize(("contexts", "results"), CONTEXTS.values(), ids=CONTEXTS.keys())
def test_an_untidy_context_costs_only_itself(intake, contexts, results):
    with Peer.connect(intake.port) as peer:
        assert peer.associate(associate_request(VERIFIED + contexts)) == ACCEPTED
        assert peer.results == {1: 0} | results
        assert peer.echo() == 0


BROKEN = {
    "version 2 only": ({"version": 2}, REJECTED, bytes((0, 1, 2, 2)), "protocol version 0x0002"),
    "another application context": ({"application": b"1.2.3"}, REJECTED, bytes((0, 1, 1, 2)), "context 1.2.3 "),
    "context cut off": ({"extra": b"\x20\0\xff\xff\5"}, ABORTED, bytes((0, 0, 2, 6)), "item (0x20)"),
}


@pytest.mark.parametrize(("broken", "kind", "reason", "named"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_refused_with_its_reason_and_leaves_an_event(intake, broken, kind, reason, named, wait_for):
    with Peer.connect(intake.port) as peer:
        assert peer.send(associate_request(**broken)).read() == (kind, reason)
    wait_for(lambda: any(named in event for event in intake.events("instance_refused")), f"an event on {named}")


def test_a_refused_context_leaves_an_event_that_names_it_and_its_sender(intake, wait_for):
    with Peer.connect(intake.port) as peer:
        peer.associate(associate_request(context(4, CT, EXPLICIT), b"A\nB\0zz"))
    said = "'A?B' at 127.0.0.1: The presentation context 4 was rejected: its identifier is not odd."
    wait_for(lambda: said in intake.events("instance_refused"), "the event")


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        (b"SCU             ", "SCU"),
        (b"SCU\0\0\0  ", "SCU"),
        (b"\0\0SCU", "SCU"),
        (b"SCU\0rubbish", "SCU"),
        ("SÜD".encode(), "SÜD"),
        ("SÜD".encode("latin-1"), "SÜD"),
        (b"A\\B\tC\x7f", "A?B?C?"),
        (b"", ""),
    ],
)
def test_a_title_is_what_a_person_would_read(raw, title):
    assert ae_title(raw) == title


@given(raw=st.binary(max_size=16))
def test_a_title_can_be_shown_and_stored_whatever_its_bytes(raw):
    title = ae_title(raw)
    assert title.isprintable() or not title
    assert len(title) <= 16
    assert title.encode("utf-8").decode() == title


@given(raw=st.binary(max_size=80))
def test_a_uid_is_one_or_empty_whatever_its_bytes(raw):
    assert set(uid(raw)) <= set("0123456789.")
    assert len(uid(raw)) <= 64


@given(rest=st.binary(max_size=300))
def test_a_request_of_any_bytes_is_read_or_refused(rest):
    try:
        request = Request.decode(bytes(FIXED_BYTES) + rest)
    except ProtocolError:
        return
    assert len(request.contexts) <= 256
