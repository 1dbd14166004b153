"""How often each type of hemorrhage is drawn for a generated set."""

from enum import StrEnum

import numpy as np

from triage_node.findings import TYPES, Label
from triage_node.train.phantom.study import random_types

POSITIVE_SHARE = 0.4
"""Share of the competition's studies with hemorrhage."""

# Images with each type in stage_2_train.csv, of all of them.
COMPETITION_IMAGES = 752_803
IMAGES_WITH = {
    Label.EPIDURAL: 3_145,
    Label.INTRAPARENCHYMAL: 36_118,
    Label.INTRAVENTRICULAR: 26_205,
    Label.SUBARACHNOID: 35_675,
    Label.SUBDURAL: 47_166,
}
# Mean share of the slices of a generated study that show a type asked for; 136 studies each, generator version 11.
SHARE_OF_SLICES = {
    Label.EPIDURAL: 0.26,
    Label.INTRAPARENCHYMAL: 0.25,
    Label.INTRAVENTRICULAR: 0.17,
    Label.SUBARACHNOID: 0.12,
    Label.SUBDURAL: 0.25,
}


class Frequencies(StrEnum):
    """How often each type comes: about alike, as a fit on few studies needs it, or as rarely as in the competition."""

    ALIKE = "alike"
    RSNA = "rsna"


def share_of_studies(label: Label) -> float:
    """Return how many of all studies have a type so that as many slices show it as images of the competition."""
    return IMAGES_WITH[label] / COMPETITION_IMAGES / SHARE_OF_SLICES[label]


def draw_types(rng: np.random.Generator, frequencies: Frequencies) -> tuple[Label, ...]:
    """Return the types of a study, none in the studies without hemorrhage.

    By the competition's frequencies each type of a study with hemorrhage comes by itself; how they come together in the
    competition is not followed.
    """
    if frequencies is Frequencies.ALIKE:
        return random_types(rng, POSITIVE_SHARE)
    if rng.random() >= POSITIVE_SHARE:
        return ()
    return tuple(label for label in TYPES if rng.random() < share_of_studies(label) / POSITIVE_SHARE)
