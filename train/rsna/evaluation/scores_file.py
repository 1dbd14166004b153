"""Scores of images on disk."""

import zipfile
from pathlib import Path

import numpy as np

from triage_node.complete_file import complete_file
from triage_node.errors import TriageError
from triage_node.train.rsna.evaluation.scoring import ImageScores


def write_scores(path: Path, scores: ImageScores) -> None:
    """Write probabilities with the images they belong to."""
    with complete_file(path) as partial, partial.open("wb") as stream:
        np.savez(
            stream,
            allow_pickle=False,
            name=np.array(scores.name),
            images=np.array(scores.images),
            probabilities=scores.probabilities.astype(np.float32),
        )


def read_scores(path: Path, alike: ImageScores) -> ImageScores:
    """Return the scores of a file, with the truth of other scores of the same images.

    Raises
    ------
    TriageError
        When the file cannot be read, or holds other images.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            name, images = str(stored["name"]), tuple(stored["images"].tolist())
            probabilities = stored["probabilities"].astype(np.float64)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TriageError(f"The scores {path} could not be read: {error}") from error
    if images != alike.images:
        raise TriageError(f"The scores {path} are of other images than those of this run: call rsna baseline again.")
    return ImageScores(name, images, alike.patients, probabilities, alike.truth, alike.known)
