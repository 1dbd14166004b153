"""The predictors of one run on its test fold: a constant, the notebook's baseline where it was fitted, the model."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from triage_node.errors import ModelError
from triage_node.models import Model
from triage_node.train.rsna.evaluation.exporting import prior_of
from triage_node.train.rsna.evaluation.scores_file import read_scores
from triage_node.train.rsna.evaluation.scoring import (
    ImageScores,
    SeriesScores,
    constant_scores,
    judge_series,
    prevalence,
)
from triage_node.train.rsna.fitting.splitting import Split

CONSTANT = "constant"


def model_scores(model: Model, parts: Split) -> Iterator[SeriesScores]:
    """Yield what a model says of each test series.

    An image that was refused gets the share of positives that the model was fitted on, or that of the fitting folds.

    Raises
    ------
    ModelError
        The model reads another frame than the shards have.
    """
    others = {one.geometry for one in parts.test} - {model.manifest.geometry}
    if others:
        raise ModelError(f"The model {model.manifest.name} reads {model.manifest.geometry}, the shards have {others}.")
    return judge_series(model, parts.test, prior_of(model.manifest, prevalence(parts.fitting)))


def compared(parts: Split, models: Sequence[ImageScores], baseline: Path) -> list[ImageScores]:
    """Return the scores of all predictors on the labeled images of the test fold, those of the models last.

    Parameters
    ----------
    baseline
        Folder with scores that `rsna baseline` wrote, if it has run.
    """
    found = [constant_scores(CONSTANT, parts.test, prevalence(parts.fitting))]
    found += [read_scores(path, models[-1]) for path in sorted(baseline.glob("scores-*.npz"))]
    return [scores.labeled() for scores in (*found, *models)]
