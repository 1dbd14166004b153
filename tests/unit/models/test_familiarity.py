import numpy as np
import pytest

from triage_node.errors import ModelError
from triage_node.models.familiarity import fit_features, read_familiarity, write_familiarity


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
    back = read_familiarity(write_familiarity(tmp_path, fitted))
    one = studies(rng, 1)[0]
    assert back.distance(one).value == pytest.approx(fitted.distance(one).value, rel=1e-3)
    assert back.limit == fitted.limit


def test_too_few_studies_and_a_broken_file_are_refused(seed, tmp_path):
    with pytest.raises(ModelError, match="20 studies or more"):
        fit_features(studies(np.random.default_rng(seed), 5))
    (tmp_path / "f.npz").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="could not be read"):
        read_familiarity(tmp_path / "f.npz")


def test_a_feature_that_never_changes_does_not_drown_the_others(seed):
    rng = np.random.default_rng(seed)

    def with_dead_feature(found, value):
        return [np.pad(one, ((0, 0), (0, 1)), constant_values=value) for one in found]

    fitted = fit_features(with_dead_feature(studies(rng), 0.30001))
    near, far = (with_dead_feature(studies(rng, 1, shift), 0.3)[0] for shift in (0.0, 4.0))
    assert fitted.distance(near).familiar
    assert not fitted.distance(far).familiar
