"""Volumes that are no plain head CT, and heads with what resembles blood: none of them may be flagged."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from ct_phantom import FIELD_OF_VIEW_MM, chest_hu, head_hu

from triage_node.imaging.volume import Volume

SLICES, SIZE, SLICE_MM = 32, 128, 5.0
_AIR, _WATER, _BONE = -1000.0, 0.0, 1000.0


def _volume(hu: np.ndarray, field_mm: float = FIELD_OF_VIEW_MM) -> Volume:
    pixel_mm = field_mm / hu.shape[-1]
    hu = np.clip(hu, -1024, 3071).astype(np.float32)
    return Volume(hu, (SLICE_MM, pixel_mm, pixel_mm), SLICE_MM * np.arange(len(hu), dtype=float))


def _axes(field_mm: float = FIELD_OF_VIEW_MM) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    across = (np.arange(SIZE) - (SIZE - 1) / 2) * field_mm / SIZE
    z = SLICE_MM * (np.arange(SLICES) - (SLICES - 1) / 2)
    return z[:, None, None], across[None, :, None], across[None, None, :]


def _noise(rng: np.random.Generator, deviation: float = 4.0) -> np.ndarray:
    return rng.normal(0, deviation, (SLICES, SIZE, SIZE))


def constant(hu: float) -> Callable[[np.random.Generator], Volume]:
    return lambda _: _volume(np.full((SLICES, SIZE, SIZE), hu))


def random_noise(rng: np.random.Generator) -> Volume:
    return _volume(rng.uniform(-1000, 2000, (SLICES, SIZE, SIZE)))


def cylinder(filling: float, wall: float, wall_mm: float = 7.0) -> Callable[[np.random.Generator], Volume]:
    """A cylinder in air, 180 mm wide, with a wall of another material, as for quality control."""

    def make(rng: np.random.Generator) -> Volume:
        _, y, x = _axes()
        radius = np.hypot(y, x) + np.zeros((SLICES, 1, 1))
        hu = np.where(radius < 90, wall, _AIR)
        return _volume(np.where(radius < 90 - wall_mm, filling, hu) + _noise(rng))

    return make


def capsule(filling: float) -> Callable[[np.random.Generator], Volume]:
    """A closed bony shell in the shape of a skull, filled with one material: a head phantom with nothing in it."""

    def make(rng: np.random.Generator) -> Volume:
        z, y, x = _axes()
        radius = np.sqrt((y / 90) ** 2 + (x / 70) ** 2 + (z / 75) ** 2)
        hu = np.where(radius < 1.14, 30.0, _AIR)
        hu = np.where(radius < 1.07, _BONE, hu)
        return _volume(np.where(radius < 1, filling, hu) + _noise(rng))

    return make


def chest(rng: np.random.Generator) -> Volume:
    return _volume(chest_hu(SLICES, (SIZE, SIZE), SLICE_MM) + _noise(rng), 400.0)


def abdomen(rng: np.random.Generator) -> Volume:
    """A trunk without lungs: fat, a soft inside with liver, spine and pelvis-like bone at its sides."""
    z, y, x = _axes(400.0)
    body = np.sqrt((x / 170) ** 2 + (y / 110) ** 2) + 0 * z
    hu = np.where(body < 1, -100.0, _AIR)
    hu = np.where(body < 0.85, 40.0, hu)
    hu = np.where(((x + 70) / 65) ** 2 + ((y + 10) / 70) ** 2 + 0 * z < 1, 60.0, hu)
    hu = np.where(x**2 + (y - 70) ** 2 + 0 * z < 20**2, 350.0, hu)
    sides = (np.abs(np.abs(x) - 110) < 12) & (np.abs(y - 20) < 60) & (z < -20)
    return _volume(np.where(sides, 600.0, hu) + _noise(rng), 400.0)


def _tissue(body: np.ndarray, bones: tuple[np.ndarray, ...], rng: np.random.Generator, field_mm: float) -> Volume:
    """Return a part of the body: fat under the skin, muscle inside, bones with marrow that is less dense."""
    hu = np.where(body < 1, -100.0, _AIR)
    hu = np.where(body < 0.93, 50.0, hu)
    for bone in bones:
        hu = np.where(bone < 1, 900.0, hu)
        hu = np.where(bone < 0.7, 220.0, hu)
    return _volume(hu + _noise(rng), field_mm)


def _ellipse(y: np.ndarray, x: np.ndarray, z: np.ndarray, row: float, column: float, high: float, wide: float):
    return np.sqrt(((y - row) / high) ** 2 + ((x - column) / wide) ** 2) + 0 * z


def ribs(rng: np.random.Generator) -> Volume:
    """The upper belly: liver and spleen within ribs that slant through the slices, and a spine."""
    z, y, x = _axes(360.0)
    body = _ellipse(y, x, z, 0, 0, 105, 150)
    angle = np.abs(np.degrees(np.arctan2(x, y + 0 * z)))
    row = np.abs((z + 0.35 * angle) / 24 % 1 - 0.5) * 24
    rib = np.abs(body - 0.86) / 0.04 + np.where(row > 6, 9, 0)
    return _tissue(body, (rib, _ellipse(y, x, z, 60, 0, 22, 24)), rng, 360.0)


def pelvis(field_mm: float) -> Callable[[np.random.Generator], Volume]:
    """A basin: sacrum behind, iliac wings at the sides, open in front; in a small field it fills the images."""

    def make(rng: np.random.Generator) -> Volume:
        z, y, x = _axes(field_mm)
        ring = np.sqrt((y / 65) ** 2 + (x / 80) ** 2) + 0 * z
        wings = (np.abs(ring - 1) / 0.12) + np.where((y < -25) & (np.abs(x) < 45), 9, 0)
        sacrum = _ellipse(y, x, z, 65, 0, 22, 35)
        return _tissue(_ellipse(y, x, z, 0, 0, 120, 175), (wings, sacrum), rng, field_mm)

    return make


def neck(rng: np.random.Generator) -> Volume:
    """A neck with spine, jaw and windpipe."""
    z, y, x = _axes()
    jaw = np.abs(np.sqrt(((y + 5) / 60) ** 2 + (x / 45) ** 2) - 1) / 0.1 + np.where(y > -15, 9, 0) + 0 * z
    volume = _tissue(_ellipse(y, x, z, 0, 0, 75, 65), (_ellipse(y, x, z, 25, 0, 18, 22), jaw), rng, FIELD_OF_VIEW_MM)
    windpipe = _ellipse(y, x, z, -15, 0, 9, 9) < 1
    return replace(volume, hu=np.where(windpipe, np.float32(_AIR), volume.hu))


def thighs(rng: np.random.Generator) -> Volume:
    z, y, x = _axes(400.0)
    legs = np.minimum(_ellipse(y, x, z, 0, -90, 80, 80), _ellipse(y, x, z, 0, 90, 80, 80))
    return _tissue(legs, tuple(_ellipse(y, x, z, 0, side * 85, 15, 15) for side in (-1, 1)), rng, 400.0)


def knee(rng: np.random.Generator) -> Volume:
    z, y, x = _axes(180.0)
    bones = _ellipse(y, x, z, 5, 0, 32, 42), _ellipse(y, x, z, -45, 0, 10, 20)
    return _tissue(_ellipse(y, x, z, 0, 0, 62, 65), bones, rng, 180.0)


def magnetic_resonance(rng: np.random.Generator) -> Volume:
    """A head in the gray values of a T1 image: bone black, fat bright, brain at several hundred."""
    hu = head_hu(SLICES, (SIZE, SIZE), SLICE_MM, None, 3)
    gray = np.select([hu < -500, hu > 500, hu < 0, hu < 20], [0.0, 30.0, 900.0, 200.0], 500.0)
    return _volume(gray + np.abs(_noise(rng, 15)))


def head(change: Callable[[np.ndarray], np.ndarray], lesion: str | None = None) -> Callable[..., Volume]:
    """A simple head whose HU are changed."""
    return lambda _: _volume(change(head_hu(SLICES, (SIZE, SIZE), SLICE_MM, lesion, 5).copy()))


def _shunt(hu: np.ndarray) -> np.ndarray:
    """Lay a metal tube with its streaks from the vertex into a wide ventricle."""
    z, y, x = _axes()
    hu = np.where((np.hypot(x - 12, y - 10) < 20) & (np.abs(z - 5) < 25), 6.0, hu)
    hu = hu + np.where(np.abs(y - 10) < 2, 40 * np.sin(x / 4), 0) * (np.abs(z - 20) < 30) * (hu > -500)
    return np.where((np.hypot(x - 25, y - 10) < 2.5) & (z > 0), 3000.0, hu)


def _calcified(hu: np.ndarray) -> np.ndarray:
    """Put large calcifications into both basal ganglia, and into a falx."""
    z, y, x = _axes()
    for side in (-1, 1):
        hu = np.where(np.sqrt(((x - side * 22) / 7) ** 2 + ((y + 8) / 12) ** 2 + (z / 12) ** 2) < 1, 220.0, hu)
    return np.where((np.abs(x) < 2.5) & (y < -45) & (np.abs(z - 20) < 15) & (hu > -500) & (hu < 500), 300.0, hu)


# What no model may flag, whatever it was fitted on.
NO_HEADS: dict[str, Callable[[np.random.Generator], Volume]] = {
    "random noise": random_noise,
    "all zero": constant(0.0),
    "60 HU everywhere": constant(60.0),
    "air": constant(_AIR),
    "water in air": cylinder(_WATER, _WATER),
    "water in plastic": cylinder(_WATER, 120.0),
    "water in bone": cylinder(_WATER, _BONE),
    "blood in bone": cylinder(70.0, _BONE),
    "brain-dense water in bone": cylinder(35.0, _BONE),
    "chest": chest,
    "abdomen": abdomen,
    "ribs around a belly": ribs,
    "pelvis": pelvis(400.0),
    "pelvis in a small field": pelvis(190.0),
    "neck": neck,
    "thighs": thighs,
    "knee": knee,
    "magnetic resonance": magnetic_resonance,
    "skull of air": capsule(_AIR),
    "skull of water": capsule(_WATER),
    "skull of brain": capsule(35.0),
    "skull of blood": capsule(50.0),
    "skull of 70 HU": capsule(70.0),
    "wrong intercept": head(lambda hu: hu + 200),
    "mirrored in HU": head(lambda hu: -hu),
}
# Heads with something that is dense, but is no blood.
MIMICS = {"shunt": head(_shunt), "calcifications": head(_calcified)}
