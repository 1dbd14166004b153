"""How blood pushes the brain away."""

import numpy as np
from scipy import ndimage

from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.lesion import Ball, Lesion

# Thinner films and smaller clots move nothing that a scan would show.
SMALLEST_PEEL_MM = 2.0
SMALLEST_RADIUS_MM = 7.0


def _peeled(space: HeadSpace, grid: Grid, peel_mm: np.ndarray, rng: np.random.Generator) -> HeadSpace:
    """Take brain from nearer the skull than it lies: the deeper, the less."""
    slopes = np.gradient(space.inside_mm, grid.slice_mm, grid.mm_per_pixel, grid.mm_per_pixel)
    length = np.sqrt(sum(slope**2 for slope in slopes)) + 1e-3
    smooth = ndimage.gaussian_filter(peel_mm.astype(np.float32), (0.5, 2, 2))
    fading = np.exp(-np.clip(space.inside_mm - peel_mm, 0, None) / rng.uniform(8, 25))
    push = smooth * fading * np.float32(rng.uniform(0.5, 1.0))
    z, y, x = (
        axis - push * slope / length * share
        for axis, slope, share in zip((space.z, space.y, space.x), slopes, (0.5, 1, 1), strict=True)
    )
    return space.moved(z.astype(np.float32), y.astype(np.float32), x.astype(np.float32))


def _pushed(space: HeadSpace, ball: Ball, rng: np.random.Generator) -> HeadSpace:
    """Move brain radially off a clot, by less than would tear it."""
    strength, moved = rng.uniform(0.3, 1.0), [axis.copy() for axis in (space.z, space.y, space.x)]
    for planes in zip(*moved, strict=True):  # a slice at a time stays in the cache
        offsets = [plane - middle for plane, middle in zip(planes, ball.middle, strict=True)]
        distance = np.sqrt(offsets[0] ** 2 + offsets[1] ** 2 + offsets[2] ** 2) + 1
        push = np.minimum(ball.radius_mm**3 / (3 * distance**2), 0.45 * distance) * np.exp(-distance / 60)
        push *= strength / distance
        for plane, offset, share in zip(planes, offsets, (0.5, 1, 1), strict=True):
            plane -= push * offset * share
    return space.moved(*moved)


def displace(space: HeadSpace, grid: Grid, lesions: list[Lesion], rng: np.random.Generator) -> HeadSpace:
    """Return the space from which tissue is taken once the lesions have pushed it aside."""
    for lesion in lesions:
        if lesion.peel_mm is not None and lesion.peel_mm.max() > SMALLEST_PEEL_MM:
            space = _peeled(space, grid, lesion.peel_mm, rng)
        for ball in lesion.balls:
            if ball.radius_mm > SMALLEST_RADIUS_MM:
                space = _pushed(space, ball, rng)
    return space
