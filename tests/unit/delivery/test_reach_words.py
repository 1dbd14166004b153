"""Why a peer does not take a report, told apart as a person on the phone would."""

import socket
import threading

import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification

from triage_node.dimse import echo
from triage_node.endpoints import Peer
from triage_node.errors import PeerError, Trouble

pytestmark = [pytest.mark.usefixtures("collect_sockets"), pytest.mark.filterwarnings("ignore:unclosed <socket")]


def trouble_of(port: int) -> Trouble:
    with pytest.raises(PeerError) as raised:
        echo(Peer("PACS", "127.0.0.1", port), "TRIAGE", 1.0)
    return raised.value.trouble


def test_a_port_where_nobody_listens_is_not_reached(free_tcp_port):
    assert trouble_of(free_tcp_port) is Trouble.NOT_REACHED


def test_what_takes_a_connection_and_says_nothing_does_not_answer():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        taken = []
        thread = threading.Thread(target=lambda: taken.append(silent.accept()[0]))
        thread.start()
        assert trouble_of(silent.getsockname()[1]) is Trouble.NO_ANSWER
        thread.join()
        taken[0].close()


@pytest.mark.parametrize(
    ("wants", "trouble"),
    [
        ({"require_calling_aet": ["ELSE"]}, Trouble.AE_TITLE_UNKNOWN),
        ({"require_called_aet": True}, Trouble.CALLED_AE_TITLE_UNKNOWN),
    ],
)
def test_a_peer_that_does_not_know_us_says_so(wants, trouble):
    ae = AE(ae_title="OTHER")
    for name, value in wants.items():
        setattr(ae, name, value)
    ae.add_supported_context(Verification)
    server = ae.start_server(("127.0.0.1", 0), block=False)
    try:
        assert trouble_of(server.server_address[1]) is trouble
    finally:
        server.shutdown()


def test_a_peer_that_takes_none_of_the_classes_refuses():
    ae = AE(ae_title="PACS")
    ae.add_supported_context("1.2.840.10008.5.1.4.1.1.2")
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, lambda _: 0)])
    try:
        assert trouble_of(server.server_address[1]) is Trouble.REFUSED
    finally:
        server.shutdown()
