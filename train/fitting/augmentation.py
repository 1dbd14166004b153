"""Small changes to a slice and its neighbors, so that no two steps see the same picture."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

# Drawing new noise for every slice took longer than all the rest of a batch: a stretch of this is as good.
NOISE = np.random.default_rng(0).standard_normal(1 << 20, np.float32)
# Share of the slices that are sharpened and of those that are blurred; a smaller deviation blurs nothing.
SHARPENED, BLURRED = 0.25, 0.42
SHARPENING_PIXELS, LEAST_BLUR_PIXELS = 0.9, 0.25


@dataclass(frozen=True)
class Augmentation:
    """How far a slice may be changed.

    Attributes
    ----------
    turn_degrees, shift_pixels
        Deviation of rotation and shift, to cover errors of the alignment.
    scale
        Deviation of the relative size.
    offset_hu, gain
        Deviation of the HU scale.
    noise_hu
        Largest deviation of added noise.
    mirror_share
        How often a slice is mirrored.
    wide_turn_degrees, wide_turn_share
        Largest turn of a head whose axis was not found, and how often that happens.
    blur_pixels
        Largest deviation of a further point spread, as of softer kernels; a third of the slices stay as sharp as they
        are.
    sharpening
        Largest share of its high frequencies that is added to a slice, as harder kernels do; a quarter of the slices.
    """

    __pydantic_config__: ClassVar = {"strict": True, "extra": "forbid"}

    turn_degrees: float = 4.0
    shift_pixels: float = 3.0
    scale: float = 0.05
    offset_hu: float = 2.0
    gain: float = 0.06
    noise_hu: float = 2.0
    mirror_share: float = 0.5
    wide_turn_degrees: float = 0.0
    wide_turn_share: float = 0.1
    blur_pixels: float = 0.0
    sharpening: float = 0.0

    def place(self, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """Return a random 2 x 3 affine matrix, mirrored as often as asked for."""
        rows, columns = shape
        center = ((columns - 1) / 2, (rows - 1) / 2)
        scale, degrees = float(np.exp(rng.normal(0, self.scale))), rng.normal(0, self.turn_degrees)
        if self.wide_turn_degrees and rng.random() < self.wide_turn_share:
            degrees = rng.uniform(-self.wide_turn_degrees, self.wide_turn_degrees)
        turn = cv2.getRotationMatrix2D(center, degrees, scale)
        turn[:, 2] += rng.normal(0, self.shift_pixels, 2)
        if rng.random() < self.mirror_share:
            mirror = np.array([[-1.0, 0, columns - 1], [0, 1, 0], [0, 0, 1]])
            turn = turn @ mirror
        return turn

    def focus(self, hu: np.ndarray, inside: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return HU as a softer or a harder kernel shows them; bone outside the mask does not shine in.

        Parameters
        ----------
        hu
            ``(planes, rows, columns) float32``.
        inside
            The same shape, bool: inside of the skull.
        """
        if not (self.blur_pixels or self.sharpening):
            return hu
        kind = rng.random()
        if self.sharpening and kind < SHARPENED:
            soft, change = _blurred(hu, inside, SHARPENING_PIXELS), -rng.uniform(0, self.sharpening)
        elif self.blur_pixels and kind < SHARPENED + BLURRED:
            soft, change = _blurred(hu, inside, rng.uniform(LEAST_BLUR_PIXELS, self.blur_pixels)), 1.0
        else:
            return hu
        return hu + np.float32(change) * (soft - hu)

    def tone(self, hu: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return HU with another scale, offset and more noise."""
        start = rng.integers(NOISE.size - hu.size)
        toned = NOISE[start : start + hu.size].reshape(hu.shape) * np.float32(rng.uniform(0, self.noise_hu))
        toned += hu * np.float32(np.exp(rng.normal(0, self.gain)))
        toned += np.float32(rng.normal(0, self.offset_hu))
        return toned


def _blurred(hu: np.ndarray, inside: np.ndarray, sigma: float) -> np.ndarray:
    """Return the mean of what lies inside, weighted by distance; other values stay (normalized convolution)."""
    soft = np.empty_like(hu)
    for plane, mask, target in zip(hu, inside, soft, strict=True):
        weight = mask.astype(np.float32)
        near = cv2.GaussianBlur(weight, (0, 0), sigma)
        cv2.GaussianBlur(plane * weight, (0, 0), sigma, dst=target)
        np.divide(target, near, out=target, where=mask)
        np.copyto(target, plane, where=~mask)
    return soft


def warp(images: np.ndarray, matrix: np.ndarray, nearest: bool = False) -> np.ndarray:
    """Return ``(planes, rows, columns) uint8`` moved by an affine matrix; what comes from outside is 0."""
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    moved = np.empty_like(images)
    for source, target in zip(images, moved, strict=True):
        cv2.warpAffine(source, matrix, target.shape[::-1], dst=target, flags=flags)
    return moved
