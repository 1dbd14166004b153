"""Epidural hematoma: a lens between bone and dura, held by the sutures."""

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.lesion import Anatomy, Lesion, point, random_voxel
from triage_node.train.phantom.lesions.grain import SWIRLS, even_mottle, profile, swirl

MEAN_HU, DEVIATION_HU = 61.0, 7.0
VOLUME_ML = (2.1, 13.6, 40.0)  # 5, 50 and 95 %
# A thin one, as under a bruised scalp: how often, its thickness in mm, and its volume.
THIN, THIN_MM, THIN_ML = 0.2, (4.0, 6.0), (1.5, 8.0)
# Over so many mm the filled share falls to 0 toward the brain.
EDGE_MM = 1.0


def _seats(space: HeadSpace) -> np.ndarray:
    """Return the voxels under the vault, the squama of the temporal bone and the occipital bone, not on the floor."""
    on_vault = (space.z + 0.35 * space.y > -8) | (np.abs(space.x) > 48) | (space.y > 45)
    return on_vault & (np.abs(space.inside_mm - 1.2) < 1.2) & (space.z > -45) & (space.z < 70)


def _size(rng: np.random.Generator) -> tuple[float, float]:
    """Return volume in mL and greatest thickness in mm."""
    if rng.random() < THIN:
        return float(rng.uniform(*THIN_ML)), float(rng.uniform(*THIN_MM))
    volume_ml = float(np.exp(rng.normal(np.log(VOLUME_ML[1]), 0.9)))
    return volume_ml, float(np.clip(np.cbrt(volume_ml) * rng.uniform(4.5, 7.2), 4.0, 36))


def _lens(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray | None:
    """Return the thickness in mm: it falls from the middle to an edge that meets the bone at an angle."""
    space, (volume_ml, thickness_mm) = anatomy.space, _size(rng)
    voxel = random_voxel(_seats(space), rng)
    if voxel is None:
        return None
    radius_mm = np.sqrt(2.2 * volume_ml * 1000 / (np.pi * thickness_mm))
    (z, y, x), stretch, power = point(space, voxel), rng.uniform(0.7, 1.4), rng.uniform(0.6, 1.0)
    high_mm = radius_mm / stretch
    box = space.box((z - high_mm, y - radius_mm, x - radius_mm), (z + high_mm, y + radius_mm, x + radius_mm))
    if box is None:
        return None
    near = space.part(box)
    squared = ((near.z - z) * stretch) ** 2 + (near.y - y) ** 2 + (near.x - x) ** 2
    shape = np.clip(1 - squared / radius_mm**2, 0, 1) ** power
    peel = np.zeros(space.z.shape, np.float32)
    peel[box] = np.where(shape > 0, np.clip(thickness_mm * shape + 0.3 * anatomy.coarse[box], 0, None), 0)
    return peel


def epidural(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return an epidural hematoma: even, crisp, and up to the inner table."""
    space, peel = anatomy.space, _lens(anatomy, rng)
    if peel is None:
        return None
    fraction = np.clip((peel - space.inside_mm) / EDGE_MM, 0, 1) * (space.inside_mm > 0)
    return Lesion(
        Label.EPIDURAL,
        fraction.astype(np.float32, copy=False),
        hu=float(rng.normal(MEAN_HU, DEVIATION_HU)),
        mottle=even_mottle(rng),
        peel_mm=peel,
        profile=profile(swirl, fraction, anatomy, rng) if rng.random() < SWIRLS else None,
    )
