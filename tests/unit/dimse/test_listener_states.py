"""Orders of messages over several associations, as a state machine: the listener keeps its word to each of them."""

import os
import struct
import threading
from contextlib import suppress

import pytest
from ct import head_ct
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from intakes import Intake
from pydicom.uid import generate_uid
from upper_layer import (
    CT,
    EXPLICIT,
    RELEASE,
    VERIFICATION,
    VERIFIED,
    Peer,
    associate_request,
    command,
    context,
    data,
    data_set_of,
)

from triage_node.config import read_settings
from triage_node.dimse.command_set import Operation
from triage_node.dimse.pdu import HEADER, PDUType, abort_pdu

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("TRIAGE_TEST_EXAMPLES", "30"))
REQUEST = associate_request(VERIFIED + context(3, CT, EXPLICIT))
ECHO = command(Operation.C_ECHO, VERIFICATION, has_data_set=False)
STUDY = str(head_ct(slices=1, size=(16, 16))[0].StudyInstanceUID)
MOST_PEERS = 4
ENDED = 0
OUT_OF_ORDER = {
    "a second request": REQUEST,
    "a data set before its command": data(3, b"x"),
    "a context that was not accepted": data(5, ECHO, is_command=True),
    "an answer to no release": HEADER.pack(PDUType.RELEASE_RP, 4) + bytes(4),
    "an answer to no request": HEADER.pack(PDUType.ASSOCIATE_AC, 4) + bytes(4),
    "an unknown PDU": HEADER.pack(8, 4) + bytes(4),
    "a PDU of gigabytes": HEADER.pack(PDUType.DATA_TF, 0xFFFFFFFF),
    "a data item of gigabytes": HEADER.pack(PDUType.DATA_TF, 6) + struct.pack(">LBB", 0xFFFFFFFF, 1, 3),
    "a data item without its head": HEADER.pack(PDUType.DATA_TF, 6) + struct.pack(">LBB", 0, 1, 3),
    "no command set": data(1, b"\1\2\3\4\5\6\7\x08\x09", is_command=True),
}


