"""A series model learns what single slices cannot show, and changes nothing before it has."""

import numpy as np
import pytest

from triage_node.errors import ModelError, TriageError
from triage_node.models import SeriesShape
from triage_node.train.rsna.fitting.encoding import EncodedSeries
from triage_node.train.rsna.fitting.series_fit import SeriesFit, fit_series

pytestmark = pytest.mark.slow

SLICES, FEATURES = 12, 8


def made_series(rng, count):
    """Series of which only the first slice shows whether there is blood, by its first feature."""
    made = []
    for _ in range(count):
        features = rng.normal(0, 0.3, (rng.integers(6, SLICES + 1), FEATURES)).astype(np.float32)
        sign = rng.choice([-1.0, 1.0])
        features[0, 0] = 3 * sign
        labels = np.full((len(features), 6), float(sign > 0), np.float32)
        made.append(EncodedSeries(features, np.zeros_like(labels), labels, np.ones(len(labels), bool)))
    return made


def test_it_learns_what_another_slice_shows(tmp_path, seed):
    from triage_node.models.series import SeriesModel

    rng = np.random.default_rng(seed)
    settings = SeriesFit(epochs=40, learning_rate=1e-2)
    gain = fit_series(made_series(rng, 96), made_series(rng, 32), SLICES, settings, tmp_path / "s.npz")
    assert gain.helps
    assert gain.with_series < 0.5 * gain.without
    model = SeriesModel(tmp_path / "s.npz", SLICES, FEATURES)
    [one] = made_series(rng, 1)
    refined = model.refine(one.features, one.logits)
    assert refined.shape == one.logits.shape
    assert ((refined[:, -1] > 0) == one.labels[:, -1]).mean() > 0.8
    with pytest.raises(ModelError, match="longer than the 12"):
        model.refine(np.zeros((13, FEATURES), np.float32), np.zeros((13, 6), np.float32))


@pytest.mark.parametrize(
    "shape",
    [
        SeriesShape(),
        SeriesShape("gru", "scores", differences=True),
        SeriesShape("lstm", "features", differences=True),
        SeriesShape("transformer", "features", differences=True),
    ],
    ids=str,
)
def test_it_begins_by_changing_nothing_and_padding_says_nothing(shape, seed):
    from triage_node.models.series import WIDTH, build_series_network, table

    rng = np.random.default_rng(seed)
    features, logits = rng.normal(size=(5, FEATURES)), rng.normal(size=(5, 6))
    short, long = (build_series_network(slices, FEATURES, shape) for slices in (6, SLICES))
    assert np.allclose(short(table(features, logits, 6)[None])["slice"][0, :5], logits, atol=1e-6)
    for network in (short, long):
        network.get_layer("series_change").kernel.assign(rng.normal(size=(WIDTH, 6)))
    for ours, theirs in zip(long.weights, short.weights, strict=True):
        ours.assign(theirs)
    one, other = (net(table(features, logits, n)[None])["slice"][0, :5] for net, n in ((short, 6), (long, SLICES)))
    assert np.allclose(one, other, atol=1e-5)
    assert not np.allclose(one, logits, atol=1e-2)


def test_without_labels_nothing_is_fitted(tmp_path, seed):
    [one] = made_series(np.random.default_rng(seed), 1)
    unknown = EncodedSeries(one.features, one.logits, one.labels, np.zeros(len(one.labels), bool))
    with pytest.raises(TriageError, match="validation folds is labeled"):
        fit_series([one], [unknown], SLICES, SeriesFit(), tmp_path / "s.npz")


def test_differences_are_those_to_the_slices_beside_and_none_at_the_ends():
    import keras

    from triage_node.models.series import _differences

    x = keras.ops.convert_to_tensor(np.array([[[1.0], [4.0], [9.0], [0.0]]], np.float32))
    present = np.array([[[1.0], [1.0], [1.0], [0.0]]], np.float32)
    below, above = (keras.ops.convert_to_numpy(part)[0, :, 0] for part in _differences(x, present))
    assert below.tolist() == [0, 3, 5, 0]
    assert above.tolist() == [-3, -5, 0, 0]


def test_what_is_no_kind_of_series_model_is_a_sentence():
    with pytest.raises(ModelError, match="'mamba' is not one of gru, lstm, transformer"):
        SeriesShape("mamba")
