import numpy as np
import pytest

from triage_node.models.aggregation import smooth_slices, study_logits

BROAD = np.full(9, 90.0)


def test_a_lone_slice_counts_less_than_three_in_a_row():
    lone, row = np.full((9, 6), -4.0), np.full((9, 6), -4.0)
    lone[4] = row[3:6] = 4
    assert study_logits(smooth_slices(lone, 5), BROAD, 5)[0] < study_logits(smooth_slices(row, 5), BROAD, 5)[0]


@pytest.mark.parametrize("slice_mm", [0.0, 0.6, 5.0, 40.0])
def test_one_slice_is_a_study_too(slice_mm):
    smoothed = smooth_slices(np.full((1, 6), 2.0), slice_mm)
    assert np.allclose(study_logits(smoothed, BROAD[:1], slice_mm), 2.0)


@pytest.mark.parametrize("slice_mm", [0.6, 2.5, 5.0, 7.3, 10.0, 12.0])
def test_smoothing_keeps_a_constant(slice_mm):
    assert np.allclose(smooth_slices(np.full((5, 6), 1.5), slice_mm), 1.5)


def test_slices_of_5_mm_weigh_a_quarter_a_half_and_a_quarter(seed):
    logits = np.random.default_rng(seed).normal(size=(9, 6)).astype(np.float32)
    smoothed = smooth_slices(logits, 5.0)
    assert np.allclose(smoothed[1:-1], 0.25 * logits[:-2] + 0.5 * logits[1:-1] + 0.25 * logits[2:], atol=1e-6)
    assert np.allclose(smoothed[0], 0.75 * logits[0] + 0.25 * logits[1], atol=1e-6)
    assert np.allclose(study_logits(smoothed, BROAD, 5.0), np.sort(smoothed, axis=0)[-3:].mean(axis=0), atol=1e-6)


def test_slices_of_10_mm_stand_for_themselves():
    logits = np.arange(54.0).reshape(9, 6)
    assert np.array_equal(smooth_slices(logits, 10.0), logits)
    assert np.allclose(study_logits(logits, BROAD, 10.0), (logits[-1] + 0.5 * logits[-2]) / 1.5)


@pytest.mark.parametrize("half_mm", [8.0, 15.0, 30.0])
def test_a_bleed_of_one_height_answers_alike_in_slices_of_any_thickness(half_mm):
    found = {}
    for slice_mm in (1.25, 2.5, 5.0, 10.0):
        heights = np.arange(-60, 60 + slice_mm, slice_mm)
        logits = np.repeat(4 * np.exp(-((heights / half_mm) ** 2))[:, None], 6, axis=1)
        found[slice_mm] = study_logits(smooth_slices(logits, slice_mm), np.full(len(logits), 90.0), slice_mm)[0]
    assert found[1.25] == pytest.approx(found[5.0], abs=0.2)
    assert found[2.5] == pytest.approx(found[5.0], abs=0.2)
    assert found[10.0] == pytest.approx(found[5.0], abs=0.6)


def test_a_little_thicker_slices_change_little(seed):
    logits = np.random.default_rng(seed).normal(0, 3, (30, 6))
    area = np.full(30, 90.0)
    thickness = np.geomspace(0.5, 16, 1550)
    answers = np.array([study_logits(smooth_slices(logits, mm), area, mm) for mm in thickness])
    assert np.abs(np.diff(answers, axis=0)).max() < 0.1


def test_a_slice_of_the_throat_has_no_voice():
    logits, area = np.full((9, 6), -4.0), BROAD.copy()
    logits[0], area[0] = 8, 10
    assert study_logits(logits, area, 5.0).max() == -4


def test_without_broad_slices_all_have_a_voice():
    assert study_logits(np.full((2, 6), 1.0), np.array([9.0, 8.0]), 5.0).tolist() == [1.0] * 6
