"""A model, and others of its recipe, on one set of studies: figures and pictures."""

from collections.abc import Callable
from typing import Any

from triage_node.models.predictor import Model
from triage_node.train.evaluation.across_seeds import across_seeds
from triage_node.train.evaluation.evaluate import measure
from triage_node.train.evaluation.figures import figures, seed_figures
from triage_node.train.evaluation.report import Section
from triage_node.train.evaluation.scored import ScoredStudy
from triage_node.train.evaluation.scores import gather


def judge(name: str, models: list[Model], score: Callable[[Model], list[ScoredStudy]], draw_pictures: bool) -> Section:
    """Return the figures of the first model, beside the mean of all where there are several.

    Parameters
    ----------
    score
        Returns what a model scores on the studies.
    draw_pictures
        Whether the section needs pictures.
    """
    scores = [gather(model.manifest, score(model)) for model in models]
    evaluation = measure(scores[0])
    found: dict[str, Any] = figures(evaluation)
    if len(models) > 1:
        names = [model.manifest.folder.name for model in models]
        found["across_seeds"] = seed_figures(names, across_seeds(scores))
    pictures: dict[str, bytes] = {}
    if draw_pictures:
        from triage_node.train.evaluation.pictures import draw

        pictures = dict(draw(models[0].manifest, scores[0], evaluation))
    return Section(name, found, pictures)
