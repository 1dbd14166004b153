"""From the T1 images of one volunteer to the map that the package carries: what is inside the skull, and HU outside.

Source: Holmes et al., Enhancement of MR images using registration for signal averaging, J Comput Assist Tomogr 22
(1998): 27 scans of one healthy volunteer in MNI space; ``ch2.nii.gz``, ``ch2bet.nii.gz`` of Debian's mricron-data.
T1 shows bone and air alike dark; where air is is told by the place, positions being those of the MNI head.

Run again by ``python -m triage_node.train.phantom.volunteer_map FOLDER volunteer.npz``.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from triage_node.complete_file import complete_file

# Index of the head's middle ``(z, y, x)`` in the maps; its y is that of the average head.
ORIGIN = (71.0, 109.0, 90.0)
# T1 of fluid, gray and white matter: peaks of the histogram inside the skull.
FLUID_T1, GRAY_T1, WHITE_T1 = 28, 84, 112
# T1 is kept in so many steps between fluid and white matter, HU in steps of this many.
T1_STEP, HU_STEP, LOWEST_HU = 4, 10, -1000
# Darker than the first is bone or air where it lies deep enough, darker than the second anywhere; air has hardly any.
DARK_T1, DARKEST_T1, AIR_T1, HEAD_T1 = 45, 30, 26, 20
SKIN_MM, FLUID_AND_DURA_MM = 2.0, 2.5
# Around the cavity is bone this thick everywhere but at the foramen magnum; thin bone between bright tissues is lost.
SHELL_MM, SHELL_HU, SHELL_FROM_MM = 2.2, 750, -46.0
# T1 of muscle, skin and fat with their HU, and of marrow with that of spongy bone.
SOFT_T1, SOFT_HU = (0, 30, 50, 75, 100, 135, 175, 255), (-20, 0, 35, 52, 40, -40, -95, -110)
MARROW_T1, MARROW_HU = (45, 90, 175), (650, 450, 300)
AIR_HU, CELL_HU, GLOBE_HU, LENS_HU = -980, -850, 9, 75
# Middle of the left globe, its radius, and that of the soft tissue about it.
GLOBE, GLOBE_MM, LIDS_MM = (-36.0, -69.0, 33.0), 12.0, 17.0


@dataclass(frozen=True)
class _Place:
    """mm from the head's middle, broadcast: to the top, to the back, from the midline."""

    z: np.ndarray
    y: np.ndarray
    x: np.ndarray

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> "_Place":
        z, y, x = (np.arange(size, dtype=np.float32) - start for size, start in zip(shape, ORIGIN, strict=True))
        return cls(z[:, None, None], y[None, :, None], np.abs(x)[None, None, :])

    @property
    def sinuses(self) -> np.ndarray:
        """Nose and ethmoid, maxillary, frontal and sphenoid sinus, throat."""
        z, y, x = self.z, self.y, self.x
        nose = (y < -30) & (x < 22) & (z < -8)
        maxillary = (y < -25) & (x < 48) & (z < -32)
        frontal = (y < -72) & (x < 34) & (z > -30) & (z < 22)
        sphenoid = (y < -8) & (y > -45) & (x < 16) & (z < -18) & (z > -52)
        throat = (y > -35) & (y < 5) & (x < 16) & (z < -45)
        return nose | maxillary | frontal | sphenoid | throat

    @property
    def mastoid(self) -> np.ndarray:
        """The cells behind the ear."""
        return (self.y > 5) & (self.y < 52) & (self.x > 36) & (self.z < -18) & (self.z > -65)

    @property
    def petrous(self) -> np.ndarray:
        """The densest bone."""
        return (self.z > -48) & (self.z < -18) & (self.x > 12) & (self.x < 62) & (self.y > -12) & (self.y < 45)


def closed(mask: np.ndarray, radius_mm: float) -> np.ndarray:
    """Return a mask of 1 mm voxels closed with a ball."""
    pad = int(radius_mm) + 2
    grown = ndimage.distance_transform_edt(~np.pad(mask, pad)) <= radius_mm
    inner = ndimage.distance_transform_edt(grown) > radius_mm
    return np.asarray(inner[pad:-pad, pad:-pad, pad:-pad])


def _head(t1: np.ndarray) -> np.ndarray:
    """Return the head with all that it encloses."""
    head = closed(ndimage.gaussian_filter(t1, 1.0) > HEAD_T1, 6)
    for plane in head:
        plane[:] = ndimage.binary_fill_holes(plane)
    parts, _ = ndimage.label(head)
    return np.asarray(parts == 1 + np.argmax(np.bincount(parts.ravel())[1:]))


