"""Epidural hematoma: a lens between bone and dura, held by the sutures."""

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.lesion import Anatomy, Lesion, point, random_voxel

MEAN_HU, DEVIATION_HU = 57.0, 10.0
VOLUME_ML = (2.1, 13.6, 40.0)  # 5, 50 and 95 %


def _seats(space: HeadSpace) -> np.ndarray:
    """Return the voxels under the vault, the squama of the temporal bone and the occipital bone, not on the floor."""
    on_vault = (space.z + 0.35 * space.y > -8) | (np.abs(space.x) > 48) | (space.y > 45)
    return on_vault & (np.abs(space.inside_mm - 1.2) < 1.2) & (space.z > -45) & (space.z < 70)


def epidural(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return an epidural hematoma: thickness falls from the middle to an edge that meets the bone at an angle."""
    space = anatomy.space
    voxel = random_voxel(_seats(space), rng)
    if voxel is None:
        return None
    volume_ml = np.exp(rng.normal(np.log(VOLUME_ML[1]), 0.9))
    thickness_mm = float(np.clip(np.cbrt(volume_ml) * rng.uniform(4.5, 7.2), 4.0, 36))
    radius_mm = np.sqrt(2.2 * volume_ml * 1000 / (np.pi * thickness_mm))
    z, y, x = point(space, voxel)
    stretch = rng.uniform(0.7, 1.4)
    squared = ((space.z - z) * stretch) ** 2 + (space.y - y) ** 2 + (space.x - x) ** 2
    profile = np.clip(1 - squared / radius_mm**2, 0, 1) ** rng.uniform(0.6, 1.0)
    peel = np.where(profile > 0, thickness_mm * profile + 0.3 * anatomy.coarse, 0)
    fraction = np.clip((peel - space.inside_mm) / 1.0, 0, 1) * (space.inside_mm > 0)
    return Lesion(
        Label.EPIDURAL,
        fraction.astype(np.float32),
        hu=rng.normal(MEAN_HU, DEVIATION_HU),
        mottle=rng.uniform(1, 5),
        peel_mm=np.clip(peel, 0, None),
    )
