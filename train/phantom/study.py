"""A whole generated study: which lesions it has, and the sentence of how it is made."""

from dataclasses import dataclass

import numpy as np
from threadpoolctl import ThreadpoolController

from triage_node.findings import TYPES, Label
from triage_node.imaging import Volume
from triage_node.train.phantom.atlas import Atlas
from triage_node.train.phantom.blood import IN_FLUID, paint
from triage_node.train.phantom.brain import BrainStyle, brain_hu, sample_tissue
from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import Pose, place_head
from triage_node.train.phantom.lesion import Anatomy, Lesion
from triage_node.train.phantom.lesions import LESIONS
from triage_node.train.phantom.mass_effect import displace
from triage_node.train.phantom.mimics import add_mimics
from triage_node.train.phantom.scanner import Scanner, brightening, scan, shading
from triage_node.train.phantom.skull.base import add_skull_base
from triage_node.train.phantom.skull.damage import add_damage
from triage_node.train.phantom.skull.mapped import add_mapped_skull
from triage_node.train.phantom.skull.vault import add_vault
from triage_node.train.phantom.surroundings import add_scalp, add_table

# Raised when the same seed gives another head than before: figures of different versions do not compare.
VERSION = 13
# Share of blood in a voxel, and its area in a slice, from which they count as hemorrhage.
BLOOD_SHARE = 0.4
SMALLEST_AREA_MM2 = 20.0
# What is denser than the one is bone and what is darker than the other air: both take the place of blood.
BONE_HU, DARKEST_HU = 150.0, -200.0
# What looks like bone or air in the image no reader would call blood, whatever is in it.
READABLE_HU = (-20.0, 110.0)
FIRST_TYPE = {
    Label.EPIDURAL: 0.22,
    Label.INTRAPARENCHYMAL: 0.24,
    Label.INTRAVENTRICULAR: 0.12,
    Label.SUBARACHNOID: 0.19,
    Label.SUBDURAL: 0.23,
}
FURTHER_TYPE = {
    Label.EPIDURAL: 0.05,
    Label.INTRAPARENCHYMAL: 0.14,
    Label.INTRAVENTRICULAR: 0.10,
    Label.SUBARACHNOID: 0.15,
    Label.SUBDURAL: 0.12,
}
FIELD_MM = 230.0
# Some technicians choose a field of view that cuts the head off.
CUT_FIELD_MM, CUT = (175.0, 205.0), 0.04
# Distances between slices in mm, and how often each is used.
SLICE_MM = {2.5: 0.14, 3.0: 0.08, 4.0: 0.08, 4.8: 0.1, 5.0: 0.34, 6.0: 0.08, 7.0: 0.08, 10.0: 0.1}
# A slice is averaged from thinner ones of about this many mm.
THIN_MM = 2.5
# The matrix products of a head are small: threads that share them wait for each other.
BLAS = ThreadpoolController()
PUSHING = (Label.EPIDURAL, Label.SUBDURAL, Label.INTRAPARENCHYMAL)


@dataclass(frozen=True)
class Recipe:
    """What is asked of a generated study.

    Attributes
    ----------
    types
        Hemorrhage types to put in; one that finds no place stays out.
    pose
        How the head lies.
    size, mm_per_pixel
        Rows and columns, and pixel size in mm.
    slice_mm
        Distance between slices in mm.
    lowest_mm, highest_mm
        First and last position, from the head's middle.
    scanner
        Scanner and protocol.
    plain
        No fractures, burr holes or scalp hematomas: a head nobody would look at twice.
    """

    types: tuple[Label, ...]
    pose: Pose
    size: int
    mm_per_pixel: float
    slice_mm: float
    lowest_mm: float
    highest_mm: float
    scanner: Scanner
    plain: bool = False

    def grid(self) -> Grid:
        """Return the voxels of the thin slices that each slice is averaged from."""
        count = max(1, int((self.highest_mm - self.lowest_mm) / self.slice_mm))
        subslices = max(1, round(self.slice_mm / THIN_MM))
        positions = self.lowest_mm + self.slice_mm / subslices * np.arange(count * subslices)
        return Grid(positions, self.size, self.mm_per_pixel, subslices)


@dataclass(frozen=True)
class GeneratedStudy:
    """A generated head CT with what is true of it.

    Attributes
    ----------
    volume
        HU as a scanner would give them.
    bits
        ``(slices, rows, columns) uint8``, bit k set where the k-th type of `TYPES` is.
    slice_labels
        ``(slices, 6) uint8`` in the order of `LABELS`.
    """

    volume: Volume
    bits: np.ndarray
    slice_labels: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """Return ``(6,) uint8`` study labels in the order of `LABELS`."""
        return self.slice_labels.max(axis=0)


def random_types(rng: np.random.Generator, positive: float = 0.6) -> tuple[Label, ...]:
    """Return hemorrhage types as they come together; none in the rest of the studies."""
    if rng.random() >= positive:
        return ()
    first = rng.choice(len(TYPES), p=[FIRST_TYPE[label] for label in TYPES])
    return tuple(label for k, label in enumerate(TYPES) if k == first or rng.random() < FURTHER_TYPE[label])


