import keras
import numpy as np
import pytest

from triage_node.models.architecture import Architecture, build_network
from triage_node.models.networks import compile_forward
from triage_node.models.weights_file import assign_weights, read_weights, write_weights

pytestmark = pytest.mark.slow

SMALL = Architecture(rows=64, columns=32, channels=4, decoder_filters=8)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(1)
    return build_network(SMALL)


def test_the_map_is_a_quarter_of_the_input_and_the_slice_is_read_off_it(network):
    found = compile_forward(network, 2)(np.zeros((2, 64, 32, 4), np.float32))
    assert found["map"].shape == (2, 16, 8, 6)
    assert found["slice"].shape == (2, 6)
    assert found["slice"].dtype == np.float32


def test_an_untrained_network_says_no(network):
    found = compile_forward(network, 1)(np.full((1, 64, 32, 4), -1, np.float32))
    assert found["slice"].max() < 0


def test_the_compiled_pass_agrees_with_the_plain_one(network, seed):
    x = np.random.default_rng(seed).uniform(-1, 1, (2, 64, 32, 4)).astype(np.float32)
    plain = network(keras.ops.convert_to_tensor(x), training=False)
    for name, value in compile_forward(network, 2)(x).items():
        assert np.allclose(value, keras.ops.convert_to_numpy(plain[name]), atol=1e-3)


def test_weights_come_back_from_their_file(network, tmp_path):
    write_weights(tmp_path / "w.npz", network.variables)
    other = build_network(SMALL)
    assign_weights(other.variables, read_weights(tmp_path / "w.npz"))
    for first, second in zip(network.variables, other.variables, strict=True):
        assert np.allclose(first, second, atol=2e-3)


def test_sizes_the_encoder_cannot_halve_are_refused():
    with pytest.raises(ValueError, match="divisible by 32"):
        Architecture(rows=100)
