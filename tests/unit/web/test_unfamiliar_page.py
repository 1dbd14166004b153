"""What pages and files say of a study that is unlike the training images."""

import csv
import io
from dataclasses import replace

import pytest

from triage_node.findings import LABELS, Decision, ImageDistance, Label, ModelIdentity
from triage_node.identity import Role
from triage_node.outcome import Outcome, Status
from triage_node.reasons import Reason, ReasonCode

UNLIKE = Reason.of(ReasonCode.OUT_OF_DISTRIBUTION, "Distance 3.00, limit 2.00.")


@pytest.fixture
def unfamiliar(site, analyzed, clock):
    """Two studies unlike the training images, of a high and of a low score, and a flagged and an uncertain one."""
    analyzed("1.1", decision="uncertain")
    for uid, score in (("1.2", 0.1), ("1.3", 1.0)):
        analyzed(uid, register_only=True)
        clock.forward(61)
        site.worklist.study_completion.advance()
        outcome = Outcome(
            Status.ANALYZED,
            ModelIdentity("net", "1", "ab"),
            reasons=(UNLIKE,),
            series_instance_uid=f"{uid}.1",
            decision=Decision.UNCERTAIN,
            probabilities=dict.fromkeys(LABELS, score),
            uncertain=(Label.ANY,),
            withheld=(Label.ANY,) if score > 0.5 else (),
            image_distance=ImageDistance(3.0, 2.0),
        )
        assert site.worklist.claims.finish(site.worklist.claims.claim("w"), outcome, [])
    analyzed("1.4")


def rows_of(page):
    return {part.split('"')[0]: part for part in page.split('data-uid="')[1:]}


def test_the_list_has_its_badge_its_words_and_its_place(site, unfamiliar):
    rows = rows_of(site.signed_in().get("/worklist").text)
    assert list(rows) == ["1.3", "1.4", "1.1", "1.2"]
    assert "badge-unfamiliar" in rows["1.3"]
    assert "unlike the training images, score as if flagged" in rows["1.3"]
    assert "unlike the training images</span>" in rows["1.2"]
    assert "badge-flagged" not in rows["1.3"] + rows["1.2"]
    assert "unlike" not in rows["1.1"] + rows["1.4"]


def test_the_study_page_says_why(site, unfamiliar):
    page = site.signed_in().get("/studies/1.3").text
    assert "badge-unfamiliar" in page
    assert "unlike the training images" in page


def test_the_api_tells_what_was_withheld(site, unfamiliar):
    studies = {
        one["study_instance_uid"]: one for one in site.program(Role.SERVICE).get("/api/worklist").json()["studies"]
    }
    assert [studies[uid]["withheld"] for uid in ("1.1", "1.2", "1.3", "1.4")] == [[], [], ["any"], []]
    assert studies["1.3"]["cautions"] == [
        {"code": "out_of_distribution", "message": UNLIKE.message, "words": "unlike the training images"}
    ]
    assert (studies["1.3"]["decision"], studies["1.3"]["flagged"], studies["1.3"]["group"]) == (
        "uncertain", [], "unfamiliar",
    )  # fmt: skip


def test_the_file_has_the_words(site, unfamiliar):
    rows = list(csv.DictReader(io.StringIO(site.signed_in().get("/worklist.csv").text.lstrip("\ufeff"))))
    assert [row["cautions"] for row in rows] == [
        "unlike the training images", "", "", "unlike the training images",
    ]  # fmt: skip
    assert [row["withheld"] for row in rows] == ["any", "", "", ""]


def test_a_caution_of_another_kind_is_said_beside_a_flag(site, analyzed, clock):
    analyzed("1.1", register_only=True)
    clock.forward(61)
    site.worklist.study_completion.advance()
    outcome = Outcome(
        Status.ANALYZED,
        ModelIdentity("net", "1", "ab"),
        series_instance_uid="1.1.1",
        decision=Decision.FLAGGED,
        probabilities=dict.fromkeys(LABELS, 0.9),
        flagged=(Label.ANY,),
    )
    outcome = replace(outcome, reasons=(Reason.of(ReasonCode.NO_POSITIONS),))
    assert site.worklist.claims.finish(site.worklist.claims.claim("w"), outcome, [])
    row = rows_of(site.signed_in().get("/worklist").text)["1.1"]
    assert "badge-flagged" in row
    assert "no positions</span>" in row
