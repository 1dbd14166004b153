"""What the network runs on."""

import keras

CPU = "CPU"


def _tensorflow_device() -> str:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:  # set too late, once the GPU is in use; the other process in it has already decided
            break
    return f"GPU: {tf.config.experimental.get_device_details(gpus[0]).get('device_name', 'unnamed')}" if gpus else CPU


def prepare_device() -> str:
    """Return ``GPU: name`` or ``CPU``, and let TensorFlow take GPU memory only as it needs it."""
    if keras.backend.backend() == "tensorflow":
        return _tensorflow_device()
    devices = keras.distribution.list_devices("gpu")
    return f"GPU: {devices[0]}" if devices else CPU
