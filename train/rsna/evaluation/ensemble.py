"""Several models that answer together: the mean of their probabilities."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from triage_node.errors import TriageError
from triage_node.models import Geometry, Model, read_manifest
from triage_node.train.rsna.evaluation.exporting import MODEL_FOLDER, prior_of
from triage_node.train.rsna.evaluation.scoring import score_series
from triage_node.train.rsna.fitting.run_folders import fold_runs
from triage_node.train.rsna.shards.cache import CachedSeries


def model_folders(given: Sequence[Path]) -> list[Path]:
    """Return model folders; the run of several folds stands for the models of all of them.

    Raises
    ------
    TriageError
        When a fold of a run has no model yet.
    """
    found: list[Path] = []
    for folder in given:
        runs = fold_runs(folder)
        found += [run / MODEL_FOLDER for run in runs] or [folder]
        if absent := [run for run in runs if not (run / MODEL_FOLDER).is_dir()]:
            raise TriageError(f"{absent[0]} has no model yet: call rsna series {folder} first.")
    return found


@dataclass(frozen=True)
class Ensemble:
    """Models that read the same frame."""

    models: tuple[Model, ...]

    @classmethod
    def load(cls, folders: Sequence[Path], mirror: bool = False) -> "Ensemble":
        """Return the models of some folders.

        Parameters
        ----------
        mirror
            Let every model answer with the mean of a slice and its mirror image.

        Raises
        ------
        TriageError
            When they read different frames.
        """
        manifests = [read_manifest(folder) for folder in model_folders(folders)]
        if len({manifest.geometry for manifest in manifests}) > 1:
            names = ", ".join(str(manifest.folder) for manifest in manifests)
            raise TriageError(f"The models {names} read different frames: they cannot score the same shards.")
        return cls(tuple(Model(replace(one, mirrored=one.mirrored or mirror)) for one in manifests))

    @property
    def geometry(self) -> Geometry:
        """Return the frame that all of them read."""
        return self.models[0].manifest.geometry

    def score(self, series: Sequence[CachedSeries]) -> Iterator[np.ndarray]:
        """Yield ``(images, 6)`` probabilities of each series."""
        each = [score_series(model, series, prior_of(model.manifest)) for model in self.models]
        for found in zip(*each, strict=True):
            yield np.mean(found, axis=0)
