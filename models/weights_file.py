"""Weights on disk: one ``.npz`` of named arrays, float16 where they fit; without pickle, without Keras."""

import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from triage_node.complete_file import complete_file
from triage_node.errors import ModelError


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as lower-case hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_weights(path: Path, variables: Iterable[Any]) -> None:
    """Write Keras variables (``path`` and ``numpy()``) under their path, as `write_arrays` does."""
    write_arrays(path, {variable.path: np.asarray(variable, np.float32) for variable in variables})


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays as float16; those with values that it does not hold, such as a large variance, as float32.

    Raises
    ------
    ModelError
        When an array holds what is no number: the fit that made it went astray.
    """
    if astray := [name for name, array in arrays.items() if not np.all(np.isfinite(array))]:
        raise ModelError(f"The weights {astray[0]} hold values that are no numbers: the fit went astray.")
    fits = {name: not array.size or np.abs(array).max() <= np.finfo(np.float16).max for name, array in arrays.items()}
    stored = {name: array.astype(np.float16 if fits[name] else np.float32) for name, array in arrays.items()}
    with complete_file(path) as partial, partial.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **stored)


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a weights file as float32 by name.

    Raises
    ------
    ModelError
        When the file is missing or is not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name].astype(np.float32) for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"The weights file {path.name} could not be read: {error}") from error


def assign_weights(variables: Iterable[Any], arrays: dict[str, np.ndarray]) -> None:
    """Put arrays into Keras variables of the same path and shape; all must match."""
    variables = list(variables)
    missing = [variable.path for variable in variables if variable.path not in arrays]
    if missing or len(variables) != len(arrays):
        raise ModelError(
            f"The weights file holds {len(arrays)} arrays, the network needs {len(variables)}; missing: {missing[:3]}."
        )
    for variable in variables:
        array = arrays[variable.path]
        if tuple(variable.shape) != array.shape:
            raise ModelError(f"The weights {variable.path} have the shape {array.shape}, not {tuple(variable.shape)}.")
        variable.assign(array)
