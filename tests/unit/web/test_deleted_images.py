"""Pages, API and DICOMweb of a study whose images were deleted: each says so, and on which day."""

import pytest
from aged import DAY, Ward, by_age

from triage_node.database import day_of
from triage_node.findings import Decision

UID = "1.2.3"


@pytest.fixture
def ward(site, clock):
    """A study that is not flagged, without its images."""
    made = Ward(site.worklist, site.spool, clock, report=None)
    made.done(UID, decision=Decision.NOT_FLAGGED)
    clock.forward(91 * DAY)
    made.retention(by_age(90)).run()
    return made


@pytest.fixture
def day(clock, ward) -> str:
    return day_of(clock())


def test_the_page_says_it_and_offers_no_new_analysis(site, ward, day):
    page = site.signed_in().get(f"/studies/{UID}").text
    assert f"The images were deleted on {day}." in page
    assert "The answer below was given while they were here." in page
    assert "Analyze again" not in page
    assert "The study has no CT series" not in page
    assert "data-viewer" in page
    assert "<canvas" not in page


def test_the_page_says_when_the_report_is_gone_too(site, ward, day):
    ward.retention(by_age(1, 2)).run()
    page = site.signed_in().get(f"/studies/{UID}").text
    assert f"The report and what goes with it were deleted on {day}." in page
    assert "There is no report" not in page
    assert "Send again" not in page


def test_the_worklist_marks_it(site, ward):
    assert "images deleted" in site.signed_in().get("/worklist?list=all").text


def test_the_api_says_it(site, ward, clock):
    browser = site.signed_in()
    study = browser.get(f"/api/studies/{UID}").json()
    assert (study["images_deleted_at"], study["has_images"]) == (clock(), False)


@pytest.mark.parametrize("place", ["slices", "slices/0"])
def test_the_viewer_is_told_gone(site, ward, day, place):
    answer = site.signed_in().get(f"/api/studies/{UID}/{place}")
    assert (answer.status_code, f"deleted on {day}" in answer.text) == (410, True)


@pytest.mark.parametrize("place", ["", f"/series/{UID}.1", f"/series/{UID}.1/instances/{UID}.1.0", "/metadata"])
def test_dicomweb_says_gone(site, ward, day, place):
    answer = site.signed_in().get(f"/dicomweb/studies/{UID}{place}")
    assert (answer.status_code, f"deleted on {day}" in answer.text) == (410, True)


def test_a_file_that_is_still_there_is_not_shown_any_more(site, ward, day):
    """A deletion that was cut off: it counts as gone from the moment it is noted."""
    path = ward.path(UID, f"{UID}.1.0")
    path.write_bytes(b"left")
    assert site.signed_in().get(f"/dicomweb/studies/{UID}").status_code == 410


@pytest.mark.parametrize("level", ["studies", "instances"])
def test_a_search_says_that_it_is_not_available(site, ward, level):
    found = site.signed_in().get(f"/dicomweb/{level}?StudyInstanceUID={UID}").json()
    assert {one["00080056"]["Value"][0] for one in found} == {"UNAVAILABLE"}


def test_a_new_analysis_is_refused_with_the_reason(site, ward, day):
    answer = site.signed_in().submit(f"/studies/{UID}/requeue")
    assert (answer.status_code, day in answer.text) == (409, True)


def test_why_this_series_cannot_be_said_any_more(site, ward, day):
    part = site.signed_in().get(f"/studies/{UID}/series").text
    assert f"The images were deleted on {day}." in part
    assert "<table" not in part
