"""What the shipped model answers for heads that are not whole: never *not flagged* without a word."""

import pytest
from ct_defects import cropped, round_field, turned, without_flap

from triage_node.findings import Decision
from triage_node.imaging.head import shows_head
from triage_node.reasons import ReasonCode

pytestmark = pytest.mark.slow

CUTS = {
    "10 mm inside the skull": lambda volume: cropped(volume, front=10, back=10, right=10, left=10),
    "20 mm inside the skull": lambda volume: cropped(volume, front=20, back=20, right=20, left=20),
    "20 mm on the left": lambda volume: cropped(volume, left=20),
    "40 mm on the left": lambda volume: cropped(volume, left=40),
    "round, 80 mm": lambda volume: round_field(volume, 80),
    "round, 70 mm": lambda volume: round_field(volume, 70),
}
FLAPS = {
    "60 degrees, left": lambda volume: without_flap(volume, 0, 60),
    "90 degrees, right": lambda volume: without_flap(volume, 180, 90),
    "120 degrees, left": lambda volume: without_flap(volume, 0, 120),
    "120 degrees, left and in front": lambda volume: without_flap(volume, -45, 120),
    "120 degrees, back": lambda volume: without_flap(volume, 90, 120),
    "120 degrees, upper half, swollen": lambda volume: without_flap(volume, 0, 120, (0.4, 1), 12),
    "120 degrees, upper half, sunken": lambda volume: without_flap(volume, -60, 120, (0.4, 1), -12),
}


@pytest.mark.parametrize("name", CUTS)
def test_a_hemorrhage_in_a_cut_field_of_view_is_never_not_flagged(model, bundled, name):
    found = model.predict(CUTS[name](bundled("hemorrhage")))
    assert found.decision in {Decision.FLAGGED, Decision.UNCERTAIN}
    assert {reason.code for reason in found.cautions} & {ReasonCode.FIELD_OF_VIEW, ReasonCode.BRAIN_INCOMPLETE}


@pytest.mark.parametrize("name", FLAPS)
def test_a_hemorrhage_stays_flagged_when_a_flap_of_skull_is_missing(model, bundled, name):
    volume = FLAPS[name](bundled("hemorrhage"))
    assert shows_head(volume)
    found = model.predict(volume)
    assert found.decision is Decision.FLAGGED
    assert [reason.code for reason in found.cautions] == [ReasonCode.SKULL_DEFECT]


@pytest.mark.parametrize("name", FLAPS)
def test_a_plain_head_without_a_flap_of_skull_is_uncertain(model, bundled, name):
    found = model.predict(FLAPS[name](bundled("plain")))
    assert found.decision is Decision.UNCERTAIN
    assert ReasonCode.SKULL_DEFECT in {reason.code for reason in found.cautions}


def test_a_plain_head_turned_too_far_is_uncertain_and_says_so(model, bundled):
    found = model.predict(turned(bundled("plain"), 70))
    assert found.decision is Decision.UNCERTAIN
    assert ReasonCode.HEAD_TURNED in {reason.code for reason in found.cautions}


@pytest.mark.parametrize("name", ["hemorrhage", "plain"])
def test_a_whole_head_has_no_caution(model, bundled, name):
    assert model.predict(bundled(name)).cautions == ()
