"""Which slice a person is led to: the one with the highest score, in the middle of its slab."""

import json

import pytest

from triage_node.findings import LABELS, Label
from triage_node.storage import SlicePlace, SliceScores, best_slices


def rows(*scores):
    return [None if score is None else dict.fromkeys(LABELS, score) for score in scores]


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ((0.1, 0.9, 0.3), 1),
        ((0.1, 0.3, 0.3, 0.3, 0.1), 2),
        ((0.1, 0.3, 0.3, 0.3, 0.3), 3),
        ((0.3, 0.3, 0.1, 0.3), 1),
        ((None, 0.2, None), 1),
        ((0.9999998, 0.9999999), 1),
    ],
)
def test_the_middle_of_the_slab_with_the_highest_score_is_the_best_slice(scores, best):
    assert best_slices(rows(*scores)) == dict.fromkeys(LABELS, best)


def test_without_scores_no_slice_is_the_best():
    assert best_slices(rows(None, None)) == {}
    assert SliceScores.of(None).best() == {}


def test_a_slice_is_named_by_its_number():
    written = [
        {"sop_instance_uid": f"1.2.{number}", "frame_number": None, "probabilities": row}
        for number, row in enumerate(rows(0.1, 0.9, 0.2))
    ]
    scores = SliceScores.of(json.dumps(written).encode())
    assert str(scores.best()[Label.SUBDURAL]) == "slice 2 of 3"
    assert scores.place("1.2.2", None) == SlicePlace(3, 3)
    assert scores.place("1.2.2", 1) is None
