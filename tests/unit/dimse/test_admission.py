"""Who is let in: by address, by AE titles, and how often."""

import pytest
from upper_layer import Peer, associate_request

from triage_node.config import Settings
from triage_node.dimse.admission import Admission
from triage_node.dimse.associate_request import Request
from triage_node.dimse.pdu import HEADER

ACCEPTED, REJECTED, CLOSED = 2, 3, 0
CALLING, CALLED = bytes((0, 1, 1, 3)), bytes((0, 1, 1, 7))


def allows(settings: Settings, caller: str, address: str) -> bool:
    request = Request.decode(associate_request(calling=caller.encode())[HEADER.size :])
    admission = Admission(settings)
    return not admission.complaint(address) and admission.objection(request, address) is None


@pytest.mark.parametrize(
    ("allowed", "caller", "expected"),
    [((), "ANY", True), (("PACS",), "PACS  ", True), (("PACS",), "pacs", False), (("*",), "ANY", True)],
)
def test_ae_titles_may_send_from_everywhere(allowed, caller, expected):
    assert allows(Settings(allowed_calling_ae_titles=allowed), caller, "10.0.0.1") is expected
    assert allows(Settings(allowed_peers=allowed), caller, "10.0.0.1") is expected


@pytest.mark.parametrize(
    ("caller", "address", "expected"),
    [
        ("CT1", "10.0.0.1", True),
        ("CT1", "10.0.1.1", False),
        ("CT1", "fd00::5", True),
        ("CT1", "2001:db8::1", False),
        ("CT2", "10.0.0.1", False),
        ("CT2", "10.0.7.1", True),
        ("CT3", "10.0.0.1", False),
        ("WARD", "192.0.2.9", True),
        ("WARD", "192.0.2.8", False),
        ("CT1", "fe80::1%eth0", True),
    ],
)
def test_an_ae_title_may_send_from_its_networks_only(caller, address, expected):
    peers = ["CT1@10.0.0.0/24", "CT1@fd00::/8", "CT1@fe80::/10", "CT2@10.0.7.0/24", "*@192.0.2.9"]
    assert allows(Settings(allowed_peers=peers), caller, address) is expected


def test_an_address_of_no_network_is_closed_before_it_says_anything(start_intake, wait_for):
    node = start_intake(allowed_peers=["TESTER@127.0.0.2", "OTHER@127.0.0.3"])
    with Peer.connect(node.port) as peer:
        assert peer.read() == (CLOSED, b"")
    said = "'' at 127.0.0.1: The connection was closed: its address is not on the allow list."
    wait_for(lambda: node.events("instance_refused") == [said], "the event")
    with Peer.connect(node.port, "127.0.0.2") as peer:
        assert peer.associate() == ACCEPTED
    with Peer.connect(node.port, "127.0.0.3") as peer:
        assert peer.send_request() == (REJECTED, CALLING)
    wait_for(lambda: "for its address" in node.events("instance_refused")[-1], "the event")


def test_who_comes_over_ipv4_to_a_port_for_both_is_known_by_the_ipv4_address(start_intake):
    node = start_intake(dicom_host="::", allowed_peers=["TESTER@127.0.0.0/8"])
    with Peer.connect(node.port) as peer:
        assert peer.associate() == ACCEPTED
    with Peer.connect(node.port, "127.0.0.9") as peer:
        assert peer.associate() == ACCEPTED


def test_a_called_ae_title_is_compared_where_that_is_wanted(start_intake):
    node = start_intake(ae_title=" OTHER", check_called_ae_title=True)
    with Peer.connect(node.port) as peer:
        assert peer.send_request() == (REJECTED, CALLED)
    with Peer.connect(start_intake(check_called_ae_title=True).port) as peer:
        assert peer.associate() == ACCEPTED


def test_more_connections_than_may_be_in_a_minute_are_closed_at_once(start_intake, wait_for):
    node = start_intake(maximum_connections_per_minute_per_address=3)
    for _ in range(3):
        with Peer.connect(node.port) as peer:
            assert peer.associate() == ACCEPTED
    with Peer.connect(node.port) as peer:
        assert peer.read() == (CLOSED, b"")
    with Peer.connect(node.port, "127.0.0.2") as peer:
        assert peer.associate() == ACCEPTED
    wait_for(lambda: "in a minute" in "".join(node.events("instance_refused")), "the event")
