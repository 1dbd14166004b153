"""The administrator's test report reaches a PACS that nobody here wrote."""

import pytest
from pacs import Storescp
from pydicom import dcmread
from sites import ADMINISTRATOR, Site

from triage_node.worklist import Worklist

pytestmark = pytest.mark.slow


def test_storescp_takes_the_echo_and_the_test_report(start, make_settings, wait_for):
    peer = start(Storescp, "storescp")
    settings = make_settings(destinations=peer.address)
    worklist = Worklist(settings)
    worklist.prepare()
    with Site(settings, worklist) as site:
        browser = site.signed_in(ADMINISTRATOR)
        wait_for(
            lambda: "It answers C-ECHO" in browser.submit(f"/admin/echo?destination={peer.address}").text, "an echo"
        )
        page = browser.submit(f"/admin/test-report?destination={peer.address}").text
    worklist.close()
    assert "It stored the test report" in page
    [file] = peer.received()
    assert dcmread(file).PatientID == "TRIAGE-NODE-TEST"
