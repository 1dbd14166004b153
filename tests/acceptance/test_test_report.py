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
        wait_for(lambda: "It answers C-ECHO" in _told(browser, f"/admin/echo?destination={peer.address}"), "an echo")
        page = _told(browser, f"/admin/test-report?destination={peer.address}")
    worklist.close()
    assert "It stored the test report" in page
    [file] = peer.received()
    assert dcmread(file).PatientID == "TRIAGE-NODE-TEST"


def _told(browser, path: str) -> str:
    """Post, and return the page that the answer leads to."""
    answer = browser.submit(path)
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["location"]).text
