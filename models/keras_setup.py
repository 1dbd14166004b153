"""Keras as the weights were fitted with it, whatever the `keras.json` of a user says.

With `float16` there a model gave other probabilities under the same hash, with `channels_first` none. A backend is
chosen by ``KERAS_BACKEND`` alone.
"""

import os

from triage_node.errors import ModelError

__all__ = ["keras", "layers", "ops"]

BACKEND = os.environ.setdefault("KERAS_BACKEND", "tensorflow")

try:
    import keras
except (ImportError, ValueError) as error:
    raise ModelError(
        f"Keras cannot load its backend {BACKEND!r} (KERAS_BACKEND): {str(error).rstrip('.')}. Install it, or unset "
        "KERAS_BACKEND for TensorFlow."
    ) from error

keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")

layers, ops = keras.layers, keras.ops
