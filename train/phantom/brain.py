"""HU of the brain: gray and white matter, fluid spaces and age."""

from dataclasses import dataclass

import cv2
import numpy as np

from triage_node.train.phantom.atlas import Atlas
from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.gyri import random_folds
from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.ventricles import HYDROCEPHALUS, WALL_MM, WITH_BLOOD, Ventricles

# Tissue further outside the inner table is hidden by bone and scalp, and left out.
SAMPLED_BEYOND_MM = 6.0
# Fluid lower than this, at the middle of the head and less toward the back, is in the basal cisterns.
BASAL_MM = 9.0


@dataclass(frozen=True)
class BrainStyle:
    """What differs between the brains of patients.

    Attributes
    ----------
    fluid_hu, white_hu, gray_hu
        HU of the tissues.
    atrophy
        Width of the sulci, 1 for the average.
    ventricles
        Width and horns of the ventricles.
    sharpness
        Exponent that parts gray from white matter.
    fold_mm
        Distance from a sulcus to the next.
    sulcus_mm
        Mean width of the sulci.
    cisterns
        Width of the basal cisterns, whatever the age: in the average brain they are blurred.
    """

    fluid_hu: float
    white_hu: float
    gray_hu: float
    atrophy: float
    ventricles: Ventricles
    sharpness: float
    fold_mm: float
    sulcus_mm: float
    cisterns: float

    @classmethod
    def random(cls, rng: np.random.Generator, blood_in_fluid: bool = False) -> "BrainStyle":
        """Return the brain of a patient between 18 and 95; blood in the fluid often keeps it from draining."""
        white = rng.uniform(28, 37)
        age = rng.uniform(0, 1)
        atrophy = float(np.exp(np.log(0.2) + age * np.log(10) + rng.normal(0, 0.25)))
        hydrocephalus = rng.random() < (WITH_BLOOD if blood_in_fluid else HYDROCEPHALUS)
        atrophy *= rng.uniform(0.3, 0.9) if hydrocephalus else 1.0
        return cls(
            fluid_hu=rng.uniform(6, 18),
            white_hu=white,
            gray_hu=white + rng.uniform(4.5, 11.5),
            atrophy=atrophy,
            ventricles=Ventricles.random(age, hydrocephalus, rng),
            sharpness=rng.uniform(1.3, 2.6),
            fold_mm=rng.uniform(8.5, 13.5),
            sulcus_mm=rng.uniform(0.5, 1.4) + min(atrophy, 2.0) * rng.uniform(0.9, 2.0),
            cisterns=rng.uniform(1.4, 3.0),
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
    sharp_gray, sharp_white = (cv2.pow(values, power).ravel() for values in (gray, white))
    ratio = (gray + white) / np.maximum(sharp_gray + sharp_white, 1e-3)
    return sharp_gray * ratio, sharp_white * ratio


def _fold(tissue: Tissue, space: HeadSpace, grid: Grid, style: BrainStyle, rng: np.random.Generator) -> Tissue:
    """Add sulci, and a ribbon of cortex on both sides of them and at the surface."""
    folds = random_folds(space, grid, style.fold_mm, style.sulcus_mm, rng)
    solid = tissue.gray + tissue.white
    white = tissue.white * (1 - folds.cortex)
    return Tissue(solid - white, white, np.maximum(tissue.fluid, folds.sulci), tissue.ventricles)


def _spread(values: np.ndarray, places: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return values at their flat indices, 0 elsewhere."""
    whole = np.zeros(shape, np.float32)
    whole.ravel()[places] = values
    return whole


def sample_tissue(atlas: Atlas, space: HeadSpace, grid: Grid, style: BrainStyle, rng: np.random.Generator) -> Tissue:
    """Return the tissue fractions of a head, aged and folded."""
    near = np.flatnonzero(space.inside_mm > -SAMPLED_BEYOND_MM)
    place = space.z.take(near), space.y.take(near), space.x.take(near)
    gray, white = _sharpen(np.clip(atlas.gray.at(*place), 0, 1), np.clip(atlas.white.at(*place), 0, 1), style.sharpness)
    in_ventricle_mm = style.ventricles.distance(atlas, space).take(near)
    ventricles = np.clip(0.9 * in_ventricle_mm + 0.5, 0, 1)
    basal = np.clip((BASAL_MM - place[0] - 0.35 * place[1]) / 8, 0, 1)
    width = style.atrophy + basal * max(style.cisterns - style.atrophy, 0)
    sulci = np.clip(atlas.fluid.at(*place) * width, 0, 1)
    fluid = np.where(in_ventricle_mm > -WALL_MM, ventricles, sulci)
    tissue = Tissue(*(_spread(values, near, space.z.shape) for values in (gray, white, fluid, ventricles)))
    return tissue if atlas.outside is not None else _fold(tissue, space, grid, style, rng)


def brain_hu(tissue: Tissue, space: HeadSpace, grid: Grid, style: BrainStyle, rng: np.random.Generator) -> np.ndarray:
    """Return ``(slices, rows, columns) float32`` HU of everything inside the skull, as if there were no skull."""
    old = style.atrophy > 0.7
    between = 0.5 * (style.fluid_hu + style.gray_hu) if old else style.gray_hu
    rim_mm, textures = rng.uniform(1, 5), [(rng.uniform(0, 1.2), grid.noise(rng, 18))]
    textures.append((rng.uniform(0, 1.0), grid.noise(rng, 9)))
    hu = np.full(space.z.shape, between, np.float32)
    places = np.flatnonzero(space.inside_mm > -SAMPLED_BEYOND_MM)
    gray, white, fluid, depth = (
        values.take(places) for values in (tissue.gray, tissue.white, tissue.fluid, space.inside_mm)
    )
    solid = gray + white
    brain = (style.gray_hu * gray + style.white_hu * white) / np.maximum(solid, np.float32(0.15))
    brain[solid < 0.15] = between
    brain += fluid * (style.fluid_hu - brain)
    rim = np.clip(1 - depth / rim_mm, 0, 1) * (depth > 0) * (1 - fluid)
    border = style.fluid_hu if style.atrophy > 0.9 else style.gray_hu - 3
    brain += 0.6 * rim * (border - brain)
    hu.ravel()[places] = brain
    for strength, noise in textures:
        hu += strength * noise
    return hu