def random_recipe(
    rng: np.random.Generator, types: tuple[Label, ...] | None = None, mm_per_pixel: float = 1.25
) -> Recipe:
    """Return a study as it might come from any hospital, at the resolution that training needs."""
    field_mm = rng.uniform(*CUT_FIELD_MM) if rng.random() < CUT else FIELD_MM
    return Recipe(
        types=random_types(rng) if types is None else types,
        pose=Pose.random(rng),
        size=2 * round(field_mm / mm_per_pixel / 2),
        mm_per_pixel=mm_per_pixel,
        slice_mm=float(rng.choice(list(SLICE_MM), p=list(SLICE_MM.values()))),
        lowest_mm=rng.uniform(-80, -45),
        highest_mm=rng.uniform(84, 98),
        scanner=Scanner.random(rng),
    )


def _lesions(anatomy: Anatomy, types: tuple[Label, ...], rng: np.random.Generator) -> list[Lesion]:
    found = [LESIONS[label](anatomy, rng) for label in types]
    return [lesion for lesion in found if lesion is not None]


def _bits(lesions: list[Lesion], grid: Grid, inside: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Return lesion bits from the blood inside the skull, less what bone or air took the place of or hides."""
    bits = np.zeros(image.shape, np.uint8)
    readable = (image > READABLE_HU[0]) & (image < READABLE_HU[1])
    for lesion in lesions:
        blood = (grid.average(lesion.fraction * inside) > BLOOD_SHARE) & readable
        bits |= blood.astype(np.uint8) << TYPES.index(lesion.label)
    return bits


def slice_labels(bits: np.ndarray, mm_per_pixel: float) -> np.ndarray:
    """Return ``(slices, 6) uint8`` labels of slices that show enough blood."""
    areas = np.stack([((bits >> k) & 1).sum(axis=(1, 2)) for k in range(len(TYPES))], axis=1) * mm_per_pixel**2
    types = (areas >= SMALLEST_AREA_MM2).astype(np.uint8)
    return np.concatenate([types, types.max(axis=1, keepdims=True)], axis=1)


def generate_study(atlas: Atlas, recipe: Recipe, rng: np.random.Generator) -> GeneratedStudy:
    """Return a generated study; the same generator state gives the same study.

    Lesions that push come first, since the brain moves aside before its fluid spaces fill with blood.
    """
    with BLAS.limit(limits=1, user_api="blas"):
        return _generate(atlas, recipe, rng)


def _add_skull(hu: np.ndarray, atlas: Atlas, anatomy: Anatomy, rng: np.random.Generator, plain: bool) -> np.ndarray:
    """Return HU with the skull and what lies on it, drawn unless the anatomy has it."""
    if atlas.outside is not None:
        return add_mapped_skull(hu, atlas.outside, atlas.vault, anatomy, rng, plain)
    hu, below_bone_mm = add_vault(hu, anatomy, rng, plain)
    hu = add_scalp(hu, below_bone_mm, anatomy, rng, plain)
    return add_skull_base(hu, anatomy, rng)


def _generate(atlas: Atlas, recipe: Recipe, rng: np.random.Generator) -> GeneratedStudy:
    grid, style = recipe.grid(), BrainStyle.random(rng, any(label in IN_FLUID for label in recipe.types))
    space = place_head(atlas, grid, recipe.pose, rng)
    noises = [grid.noise(rng, correlation) for correlation in (5, 9, 18)]
    still = Anatomy(grid, space, np.zeros_like(space.z), np.zeros_like(space.z), *noises)
    lesions = _lesions(still, tuple(label for label in recipe.types if label in PUSHING), rng)
    moved = displace(space, grid, lesions, rng)
    tissue = sample_tissue(atlas, moved, grid, style, rng)
    anatomy = Anatomy(grid, space, tissue.fluid, tissue.ventricles, *noises)
    lesions += _lesions(anatomy, tuple(label for label in recipe.types if label not in PUSHING), rng)
    hu = brain_hu(tissue, space, grid, style, rng)
    hu = add_mimics(hu, Anatomy(grid, moved, tissue.fluid, tissue.ventricles, *noises), rng)
    shade, inside = shading(space, grid, recipe.scanner, rng), grid.average(space.inside_mm) > 0
    for lesion in lesions:
        hu = paint(hu, lesion, anatomy, style.gray_hu, brightening(lesion.fraction, grid, shade, inside), rng)
    hu = _add_skull(hu, atlas, anatomy, rng, recipe.plain)
    if not recipe.plain:
        add_damage(hu, anatomy, lesions, rng)
    hu = add_table(hu, grid, rng)
    image = scan(hu, space, grid, recipe.scanner, shade, rng)
    bare = (space.inside_mm > 0) & (hu < BONE_HU) & (hu > DARKEST_HU)
    bits = _bits(lesions, grid, bare, image - recipe.scanner.offset_hu)
    positions = recipe.lowest_mm + recipe.slice_mm * np.arange(len(image))
    volume = Volume(image, (recipe.slice_mm, recipe.mm_per_pixel, recipe.mm_per_pixel), positions)
    return GeneratedStudy(volume, bits, slice_labels(bits, recipe.mm_per_pixel))
