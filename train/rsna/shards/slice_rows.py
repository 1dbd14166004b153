"""A stripped head as rows of bytes, one a slice, so that any slice can be read alone from a memory-mapped file."""

import numpy as np

from triage_node.models import Geometry, StrippedHead
from triage_node.train.shards import INSIDE_BIT, OFFSET


def bytes_per_plane(geometry: Geometry) -> int:
    """Return the bytes of one slice: its gray values, then its mask at one bit a pixel."""
    pixels = geometry.rows * geometry.columns
    return pixels + pixels // 8


def pack(head: StrippedHead) -> np.ndarray:
    """Return ``(slabs, bytes) uint8``; gray is HU relative to the brain's median + `OFFSET`, as in generated shards."""
    gray = np.clip(np.round(head.hu + OFFSET), 0, 255).astype(np.uint8)
    mask = np.packbits(head.mask.reshape(len(head.mask), -1), axis=1)
    return np.concatenate([gray.reshape(len(gray), -1), mask], axis=1)


def unpack(planes: np.ndarray, geometry: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Return gray values and bits, both ``(planes, rows, columns) uint8``; the only bit there is is `INSIDE_BIT`."""
    shape = (len(planes), geometry.rows, geometry.columns)
    pixels = geometry.rows * geometry.columns
    mask = np.unpackbits(planes[:, pixels:], axis=1)
    return planes[:, :pixels].reshape(shape), mask.reshape(shape) << INSIDE_BIT
