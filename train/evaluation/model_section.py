"""A model, and others of its recipe, on one set of studies: figures and pictures."""

from collections.abc import Callable
from typing import Any

from triage_node.models import Model
from triage_node.train.evaluation.across_seeds import across_seeds
from triage_node.train.evaluation.evaluate import measure
from triage_node.train.evaluation.figures import figures, paired_figures, seed_figures
from triage_node.train.evaluation.paired import paired_differences, plain_logits
from triage_node.train.evaluation.report import Section
from triage_node.train.evaluation.scored import ScoredStudy
from triage_node.train.evaluation.scores import gather


def model_section(
    name: str,
    model: Model,
    seeds: list[Model],
    score: Callable[[Model], list[ScoredStudy]],
    draw_pictures: bool,
    against: Model | None = None,
) -> Section:
    """Return the figures of a model, beside the mean over models of single seeds where there are some.

    Parameters
    ----------
    seeds
        Models of its recipe, one a seed; itself among them, or those whose weights it is the mean of.
    score
        Returns what a model scores on the studies.
    draw_pictures
        Whether the section needs pictures.
    against
        A model that it is compared with, study by study.
    """
    own = gather(model.manifest, score(model))
    evaluation = measure(own)
    found: dict[str, Any] = figures(evaluation)
    if seeds:
        scores = [own if other is model else gather(other.manifest, score(other)) for other in seeds]
        found["across_seeds"] = seed_figures([other.manifest.folder.name for other in seeds], across_seeds(scores))
    if against is not None:
        other = gather(against.manifest, score(against))
        name_of_other = f"{against.manifest.name} {against.manifest.version}"
        found["paired"] = paired_figures(name_of_other, paired_differences(own, other), plain_logits(own, other))
    pictures: dict[str, bytes] = {}
    if draw_pictures:
        from triage_node.train.evaluation.pictures import draw

        pictures = dict(draw(model.manifest, own, evaluation))
    return Section(name, found, pictures)
