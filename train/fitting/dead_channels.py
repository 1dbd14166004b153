"""How many of the encoder's channels still say something: ReLU6 turns those that its input outgrows into constants."""

from typing import Any

import numpy as np

from triage_node.models import keras

# A channel that deviates by less over the pixels of a few slices says nothing about them.
LEAST_DEVIATION = 1e-4


class ActiveChannels:
    """Counts the encoder's channels that change over some slices behind ReLU6.

    Parameters
    ----------
    network
        As `triage_node.models.architecture.build_network` makes it.
    """

    def __init__(self, network: keras.Model) -> None:
        cut = (
            layer.output
            for layer in network.layers
            if isinstance(layer, keras.layers.ReLU) and layer.name.startswith(("stem", "block"))
        )
        deviations = [keras.ops.std(keras.ops.cast(output, "float32"), axis=(0, 1, 2)) for output in cut]
        self._deviations = keras.Model(network.input, keras.ops.concatenate(deviations))

    def share(self, images: np.ndarray) -> float:
        """Return the share of active channels over ``(slices, rows, columns, channels)``, 0 to 1."""
        deviations = keras.ops.convert_to_numpy(self._deviations(images, training=False))
        return float((deviations > LEAST_DEVIATION).mean())


class ActiveShare(keras.callbacks.Callback):
    """Logs the share of active channels after every epoch, as `active`.

    Parameters
    ----------
    images
        Slices to count on, ``(slices, rows, columns, channels)``.
    """

    def __init__(self, images: np.ndarray) -> None:
        super().__init__()
        self._images = images

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Prepare to count."""
        self._active = ActiveChannels(self.model)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Count."""
        if logs is not None:
            logs["active"] = self._active.share(self._images)
