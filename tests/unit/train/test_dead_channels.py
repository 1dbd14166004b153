import keras
import numpy as np
import pytest

from triage_node.models.architecture import Architecture, build_network
from triage_node.train.fitting.dead_channels import ActiveChannels


@pytest.mark.slow
def test_channels_that_outgrow_their_statistics_are_dead():
    keras.utils.set_random_seed(7)
    network = build_network(Architecture(64, 64, 4, 16))
    images = np.random.default_rng(11).uniform(-1, 1, (4, 64, 64, 4)).astype(np.float32)
    for _ in range(30):
        network(images, training=True)
    active, shares = ActiveChannels(network), []
    for name in (None, "block5_expand_bn", "stem_bn"):
        if name:
            mean = network.get_layer(name).moving_mean
            mean.assign(mean.numpy() + 1000)
        shares.append(active.share(images))
    assert 1 >= shares[0] > shares[1] > shares[2] > 0, shares
