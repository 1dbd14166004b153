"""The ImageNet start of encoders from Keras Applications."""

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from triage_node.errors import ModelError
from triage_node.models.architecture import Architecture, build_network
from triage_node.models.backbones import BACKBONES
from triage_node.train.fitting.applications import load_applications_imagenet

# Keras writes and reads its former format in a way that NumPy no longer likes.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")]

RESNET, CONVNEXT = "lesion-map-resnet50", "lesion-map-convnext-t"


@pytest.fixture(scope="module")
def network():
    return build_network(Architecture(64, 64, 5, 8, RESNET))


def test_a_file_as_keras_publishes_it_gives_a_gray_picture_the_features_of_three_channels(network, tmp_path, seed):
    keras.utils.set_random_seed(1)
    source = BACKBONES[RESNET].without_top()
    with h5py.File(tmp_path / "notop.h5", "w") as stream:
        legacy_h5_format.save_weights_to_hdf5_group(stream, source)
    taken = load_applications_imagenet(network, RESNET, tmp_path / "notop.h5")
    assert taken == len(source.weights) == 318
    gray = np.random.default_rng(seed).uniform(-1, 1, (1, 64, 64, 1)).astype(np.float32)
    backbone = BACKBONES[RESNET]
    expected = source(np.repeat(gray * backbone.scale + backbone.offset, 3, axis=-1), training=False)
    last = keras.Model(network.input, network.get_layer("conv5_block3_out").output)
    found = last(np.repeat(gray, 5, axis=-1), training=False)
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_weights_of_another_network_are_a_sentence(network, tmp_path):
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with h5py.File(tmp_path / "other.h5", "w") as stream:
        legacy_h5_format.save_weights_to_hdf5_group(stream, other)
    with pytest.raises(ModelError, match=r"other\.h5 holds no ImageNet weights of lesion-map-resnet50"):
        load_applications_imagenet(network, RESNET, tmp_path / "other.h5")


def test_missing_weights_are_a_sentence_that_names_the_file(network, tmp_path, monkeypatch):
    with pytest.raises(ModelError, match=r"no ImageNet weights at .*absent\.h5: resnet50_weights_tf"):
        load_applications_imagenet(network, RESNET, tmp_path / "absent.h5")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    with pytest.raises(ModelError, match=r"could not be fetched: .*Fetch resnet50_weights.*--imagenet-weights"):
        load_applications_imagenet(network, RESNET)
