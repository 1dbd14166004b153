"""What resembles hemorrhage and is none: dura, venous sinuses, vessels, calcium, bone cut flat; and old lesions."""

from collections.abc import Callable

import numpy as np

from triage_node.train.phantom.lesion import Anatomy
from triage_node.train.phantom.mimics.arteries import carotid_calcium, circle_of_willis
from triage_node.train.phantom.mimics.bony import (
    clinoids,
    dorsum_sellae,
    jugular_tubercles,
    occipital_crest,
    orbital_roofs,
    petrous_ridges,
)
from triage_node.train.phantom.mimics.calcium import calcium, falx_calcium
from triage_node.train.phantom.mimics.dura import falx, tentorium
from triage_node.train.phantom.mimics.plexus import choroid_plexus, pineal, vermis
from triage_node.train.phantom.mimics.sinuses import cavernous_sinuses, confluence, sagittal_sinus, transverse_sinuses
from triage_node.train.phantom.mimics.veins import (
    convexity_vein,
    great_vein,
    inferior_sagittal_sinus,
    internal_veins,
    straight_sinus,
)
from triage_node.train.phantom.old_lesions import dark_patch, hygroma, infarct, lacunes, leukoaraiosis

Step = Callable[[np.ndarray, Anatomy, np.random.Generator], np.ndarray]
BloodStep = Callable[[np.ndarray, Anatomy, float, np.random.Generator], np.ndarray]

# Smallest, commonest and largest density of a patient's venous blood. Beam hardening adds to it under the bone.
BLOOD_HU = (44.0, 53.0, 68.0)
# What holds blood or is as dense, and how often it is seen.
WITH_BLOOD: tuple[tuple[BloodStep, float], ...] = (
    (falx, 0.95),
    (tentorium, 0.9),
    (sagittal_sinus, 0.95),
    (transverse_sinuses, 0.9),
    (confluence, 0.8),
    (great_vein, 0.8),
    (straight_sinus, 0.9),
    (inferior_sagittal_sinus, 0.5),
    (internal_veins, 0.4),
    (cavernous_sinuses, 0.4),
    (circle_of_willis, 0.6),
    (convexity_vein, 0.5),
    (convexity_vein, 0.35),
)


def dura_and_vessels(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten what holds blood: as dense everywhere as the patient's hematocrit has it, with the dura about it."""
    blood_hu = rng.triangular(*BLOOD_HU)
    for step, frequency in WITH_BLOOD:
        if rng.random() < frequency:
            hu = step(hu, anatomy, blood_hu, rng)
    return hu


# Bone comes after what it juts into.
STEPS: tuple[tuple[Step, float], ...] = (
    (dura_and_vessels, 1.0),
    (vermis, 0.6),
    (choroid_plexus, 0.5),
    (pineal, 0.8),
    (calcium, 1.0),
    (falx_calcium, 0.15),
    (carotid_calcium, 0.2),
    (occipital_crest, 0.92),
    (dorsum_sellae, 0.4),
    (clinoids, 0.4),
    (petrous_ridges, 0.6),
    (orbital_roofs, 0.5),
    (jugular_tubercles, 0.35),
    (leukoaraiosis, 0.3),
    (infarct, 0.15),
    (lacunes, 0.2),
    (dark_patch, 0.3),
    (hygroma, 0.06),
)


def add_mimics(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return HU with everything benign that happens to be there in this patient.

    Parameters
    ----------
    hu
        ``(slices, rows, columns)``, what the brain alone shows.
    """
    hu = np.array(hu, np.float32)
    for step, frequency in STEPS:
        if rng.random() < frequency:
            hu = step(hu, anatomy, rng)
    return hu.astype(np.float32, copy=False)
