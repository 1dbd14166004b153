from types import SimpleNamespace

import numpy as np
import pytest

from triage_node.errors import ModelError
from triage_node.models.weights_file import assign_weights, read_weights, write_weights


class Variable(SimpleNamespace):
    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.value, dtype)

    @property
    def shape(self):
        return self.value.shape

    def assign(self, value):
        self.value = value


def variable(path="layer/kernel", value=(1.0, 2.0)):
    return Variable(path=path, value=np.array(value, np.float32))


def test_arrays_are_stored_small_and_read_as_float32(tmp_path):
    write_weights(tmp_path / "w.npz", [variable()])
    found = read_weights(tmp_path / "w.npz")
    assert found["layer/kernel"].dtype == np.float32
    assert found["layer/kernel"].tolist() == [1, 2]


def test_what_float16_does_not_hold_is_stored_as_float32(tmp_path):
    write_weights(tmp_path / "w.npz", [variable(value=(1e6, 1.0)), variable("layer/bias")])
    assert read_weights(tmp_path / "w.npz")["layer/kernel"].tolist() == [1e6, 1]
    with np.load(tmp_path / "w.npz") as stored:
        assert {name: str(stored[name].dtype) for name in stored} == {
            "layer/kernel": "float32",
            "layer/bias": "float16",
        }


def test_what_is_no_number_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"layer/kernel hold values that are no numbers"):
        write_weights(tmp_path / "w.npz", [variable(value=(np.nan,))])


def test_a_file_that_is_no_weights_file(tmp_path):
    (tmp_path / "w.npz").write_bytes(b"not a zip")
    with pytest.raises(ModelError, match="could not be read"):
        read_weights(tmp_path / "w.npz")


def test_a_pickle_is_not_opened(tmp_path):
    np.savez(tmp_path / "w.npz", a=np.array([{"x": 1}], dtype=object))
    with pytest.raises(ModelError, match="could not be read"):
        read_weights(tmp_path / "w.npz")


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"other": np.zeros(2, np.float32)}, "missing.*layer/kernel"),
        ({"layer/kernel": np.zeros(3, np.float32)}, "shape"),
        ({"layer/kernel": np.zeros(2, np.float32), "more": np.zeros(1, np.float32)}, "holds 2 arrays"),
    ],
)
def test_weights_of_another_network_are_refused(arrays, sentence):
    with pytest.raises(ModelError, match=sentence):
        assign_weights([variable()], arrays)