def _bone_and_air(t1: np.ndarray, place: _Place, head: np.ndarray, cavity: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return bone, the air of sinuses and throat, the cells of the mastoid, and spongy bone between the tables."""
    out, below_skin = ndimage.distance_transform_edt(~cavity), ndimage.distance_transform_edt(head)
    candidates = (t1 < DARK_T1) & head & ~cavity & (below_skin > SKIN_MM)
    dark = ndimage.binary_opening(candidates) | (candidates & (t1 < DARKEST_T1))
    dark &= ~_globes(place, LIDS_MM)
    deep = ndimage.distance_transform_edt(dark)
    core = dark & (deep > 1.6) & place.sinuses & (out > 2.0) & (t1 < AIR_T1)
    air = (ndimage.distance_transform_edt(~core) <= 1.2) & dark & (out > 1.8)
    texture = _texture(t1.shape)
    cells = dark & place.mastoid & (deep > 2.2) & (out > FLUID_AND_DURA_MM) & (texture > 0.1)
    hollow = closed(dark, 4) & head & ~cavity & ~dark & (below_skin > SKIN_MM + 1) & (out < 16)
    return dark & ~air & ~cells, air, cells, hollow & (t1 < MARROW_T1[-1]) & ~_globes(place, LIDS_MM)


def _texture(shape: tuple[int, ...]) -> np.ndarray:
    field = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal(shape), 1.3)
    return np.asarray(field / field.std())


def _globes(place: _Place, radius_mm: float, forward_mm: float = 0.0) -> np.ndarray:
    z, y, x = GLOBE
    inside: np.ndarray = (place.z - z) ** 2 + (place.y - y + forward_mm) ** 2 + (place.x - x) ** 2 < radius_mm**2
    return inside


def outside_hu(t1: np.ndarray, cavity: np.ndarray) -> np.ndarray:
    """Return HU of everything outside the cavity of the skull, ``(z, y, x) float32``; within it what is nearest.

    Parameters
    ----------
    t1
        ``(z, y, x) float32`` in voxels of 1 mm.
    cavity
        The same shape, bool: the inside of the skull.
    """
    place, head = _Place.of(t1.shape), _head(t1)
    bone, air, cells, marrow = _bone_and_air(t1, place, head, cavity)
    hu = np.where(head, np.interp(t1, SOFT_T1, SOFT_HU), LOWEST_HU)
    hu = np.where(_globes(place, GLOBE_MM) & head, GLOBE_HU, hu)
    hu = np.where(_globes(place, 4.5, 11.0) & head, LENS_HU, hu)
    hu = np.where(marrow, np.interp(t1, MARROW_T1, MARROW_HU), hu)
    hu = np.where(bone, np.clip(1250 - 6 * t1, 700, 1300), hu)
    shell = (ndimage.distance_transform_edt(~cavity) <= SHELL_MM) & (place.z > SHELL_FROM_MM)
    hu = np.where(shell, np.maximum(hu, SHELL_HU), hu)
    hu = np.where(bone & place.petrous, 1500 - 200 * np.clip(_texture(t1.shape), -1, 2), hu)
    hu = np.where(air, AIR_HU, np.where(cells, CELL_HU, hu))
    nearest = ndimage.distance_transform_edt(cavity, return_distances=False, return_indices=True)
    return np.asarray(hu[tuple(nearest)], np.float32)


def encoded(t1: np.ndarray, brain: np.ndarray) -> dict[str, np.ndarray]:
    """Return the two maps, uint8: inside the skull T1 in steps from 1 on, 0 elsewhere; outside HU in steps."""
    cavity = ndimage.distance_transform_edt(~closed(brain, 8)) <= FLUID_AND_DURA_MM
    steps = np.clip(np.rint((t1 - FLUID_T1) / T1_STEP), 0, (WHITE_T1 - FLUID_T1) // T1_STEP)
    hu = np.rint((outside_hu(t1, cavity) - LOWEST_HU) / HU_STEP)
    return {
        "inside": np.where(cavity, steps + 1, 0).astype(np.uint8),
        "outside": np.where(cavity, 0, np.clip(hu, 0, 255)).astype(np.uint8),
    }


def read(path: Path) -> np.ndarray:
    """Return an image as ``(z, y to the back, x to the left) float32``."""
    import nibabel

    values = np.asarray(nibabel.load(path).dataobj, np.float32).squeeze()
    return np.ascontiguousarray(values.transpose(2, 1, 0)[:, ::-1, ::-1])


def main() -> None:
    """Write the map of the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where ch2.nii.gz and ch2bet.nii.gz lie")
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    maps = encoded(read(chosen.folder / "ch2.nii.gz"), read(chosen.folder / "ch2bet.nii.gz") > 0)
    with complete_file(chosen.out) as partial, partial.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **maps)


if __name__ == "__main__":
    main()
