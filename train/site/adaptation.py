"""Adapt a model to a site: cross-validated fits that judge, then fits on all patients that are kept."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from triage_node.complete_file import complete_file
from triage_node.errors import TriageError
from triage_node.models import (
    FEWEST_STUDIES,
    FeatureDistribution,
    Manifest,
    Model,
    StrippedHead,
    fit_feature_distribution,
)
from triage_node.train.evaluation.metrics import auc
from triage_node.train.evaluation.scored import as_head
from triage_node.train.export import average_weights
from triage_node.train.fitting.augmentation import Augmentation
from triage_node.train.fitting.batches import SlicePool
from triage_node.train.shards import StudyRecord, check_frames, read_shard, shard_paths
from triage_node.train.site.batches import SitePool
from triage_node.train.site.cases import Case, CaseScores, score_case
from triage_node.train.site.folds import patient_folds
from triage_node.train.site.tuning import Tuner, TuningSettings, model_with

# So many generated studies remind well enough, and fit into memory.
MOST_GENERATED = 300
# Generated studies that say what is familiar: each takes a forward pass.
MOST_FAMILIAR = 80
FITS_FOLDER = "fits"


@dataclass(frozen=True)
class AdaptationSettings:
    """How to adapt: folds of patients, seeds, and each fit."""

    folds: int = 4
    seeds: int = 3
    tuning: TuningSettings = field(default_factory=TuningSettings)

    @property
    def total_steps(self) -> int:
        """Return the steps of all fits: those of the folds and, for every seed, one on all patients."""
        return (self.folds + 1) * self.seeds * self.tuning.steps


@dataclass(frozen=True)
class Generated:
    """Generated studies against forgetting: slices to fit on, and studies held out to see what was forgotten."""

    pool: SlicePool
    held_out: list[StudyRecord]


def read_generated(folder: Path, manifest: Manifest) -> Generated:
    """Return the generated studies of a folder of shards; those of the last shard are held out.

    Raises
    ------
    TriageError
        When there are fewer than two shards or too few studies to say what is familiar, or they were made for another
        frame than the model's.
    """
    paths = shard_paths(folder)
    if len(paths) < 2:
        raise TriageError(f"Adapting needs at least two shards of generated studies, {folder} holds {len(paths)}.")
    check_frames(folder, manifest.geometry)
    pool = SlicePool([], manifest.windows, Augmentation())
    for path in paths[:-1]:
        if len(pool.records) >= MOST_GENERATED:
            break
        pool.add(read_shard(path))
    if (found := len(pool.records)) < FEWEST_STUDIES:
        raise TriageError(
            f"Adapting needs at least {FEWEST_STUDIES} generated studies beside the last shard, got {found}."
        )
    return Generated(pool, read_shard(paths[-1]))


@dataclass(frozen=True)
class Adaptation:
    """What the fits gave.

    Attributes
    ----------
    before
        Scores of the model as it was.
    seeds
        Out-of-fold scores of each seed, in the order of the cases.
    weights
        Mean of the weights of the fits on all patients, by name.
    generated_before, generated_after
        AUC of ``any`` on slices of held-out generated studies.
    feature_distribution
        What is familiar to the adapted weights: generated studies and the site's.
    """

    before: list[CaseScores]
    seeds: list[list[CaseScores]]
    weights: Path
    generated_before: float
    generated_after: float
    feature_distribution: FeatureDistribution


class Adapter:
    """Fits that are kept when they are finished and not repeated.

    Parameters
    ----------
    model
        The model to start from.
    cases
        The site's labeled studies.
    folder
        Receives the finished fits.
    advance
        Called with the number of steps that are done.
    """

    def __init__(
        self,
        model: Model,
        cases: Sequence[Case],
        generated: Generated,
        settings: AdaptationSettings,
        folder: Path,
        advance: Callable[[int], None],
    ) -> None:
        self.model, self.cases, self.generated, self.settings = model, list(cases), generated, settings
        self.folder = folder / FITS_FOLDER / _fingerprint(model.manifest, cases, settings)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._advance = advance
        self._tuner = Tuner(model.manifest, generated.pool, settings.tuning)

    def run(self) -> Adaptation:
        """Return out-of-fold scores and adapted weights.

        Raises
        ------
        TriageError
            When the cases cannot be dealt into folds with and without hemorrhage.
        """
        before = [score_case(self.model, case) for case in self.cases]
        seeds = [self._out_of_fold(seed) for seed in range(self.settings.seeds)]
        fits = [self._fit(f"all-{seed}", self.cases, seed) for seed in range(self.settings.seeds)]
        weights = self.folder / "mean.npz"
        with complete_file(weights) as partial, partial.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **average_weights(fits))
        adapted = model_with(self.model.manifest, weights)
        return Adaptation(
            before=before,
            seeds=seeds,
            weights=weights,
            generated_before=self._on_generated(self.model),
            generated_after=self._on_generated(adapted),
            feature_distribution=fit_feature_distribution(adapted, self._familiar()),
        )

    def _familiar(self) -> list[StrippedHead]:
        """Return the heads that adapted weights know: some generated ones and those of the site."""
        known = self.generated.pool.records[:MOST_FAMILIAR]
        return [*(as_head(record) for record in known), *(case.head for case in self.cases)]

    def tidy(self) -> None:
        """Remove weights that the model's folder now holds; the scores of the folds stay."""
        for path in (*self.folder.glob("all-*.npz"), self.folder / "mean.npz"):
            path.unlink(missing_ok=True)

    def _out_of_fold(self, seed: int) -> list[CaseScores]:
        """Return the scores of every case by a fit that has not seen its patient."""
        positive = np.array([case.study_labels[-1] > 0 for case in self.cases])
        dealt = patient_folds([case.patient for case in self.cases], positive, self.settings.folds, seed)
        scores: dict[int, CaseScores] = {}
        for fold in range(self.settings.folds):
            scores.update(self._fold(f"fold-{seed}-{fold}", dealt == fold, seed * 1000 + fold))
        return [scores[index] for index in range(len(self.cases))]

    def _fold(self, name: str, held_out: np.ndarray, seed: int) -> dict[int, CaseScores]:
        path = self.folder / f"{name}-scores.npz"
        own = np.flatnonzero(held_out)
        if path.exists():
            self._advance(self.settings.tuning.steps)
        else:
            weights = self._fit(name, [self.cases[index] for index in np.flatnonzero(~held_out)], seed)
            model = model_with(self.model.manifest, weights)
            logits = {str(index): score_case(model, self.cases[index]).logits for index in own}
            with complete_file(path) as partial, partial.open("wb") as stream:
                np.savez(stream, allow_pickle=False, **logits)
            weights.unlink()
        with np.load(path, allow_pickle=False) as stored:
            return {int(index): CaseScores(self.cases[index], stored[str(index)]) for index in own}

    def _fit(self, name: str, cases: list[Case], seed: int) -> Path:
        path = self.folder / f"{name}.npz"
        if path.exists():
            self._advance(self.settings.tuning.steps)
            return path
        pool = SitePool(cases, self.model.manifest.windows)
        return self._tuner.fit(pool, seed, path, lambda: self._advance(1))

    def _on_generated(self, model: Model) -> float:
        records = self.generated.held_out
        scores = np.concatenate([model.slice_logits(as_head(record))[:, -1] for record in records])
        return auc(scores, np.concatenate([record.labels[:, -1] for record in records]))


def _fingerprint(manifest: Manifest, cases: Sequence[Case], settings: AdaptationSettings) -> str:
    """Return what finished fits depend on, as a short hash; more seeds add to those that are there."""
    digest = hashlib.sha256(f"{manifest.sha256} {settings.folds} {settings.tuning}".encode())
    for case in cases:
        digest.update(case.patient.encode())
        digest.update(case.labels.tobytes() + case.known.tobytes() + case.head.brain_area_cm2.tobytes())
    return digest.hexdigest()[:12]
