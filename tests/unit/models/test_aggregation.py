import numpy as np

from triage_node.models.aggregation import smooth_slices, study_logits

BROAD = np.full(9, 90.0)


def test_a_lone_slice_counts_less_than_three_in_a_row():
    lone, row = np.full((9, 6), -4.0), np.full((9, 6), -4.0)
    lone[4] = row[3:6] = 4
    assert (
        study_logits(smooth_slices(lone), BROAD[: len(lone)])[0]
        < study_logits(smooth_slices(row), BROAD[: len(row)])[0]
    )


def test_one_slice_is_a_study_too():
    assert study_logits(smooth_slices(np.full((1, 6), 2.0)), BROAD[:1]).tolist() == [2.0] * 6


def test_smoothing_keeps_a_constant():
    assert np.allclose(smooth_slices(np.full((5, 6), 1.5)), 1.5)


def test_a_slice_of_the_throat_has_no_voice():
    logits, area = np.full((9, 6), -4.0), BROAD.copy()
    logits[0], area[0] = 8, 10
    assert study_logits(logits, area).max() == -4


def test_without_broad_slices_all_have_a_voice():
    assert study_logits(np.full((2, 6), 1.0), np.array([9.0, 8.0])).tolist() == [1.0] * 6
