"""Where the model looked: shown for quality control to those whom the site lets see it, and never as anything else."""

import pytest
from ct import head_ct, save
from reading_room import finish
from site_instances import keep

from triage_node.storage.result import EXPLANATION

LINE = "Where the model looked"


@pytest.fixture
def open_site(make_site, clock, tmp_path):
    """Open a site with a study that has an explanation; return it with the study's address."""

    def open_site(**settings):
        site = make_site(**settings)
        datasets = head_ct(slices=32, size=(16, 16))
        keep(site, save(datasets, tmp_path / "sent"))
        clock.forward(61)
        site.worklist.study_completion.advance()
        finish(site, datasets)
        return site, f"/studies/{datasets[0].StudyInstanceUID}"

    return open_site


@pytest.mark.parametrize(
    ("shown", "seers"), [(None, {"ada"}), ("nobody", set()), ("administrators", {"ada"}), ("everybody", {"ada", "ray"})]
)
def test_only_those_whom_the_site_lets_see_it_are_shown_it(open_site, shown, seers):
    site, address = open_site(**({} if shown is None else {"explanation_shown": shown}))
    for name in ("ada", "ray"):
        browser = site.signed_in(name)
        page, picture = browser.get(address).text, browser.get(f"{address}/explanation")
        assert (LINE in page) == (name in seers)
        assert picture.status_code == (200 if name in seers else 403)
        if name in seers:
            assert "<strong>Not for diagnosis.</strong>" in page
    assert site.browser().get(f"{address}/explanation").status_code in (303, 401)
    assert site.program().get(f"{address}/explanation").status_code == 403, "it is for people"


def test_it_is_a_picture_that_runs_nothing_and_its_view_is_kept(open_site):
    site, address = open_site(explanation_shown="everybody")
    picture = site.signed_in().get(f"{address}/explanation")
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert picture.headers["cache-control"] == "no-store"
    [viewed] = [row for row in site.worklist.audit_trail.latest() if row.action == "images_viewed"]
    assert viewed.study_instance_uid == address.rpartition("/")[2]


def test_what_is_no_picture_or_not_there_is_not_served(open_site):
    site, address = open_site(explanation_shown="everybody")
    study = site.worklist.study_details.study(address.rpartition("/")[2])
    path = site.spool.result(study.study_instance_uid, study.outcomes[-1].folder).folder / EXPLANATION
    browser = site.signed_in()
    path.write_bytes(b"<script>alert(1)</script>")
    assert browser.get(f"{address}/explanation").status_code == 404
    path.unlink()
    assert browser.get(f"{address}/explanation").status_code == 404
    assert LINE not in browser.get(address).text
    assert browser.get("/studies/9.9/explanation").status_code == 404
