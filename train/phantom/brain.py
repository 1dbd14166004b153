"""HU of the brain: gray and white matter, fluid spaces, age, and the fine folds an average head has lost."""

from dataclasses import dataclass

import numpy as np

from triage_node.train.phantom.atlas import Atlas
from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import HeadSpace

# Tissue further outside the inner table is hidden by bone and scalp, and left out.
SAMPLED_BEYOND_MM = 6.0


@dataclass(frozen=True)
class BrainStyle:
    """What differs between the brains of patients.

    Attributes
    ----------
    fluid_hu, white_hu, gray_hu
        HU of the tissues.
    atrophy
        Width of the sulci, 1 for the average.
    ventricle_floor
        Fluid fraction above which a voxel of the average head is a ventricle: lower means wider ventricles.
    sharpness
        Exponent that parts gray from white matter.
    fold_mm
        Distance of the synthetic folds.
    """

    fluid_hu: float
    white_hu: float
    gray_hu: float
    atrophy: float
    ventricle_floor: float
    sharpness: float
    fold_mm: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> "BrainStyle":
        """Return the brain of a patient between 18 and 95."""
        white = rng.uniform(22, 31)
        age = rng.uniform(0, 1)
        return cls(
            fluid_hu=rng.uniform(2, 14),
            white_hu=white,
            gray_hu=white + rng.uniform(4, 11),
            atrophy=float(np.exp(np.log(0.2) + age * np.log(10) + rng.normal(0, 0.25))),
            ventricle_floor=float(np.clip(0.75 - 0.6 * age + rng.normal(0, 0.1), 0.1, 0.85)),
            sharpness=rng.uniform(1.3, 2.6),
            fold_mm=rng.uniform(11, 17),
        )


@dataclass(frozen=True)
class Tissue:
    """Fractions of each tissue in each voxel, ``(slices, rows, columns) float32``."""

    gray: np.ndarray
    white: np.ndarray
    fluid: np.ndarray
    ventricles: np.ndarray


def _sharpen(gray: np.ndarray, white: np.ndarray, power: float) -> tuple[np.ndarray, np.ndarray]:
    """Part two blurred fractions, keeping their sum."""
    sharp_gray, sharp_white = gray**power, white**power
    ratio = (gray + white) / np.maximum(sharp_gray + sharp_white, 1e-3)
    return sharp_gray * ratio, sharp_white * ratio


def _fold(tissue: Tissue, space: HeadSpace, grid: Grid, style: BrainStyle, rng: np.random.Generator) -> Tissue:
    """Add a cortical ribbon and its sulci along the zero crossings of a smooth field."""
    field = grid.noise(rng, style.fold_mm)
    depth = np.clip((rng.uniform(12, 24) - space.inside_mm) / 6, 0, 1) * (space.inside_mm > 0)
    depth = depth * np.clip((space.z + 25) / 10 + 0.5 * grid.noise(rng, 20), 0, 1)
    ribbon = np.exp(-((field / rng.uniform(0.3, 0.55)) ** 2)) * depth
    total = tissue.gray + tissue.white
    sulcus = np.exp(-((field / rng.uniform(0.06, 0.16)) ** 2)) * depth
    return Tissue(
        gray=tissue.gray * (1 - ribbon) + ribbon * total,
        white=tissue.white * (1 - ribbon),
        fluid=np.clip(tissue.fluid + sulcus * np.float32(rng.uniform(0, 1) * min(style.atrophy, 1.2)), 0, 1),
        ventricles=tissue.ventricles,
    )


def _spread(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return the values of the voxels of a mask in their places, 0 elsewhere."""
    whole = np.zeros(where.shape, np.float32)
    whole[where] = values
    return whole


def sample_tissue(
    atlas: Atlas, space: HeadSpace, grid: Grid, style: BrainStyle, rng: np.random.Generator, folds: bool = True
) -> Tissue:
    """Return the tissue fractions of a head, aged and folded."""
    near = space.inside_mm > -SAMPLED_BEYOND_MM
    place = space.z[near], space.y[near], space.x[near]
    gray, white = _sharpen(np.clip(atlas.gray.at(*place), 0, 1), np.clip(atlas.white.at(*place), 0, 1), style.sharpness)
    average = atlas.ventricles.at(*place)
    ventricles = np.clip((average - style.ventricle_floor) * 3 + 0.3, 0, 1) * (average > 0.05)
    sulci = np.clip(atlas.fluid.at(*place) * style.atrophy, 0, 1)
    fluid = np.where(average > 0.1, ventricles, sulci)
    tissue = Tissue(*(_spread(values, near) for values in (gray, white, fluid, ventricles)))
    return _fold(tissue, space, grid, style, rng) if folds else tissue


def brain_hu(tissue: Tissue, space: HeadSpace, grid: Grid, style: BrainStyle, rng: np.random.Generator) -> np.ndarray:
    """Return ``(slices, rows, columns) float32`` HU of everything inside the skull, as if there were no skull."""
    solid = tissue.gray + tissue.white
    hu = (style.gray_hu * tissue.gray + style.white_hu * tissue.white) / np.maximum(solid, 0.15)
    old = style.atrophy > 0.7
    between = 0.5 * (style.fluid_hu + style.gray_hu) if old else style.gray_hu
    hu = np.where(solid < 0.15, between, hu)
    hu = style.fluid_hu * tissue.fluid + (1 - tissue.fluid) * hu
    rim = np.clip(1 - space.inside_mm / rng.uniform(1, 5), 0, 1) * (space.inside_mm > 0)
    border = style.fluid_hu if style.atrophy > 0.9 else style.gray_hu - 3
    hu = hu + 0.6 * rim * (border - hu)
    texture = rng.uniform(0, 1.2) * grid.noise(rng, 18) + rng.uniform(0, 1.0) * grid.noise(rng, 9)
    return (hu + texture).astype(np.float32)
