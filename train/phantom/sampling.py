"""Linear interpolation in a volume, compiled: the generator spends most of its time in it."""

import numba
import numpy as np


@numba.njit(cache=True, nogil=True, fastmath=True)
def sample(
    values: np.ndarray, z: np.ndarray, y: np.ndarray, x: np.ndarray, repeat_edge: bool, outside: float
) -> np.ndarray:
    """Return linearly interpolated values at indices.

    Parameters
    ----------
    values
        ``(z, y, x) float32``.
    z, y, x
        ``(points,) float32`` indices, not necessarily whole.
    repeat_edge
        Beyond the edges, give the edge's value instead of `outside`.

    Returns
    -------
    numpy.ndarray
        ``(points,) float32``.
    """
    last_z, last_y, last_x = values.shape[0] - 1, values.shape[1] - 1, values.shape[2] - 1
    found = np.empty(z.size, np.float32)
    for point in range(z.size):
        at_z, at_y, at_x = z[point], y[point], x[point]
        if repeat_edge:
            at_z = min(max(at_z, np.float32(0)), np.float32(last_z))
            at_y = min(max(at_y, np.float32(0)), np.float32(last_y))
            at_x = min(max(at_x, np.float32(0)), np.float32(last_x))
        elif not (0 <= at_z <= last_z and 0 <= at_y <= last_y and 0 <= at_x <= last_x):
            found[point] = outside
            continue
        low_z, low_y, low_x = min(int(at_z), last_z - 1), min(int(at_y), last_y - 1), min(int(at_x), last_x - 1)
        up_z, up_y, up_x = at_z - low_z, at_y - low_y, at_x - low_x
        plane = np.float32(0)
        for step in range(2):
            layer = values[low_z + step]
            near = layer[low_y, low_x] * (1 - up_x) + layer[low_y, low_x + 1] * up_x
            far = layer[low_y + 1, low_x] * (1 - up_x) + layer[low_y + 1, low_x + 1] * up_x
            share = up_z if step else 1 - up_z
            plane += share * (near * (1 - up_y) + far * up_y)
        found[point] = plane
    return found
