import numpy as np

from triage_node.models.aggregation import smooth_slices, study_logits


def test_a_lone_slice_counts_less_than_three_in_a_row():
    lone, row = np.full((9, 6), -4.0), np.full((9, 6), -4.0)
    lone[4] = row[3:6] = 4
    assert study_logits(smooth_slices(lone))[0] < study_logits(smooth_slices(row))[0]


def test_one_slice_is_a_study_too():
    assert study_logits(smooth_slices(np.full((1, 6), 2.0))).tolist() == [2.0] * 6


def test_smoothing_keeps_a_constant():
    assert np.allclose(smooth_slices(np.full((5, 6), 1.5)), 1.5)