class Conversations(RuleBasedStateMachine):
    """Associations of one node: those that are idle, and those in a message with what is still to be sent of it."""

    def __init__(self, intake: Intake, acknowledged: list[bytes]) -> None:
        super().__init__()
        self._intake = intake
        self._acknowledged = acknowledged
        self._idle: list[Peer] = []
        self._busy: list[tuple[Peer, list[bytes], bytes]] = []

    @precondition(lambda self: len(self._idle) + len(self._busy) < MOST_PEERS)
    @rule(cut=st.integers(1, len(REQUEST) - 1))
    def associate(self, cut: int) -> None:
        peer = Peer.connect(self._intake.port)
        peer.send(REQUEST[:cut])
        assert peer.associate(REQUEST[cut:]) == PDUType.ASSOCIATE_AC
        assert peer.results == {1: 0, 3: 0}
        self._idle.append(peer)

    @precondition(lambda self: self._idle)
    @rule(draw=st.data(), times=st.integers(1, 3), size=st.sampled_from([1, 7, len(ECHO)]))
    def echo(self, draw: st.DataObject, times: int, size: int) -> None:
        """Ask several times at once; each request comes in as many fragments as it likes, an empty one among them."""
        peer = draw.draw(st.sampled_from(self._idle))
        parts = [ECHO[at : at + size] for at in range(0, len(ECHO), size)]
        request = [data(1, part, is_command=True, is_last=False) for part in parts] + [data(1, b"", is_command=True)]
        peer.send(*request * times)
        assert [peer.status() for _ in range(times)] == [0] * times

    @precondition(lambda self: self._idle)
    @rule(draw=st.data(), size=st.sampled_from([100, 1000, 16_000]), pauses_after=st.integers(0, 3))
    def begin_to_store(self, draw: st.DataObject, size: int, pauses_after: int) -> None:
        peer = draw.draw(st.sampled_from(self._idle))
        [ds] = head_ct(slices=1, size=(16, 16))
        ds.SOPInstanceUID = generate_uid()
        uid, encoded = data_set_of(ds)
        parts = [encoded[at : at + size] for at in range(0, len(encoded), size)]
        pdus = [data(3, command(Operation.C_STORE, CT, uid), is_command=True)]
        pdus += [data(3, part, is_last=part is parts[-1]) for part in parts]
        peer.send(*pdus[:pauses_after])
        self._idle.remove(peer)
        self._busy.append((peer, pdus[pauses_after:], encoded))

    @precondition(lambda self: self._busy)
    @rule(draw=st.data())
    def store(self, draw: st.DataObject) -> None:
        peer, rest, encoded = chosen = draw.draw(st.sampled_from(self._busy))
        self._busy.remove(chosen)
        assert peer.send(*rest).status() == 0
        self._acknowledged.append(encoded)
        self._idle.append(peer)

    @precondition(lambda self: self._idle)
    @rule(draw=st.data(), violation=st.sampled_from(sorted(OUT_OF_ORDER)))
    def break_the_protocol(self, draw: st.DataObject, violation: str) -> None:
        peer = draw.draw(st.sampled_from(self._idle))
        kind, body = peer.send(OUT_OF_ORDER[violation]).read()
        assert (kind, body[2]) == (PDUType.ABORT, 2), "it is aborted by the service provider"
        assert peer.read()[0] == ENDED
        self._end(peer)

    @precondition(lambda self: self._idle or self._busy)
    @rule(draw=st.data(), how=st.sampled_from(["abort", "close", "half a PDU", "half a header"]))
    def go_away(self, draw: st.DataObject, how: str) -> None:
        peer = draw.draw(st.sampled_from([*self._idle, *(one for one, _, _ in self._busy)]))
        whole = data(3, bytes(500), is_last=False)
        last = {"abort": abort_pdu(0), "close": b"", "half a PDU": whole[:100], "half a header": whole[:3]}
        with suppress(OSError):
            peer.send(last[how])
        self._end(peer)

    @precondition(lambda self: self._idle)
    @rule(draw=st.data())
    def release(self, draw: st.DataObject) -> None:
        peer = draw.draw(st.sampled_from(self._idle))
        assert peer.send(RELEASE).read()[0] == PDUType.RELEASE_RP
        assert peer.read()[0] == ENDED
        self._end(peer)

    @invariant()
    def another_is_served(self) -> None:
        with Peer.connect(self._intake.port) as peer:
            assert peer.associate(REQUEST) == PDUType.ASSOCIATE_AC
            assert peer.echo() == 0

    def _end(self, peer: Peer) -> None:
        peer.connection.close()
        self._idle = [one for one in self._idle if one is not peer]
        self._busy = [one for one in self._busy if one[0] is not peer]

    def teardown(self) -> None:
        for peer in [*self._idle, *(one for one, _, _ in self._busy)]:
            self._end(peer)


def test_whatever_the_order_the_listener_keeps_what_it_acknowledged(tmp_path, wait_for):
    intake = Intake(read_settings(dicom_port=0, data_dir=tmp_path, disk_reserve_mb=1, maximum_associations=50))
    acknowledged: list[bytes] = []
    before = threading.active_count()
    try:
        run_state_machine_as_test(
            lambda: Conversations(intake, acknowledged),
            settings=settings(
                max_examples=EXAMPLES, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
        wait_for(lambda: intake.listener.state().associations == 0, "all associations to end")
        wait_for(lambda: threading.active_count() <= before, "their threads to end")
        wait_for(lambda: not list(intake.spool.layout.incoming.iterdir()), "nothing to be left that has no place")
        kept = b"".join(path.read_bytes() for path in intake.spool.instances(STUDY))
        assert len(acknowledged) > EXAMPLES // 10, "hypothesis has stored too little to show anything"
        assert all(encoded in kept for encoded in acknowledged)
    finally:
        intake.stop()
