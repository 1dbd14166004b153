"""Each destination is sent reports in its style; what is stored is the text."""

import pytest
from pydicom import dcmread
from report_tables import contents

from triage_node.delivery import Caller, sender_of
from triage_node.endpoints import Destination
from triage_node.pipeline.reporting import report_files
from triage_node.report import as_measurement_report, build_report
from triage_node.storage import ResultContent, Spool
from triage_node.worklist import Delivery

REPORT = build_report(contents("A")[0])


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "data" / "spool")
    spool.result("1.2", "one").keep(ResultContent({}, report_files(REPORT)))
    return spool


@pytest.mark.parametrize(("style", "expected"), [("text", REPORT), ("measurement", as_measurement_report(REPORT))])
def test_a_destination_has_its_style(style, expected, spool, tmp_path):
    share = tmp_path / "share"
    share.mkdir()
    destination = Destination(url=f"file://{share}", report_style=style)
    delivery = Delivery(1, "1.2", destination.name, str(REPORT.SOPInstanceUID), "one", 1, 0.0)
    first, again = (sender_of(destination, Caller("TRIAGE", 1.0, 1.0), spool).send(delivery) for _ in range(2))
    [file] = share.iterdir()
    assert file.stem == expected.SOPInstanceUID
    assert dcmread(file).ConceptNameCodeSequence[0].CodeValue == expected.ConceptNameCodeSequence[0].CodeValue
    assert first == again
    assert first.stored == [(str(expected.SOPClassUID), str(expected.SOPInstanceUID))]
