"""Linear interpolation in a volume, compiled: the generator spends much of its time in it."""

import numba
import numpy as np


@numba.njit(cache=True, nogil=True, fastmath=True)
def sample(
    values: np.ndarray,
    z: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    origin: tuple[np.float32, np.float32, np.float32],
    scale: np.float32,
    repeat_edge: bool,
    outside: float,
) -> np.ndarray:
    """Return linearly interpolated values at positions.

    Parameters
    ----------
    values
        ``(z, y, x)``, float32 or uint8, contiguous.
    z, y, x
        ``(points,) float32`` positions.
    origin, scale
        Index of the position 0, and indices a unit of positions.
    repeat_edge
        Beyond the edges, give the edge's value instead of `outside`.

    Returns
    -------
    numpy.ndarray
        ``(points,) float32``.
    """
    columns, plane = values.shape[2], values.shape[1] * values.shape[2]
    last_z, last_y, last_x = values.shape[0] - 1, values.shape[1] - 1, values.shape[2] - 1
    end_z, end_y, end_x = np.float32(last_z), np.float32(last_y), np.float32(last_x)
    flat, found = values.ravel(), np.empty(z.size, np.float32)
    for point in range(z.size):
        at_z, at_y, at_x = z[point] * scale + origin[0], y[point] * scale + origin[1], x[point] * scale + origin[2]
        if repeat_edge:
            at_z = min(max(at_z, np.float32(0)), end_z)
            at_y = min(max(at_y, np.float32(0)), end_y)
            at_x = min(max(at_x, np.float32(0)), end_x)
        elif not (0 <= at_z <= end_z and 0 <= at_y <= end_y and 0 <= at_x <= end_x):
            found[point] = outside
            continue
        low_z, low_y, low_x = min(int(at_z), last_z - 1), min(int(at_y), last_y - 1), min(int(at_x), last_x - 1)
        # Whole numbers times float32 would be float64.
        up_z, up_y, up_x = at_z - np.float32(low_z), at_y - np.float32(low_y), at_x - np.float32(low_x)
        corner = np.uint64(low_z * plane + low_y * columns + low_x)
        lower = _in_plane(flat, corner, np.uint64(columns), up_y, up_x)
        upper = _in_plane(flat, corner + np.uint64(plane), np.uint64(columns), up_y, up_x)
        found[point] = lower + up_z * (upper - lower)
    return found


@numba.njit(cache=True, nogil=True, fastmath=True, inline="always")
def _in_plane(
    flat: np.ndarray, corner: np.uint64, columns: np.uint64, up_y: np.float32, up_x: np.float32
) -> np.float32:
    one = np.uint64(1)
    near, after = np.float32(flat[corner]), np.float32(flat[corner + one])
    corner += columns
    far, beyond = np.float32(flat[corner]), np.float32(flat[corner + one])
    near += up_x * (after - near)
    return near + up_y * (far + up_x * (beyond - far) - near)
