import keras
import numpy as np

from triage_node.train.fitting.compiling import compile_network


class Counted(keras.layers.Layer):
    """Count how often its operations are written down."""

    times = 0

    def call(self, inputs):
        self.times += 1
        return inputs


def test_the_first_step_is_traced_once():
    counted, images = Counted(), keras.Input((4, 4, 1))
    blood = keras.layers.Conv2D(6, 1, name="map")(counted(images))
    network = keras.Model(images, {"map": blood, "slice": keras.layers.GlobalAveragePooling2D(name="slice")(blood)})
    compile_network(network, keras.optimizers.AdamW(0.01))
    before = counted.times
    targets = {"map": np.ones((2, 4, 4, 6), np.float32), "slice": np.ones((2, 6), np.float32)}
    history = network.fit(np.ones((2, 4, 4, 1), np.float32), targets, epochs=3, verbose=0).history
    assert counted.times == before + 1
    assert history["loss"][2] < history["loss"][0]
