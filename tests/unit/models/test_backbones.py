"""Other encoders than Lite0: where their features are cut, and that they serve as it does."""

from string import ascii_lowercase
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers
from keras.src.applications.efficientnet_v2 import DEFAULT_BLOCKS_ARGS

from triage_node.errors import ModelError
from triage_node.models.architecture import Architecture, build_network
from triage_node.models.architecture_constants import ARCHITECTURES, LESION_MAP_LITE0
from triage_node.models.backbones import BACKBONES
from triage_node.models.batch_norm_folding import folded
from triage_node.models.out_of_distribution import with_features

pytestmark = pytest.mark.slow

SIZE = 64
# Building an EfficientNetV2 takes half a minute; where it is cut is compared with Keras' own table of its blocks.
BUILT = ("lesion-map-convnext-t", "lesion-map-resnet50")


@pytest.fixture(scope="module", params=BUILT, ids=str)
def network(request):
    keras.utils.set_random_seed(1)
    return build_network(Architecture(SIZE, SIZE, 5, 8, request.param))


def test_features_are_those_of_the_four_strides_and_all_weights_have_names_of_their_own(network):
    laterals = [network.get_layer(f"lateral{stride}_conv") for stride in (4, 8, 16, 32)]
    assert [layer.input.shape[1] for layer in laterals] == [SIZE // 4, SIZE // 8, SIZE // 16, SIZE // 32]
    paths = [weight.path for weight in network.weights]
    assert len(paths) == len(set(paths))
    assert not any("seed_generator" in path or path.startswith(("layer_normalization", "conv2d")) for path in paths)
    momenta = {layer.momentum for layer in network.layers if isinstance(layer, layers.BatchNormalization)}
    assert momenta == {0.9}


@pytest.mark.parametrize("size", ["s", "m"])
def test_an_efficientnet_is_cut_behind_the_last_block_of_each_stride(size):
    stages = DEFAULT_BLOCKS_ARGS[f"efficientnetv2-{size}"]
    strides = [stage["strides"] for stage in stages]
    ends = [number for number, following in enumerate([*strides[1:], 2], 1) if following == 2]
    asked: list[str] = []
    named = SimpleNamespace(get_layer=lambda name: asked.append(name) or SimpleNamespace(output=None))
    BACKBONES[f"lesion-map-efficientnetv2-{size}"].pyramid(named)
    assert asked == [f"block{n}{ascii_lowercase[stages[n - 1]['num_repeat'] - 1]}_add" for n in ends[1:]]


def test_without_its_normalizations_it_gives_the_same_numbers(network, seed):
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            gamma, beta, mean, variance = (rng.uniform(0.8, 1.2, weight.shape) for weight in layer.weights)
            layer.set_weights([gamma, beta - 1, mean - 1, variance])
    images = rng.uniform(-1, 1, (2, SIZE, SIZE, 5)).astype(np.float32)
    whole = with_features(network)
    plain = whole(images, training=False)
    for name, values in folded(whole)(images, training=False).items():
        expected = keras.ops.convert_to_numpy(plain[name])
        found = keras.ops.convert_to_numpy(values)
        assert np.abs(found - expected).max() <= 1e-3 * max(1, np.abs(expected).max()), name


def test_every_architecture_can_be_built_and_an_unknown_one_is_a_sentence():
    assert {*BACKBONES, LESION_MAP_LITE0} == set(ARCHITECTURES)
    with pytest.raises(ModelError, match="'efficientnet-b7' is not one of lesion-map-lite0, lesion"):
        Architecture(name="efficientnet-b7")


def test_the_same_area_speaks_for_a_slice_in_a_finer_frame():
    coarse, fine = (
        Architecture(rows, columns, name="lesion-map-resnet50") for rows, columns in ((192, 160), (384, 320))
    )
    assert coarse.pooled_cells == (4, 24)
    assert fine.pooled_cells == (16, 96)
    assert Architecture(384, 320).pooled_cells == (4, 24)
