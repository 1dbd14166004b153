import numpy as np
import pytest

from triage_node.errors import ModelError
from triage_node.models import read_manifest
from triage_node.models.out_of_distribution import fit_features, read_feature_distribution, write_feature_distribution


def studies(rng, count=40, shift=0.0):
    mixing = np.random.default_rng(3).normal(size=(12, 12))
    return [(rng.normal(shift, 1, (20, 12)) @ mixing).astype(np.float32) for _ in range(count)]


def test_the_limit_holds_new_studies_and_not_shifted_ones(seed):
    rng = np.random.default_rng(seed)
    fitted = fit_features(studies(rng))
    assert all(fitted.distance(one).familiar for one in studies(rng, 20))
    assert not any(fitted.distance(one).familiar for one in studies(rng, 20, shift=4.0))


def test_a_few_odd_slices_do_not_decide(seed):
    rng = np.random.default_rng(seed)
    fitted = fit_features(studies(rng))
    one = studies(rng, 1)[0]
    one[:3] += 1000
    assert fitted.distance(one).familiar


def test_statistics_come_back_from_their_file(seed, tmp_path):
    rng = np.random.default_rng(seed)
    fitted = fit_features(studies(rng))
    back = read_feature_distribution(write_feature_distribution(tmp_path, fitted))
    one = studies(rng, 1)[0]
    assert back.distance(one).value == pytest.approx(fitted.distance(one).value, rel=1e-3)
    assert back.limit == fitted.limit


def test_too_few_studies_and_a_broken_file_are_refused(seed, tmp_path):
    with pytest.raises(ModelError, match="20 studies or more"):
        fit_features(studies(np.random.default_rng(seed), 5))
    (tmp_path / "f.npz").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="could not be read"):
        read_feature_distribution(tmp_path / "f.npz")


def with_dead_features(found, values, rounding=0.0):
    """Processors round in their own ways: what is constant on one is another constant on the next."""
    return [np.hstack([one, np.tile(values * (1 + rounding), (len(one), 1))]).astype(np.float32) for one in found]


@pytest.mark.parametrize("dead", [1, 12, 100])
def test_features_that_never_change_do_not_drown_the_others(seed, tmp_path, dead):
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 60, dead)
    fitted = fit_features(with_dead_features(studies(rng), values))
    back = read_feature_distribution(write_feature_distribution(tmp_path, fitted))
    near, far = (with_dead_features(studies(rng, 1, shift), values, 2e-6)[0] for shift in (0.0, 4.0))
    for statistics in (fitted, back):
        assert statistics.distance(near).familiar
        assert not statistics.distance(far).familiar


def test_a_small_number_in_an_older_file_is_a_constant_as_well(seed, tmp_path):
    rng, values = np.random.default_rng(seed), np.full(12, 50.0)
    path = write_feature_distribution(tmp_path, fit_features(with_dead_features(studies(rng), values)))
    with np.load(path) as stored:
        arrays = dict(stored)
    assert np.isinf(arrays["scale"][12:]).all()
    arrays["scale"][12:] = 1e-6
    np.savez(path, **arrays)
    assert read_feature_distribution(path).distance(with_dead_features(studies(rng, 1), values, 1e-6)[0]).familiar


def test_a_network_whose_features_are_all_constant_is_refused():
    with pytest.raises(ModelError, match="tells one slice from another"):
        fit_features([np.ones((20, 12), np.float32)] * 20)


def test_the_shipped_statistics_come_from_features_that_change():
    """Of 544 features of 0.13.0 most are constants; every file that is shipped must leave enough to tell a head by."""
    scale = read_feature_distribution(read_manifest().features_path).scale
    assert np.isfinite(scale).sum() >= 100
