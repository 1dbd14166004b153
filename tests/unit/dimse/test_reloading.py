"""Other settings of the listener: in force at the next association, while those that are open go on."""

import pytest
from upper_layer import Peer, associate_request

from triage_node.dimse import client_context
from triage_node.endpoints import TlsFiles
from triage_node.errors import SettingsError

ACCEPTED, REJECTED = 2, 3


def request(calling):
    return associate_request(calling=calling)


def test_who_may_send_changes_for_the_next_association(start_intake, make_settings):
    node = start_intake(allowed_peers=["OLD"])
    with Peer.connect(node.port) as old:
        assert old.associate(request(b"OLD")) == ACCEPTED
        node.listener.prepare(make_settings(allowed_peers=["NEW"]))()
        assert old.echo() == 0
        with Peer.connect(node.port) as again, Peer.connect(node.port) as new:
            assert again.associate(request(b"OLD")) == REJECTED
            assert new.associate(request(b"NEW")) == ACCEPTED


def test_more_places_are_there_at_once_and_fewer_end_nobody(start_intake, make_settings):
    node = start_intake(maximum_associations=1)
    with Peer.connect(node.port) as one, Peer.connect(node.port) as two:
        assert one.associate() == ACCEPTED
        node.listener.prepare(make_settings(maximum_associations=2))()
        assert two.associate() == ACCEPTED
        node.listener.prepare(make_settings(maximum_associations=1))()
        assert (one.echo(), two.echo()) == (0, 0), "with one place the second would have cost the first its own"


@pytest.fixture
def tls(authority, tmp_path):
    """Return settings of a listener with a certificate, and what a sender needs that trusts its authority."""

    def make(name, by=authority):
        issued = by.issue(name)
        issued.key.chmod(0o600)
        names = {"dicom_tls_port": 0, "dicom_tls_client_certificates": "off"}
        return names | {"dicom_tls_certificate": issued.certificate, "dicom_tls_key": issued.key}

    return make


def test_another_certificate_is_shown_to_the_next_and_a_wrong_one_to_nobody(
    start_intake, make_settings, authority, stranger, tls, tmp_path
):
    node = start_intake(**tls("first"))
    trusting, distrusting = (client_context(TlsFiles(ca=one.ca)) for one in (authority, stranger))
    with Peer.connect(node.tls_port, context=trusting) as open_before:
        assert open_before.associate() == ACCEPTED
        node.listener.prepare(make_settings(**tls("second", stranger)))()
        assert open_before.echo() == 0
        with Peer.connect(node.tls_port, context=distrusting) as peer:
            assert peer.associate() == ACCEPTED
        wrong = tls("third") | {"dicom_tls_key": tls("fourth")["dicom_tls_key"]}
        with pytest.raises(SettingsError, match="the key is not that of the certificate"):
            node.listener.prepare(make_settings(**wrong))
        with Peer.connect(node.tls_port, context=distrusting) as peer:
            assert peer.associate() == ACCEPTED
