"""What the network runs on."""

from triage_node.models.keras_setup import keras

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


def _jax_device() -> str:
    import jax

    first = jax.devices()[0]
    return f"GPU: {first.device_kind}" if first.platform == "gpu" else CPU


def _torch_device() -> str:
    import torch

    return f"GPU: {torch.cuda.get_device_name(0)}" if torch.cuda.is_available() else CPU


DEVICES = {"tensorflow": _tensorflow_device, "jax": _jax_device, "torch": _torch_device}


def prepare_device() -> str:
    """Return ``GPU: name`` or ``CPU``, and let TensorFlow take GPU memory only as it needs it."""
    return DEVICES[keras.backend.backend()]()


def gpu_memory() -> dict[str, dict[str, int]]:
    """Return the bytes that TensorFlow has taken now, and at most, of each GPU that it sees; nothing without one."""
    if keras.backend.backend() != "tensorflow":
        return {}
    import tensorflow as tf

    gpus = [gpu.name.removeprefix("/physical_device:") for gpu in tf.config.list_physical_devices("GPU")]
    return {gpu: dict(tf.config.experimental.get_memory_info(gpu)) for gpu in gpus}
