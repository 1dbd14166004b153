"""Whatever the node writes or says names one implementation (PS3.10 7.1, PS3.7 D.3.3.2)."""

import io
from datetime import UTC, datetime

import pytest
from ct import head_ct, save
from intakes import Intake
from pydicom import dcmread
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification

from triage_node.dimse import echo
from triage_node.endpoints import Peer
from triage_node.imaging.pixel_data.transcoding import explicit_little_endian
from triage_node.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from triage_node.ingest.file_meta import file_start
from triage_node.report import build_connection_test, report_variants

ONE = (IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME)


def of_meta(file_meta):
    return file_meta.ImplementationClassUID, file_meta.ImplementationVersionName


def test_the_name_fits_its_representation():
    assert 1 <= len(IMPLEMENTATION_VERSION_NAME) <= 16
    assert IMPLEMENTATION_VERSION_NAME.isascii()


def test_files_name_it(tmp_path):
    received = file_start("1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2", "CT1")
    assert of_meta(dcmread(io.BytesIO(received)).file_meta) == ONE
    for report in report_variants(build_connection_test("TRIAGE", "2.25.1", datetime.now(UTC))):
        assert of_meta(report.file_meta) == ONE
    [path] = save(head_ct(slices=1, size=(16, 16)), tmp_path)
    assert of_meta(dcmread(path).file_meta) != ONE
    assert of_meta(dcmread(io.BytesIO(explicit_little_endian(path))).file_meta) == ONE


@pytest.mark.usefixtures("collect_sockets")
def test_associations_name_it_both_ways(make_settings):
    asked = []
    ae = AE(ae_title="PEER")
    ae.add_supported_context(Verification)
    handlers = [(evt.EVT_ACCEPTED, lambda event: asked.append(event.assoc.requestor))]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    echo(Peer(ae_title="PEER", host="127.0.0.1", port=server.server_address[1]), "TRIAGE", 5)
    server.shutdown()
    intake = Intake(make_settings())
    ae = AE()
    ae.add_requested_context(Verification)
    assoc = ae.associate("127.0.0.1", intake.port)
    answered = assoc.acceptor
    assoc.release()
    intake.stop()
    for side in (asked[0], answered):
        assert (side.implementation_class_uid, side.implementation_version_name) == ONE
