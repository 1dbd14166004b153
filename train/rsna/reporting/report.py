"""The page itself: every figure of a run's test fold, and the images on which the model is most wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from triage_node.complete_file import complete_file
from triage_node.findings import LABELS
from triage_node.train.evaluation.metrics import Interval
from triage_node.train.evaluation.reliability import Reliability, reliability
from triage_node.train.html_page import render
from triage_node.train.rsna.dataset.tables import Index
from triage_node.train.rsna.evaluation.figures_of_merit import FiguresOfMerit
from triage_node.train.rsna.evaluation.scoring import ImageScores
from triage_node.train.rsna.reporting.hardest import Hardest, hardest
from triage_node.train.rsna.reporting.notebook_figures import NotebookFigures, constant_figures, notebook_figures
from triage_node.train.rsna.reporting.pictures import average_precision, draw
from triage_node.train.rsna.reporting.resamples import Difference, LabelFigures, Resamples, differences, patients_with
from triage_node.train.rsna.reporting.strata import Stratum, strata
from triage_node.train.rsna.reporting.study_level import StudyFigures, StudyScores, study_figures
from triage_node.train.rsna.shards.cache import CachedSeries
from triage_node.train.site.patient_auc import interval

TEMPLATE, FILE_NAME = "report.html.j2", "report.html"


@dataclass(frozen=True)
class Judged:
    """What there is to report on.

    Attributes
    ----------
    title
        What the page is about.
    scores
        Predictors on the same labeled images, the model last.
    figures
        Their figures of merit, in that order.
    studies
        Predictors by study; empty when no study is labeled throughout.
    series
        The series of the test fold.
    index
        The index they come from.
    """

    title: str
    scores: Sequence[ImageScores]
    figures: Sequence[FiguresOfMerit]
    studies: Sequence[StudyScores]
    series: Sequence[CachedSeries]
    index: Index


@dataclass(frozen=True)
class LabelRow:
    """One predictor by label: log losses with intervals, average precisions, AUCs with intervals."""

    name: str
    losses: list[Interval]
    precisions: list[float]
    aucs: list[Interval]


@dataclass(frozen=True)
class Page:
    """The content of the page; `counts` has the images and the patients with each label."""

    judged: Judged
    counts: list[tuple[int, int]]
    rows: list[LabelRow]
    notebook: list[NotebookFigures]
    differences: dict[str, list[Difference]]
    studies: list[StudyFigures]
    strata: dict[str, list[Stratum]]
    hardest: list[Hardest]
    pictures: dict[str, bytes]

    @property
    def model(self) -> ImageScores:
        """Return the scores of the model."""
        return self.judged.scores[-1]


def _row(scores: ImageScores, found: LabelFigures) -> LabelRow:
    precisions = [average_precision(scores.probabilities[:, k], scores.truth[:, k]) for k in range(len(LABELS))]
    losses, aucs = ([interval(column) for column in part.T] for part in (found.losses, found.aucs))
    return LabelRow(scores.name, losses, precisions, aucs)


def _reliabilities(scores: ImageScores) -> list[Reliability]:
    return [
        reliability(str(label), scores.probabilities[:, k], scores.truth[:, k] > 0, scores.patients)
        for k, label in enumerate(LABELS)
    ]


def make_page(judged: Judged) -> Page:
    """Return everything that the page says."""
    model, resamples = judged.scores[-1], Resamples(judged.scores[-1].patients, judged.scores[-1].truth)
    found = [resamples.figures(scores) for scores in judged.scores]
    others, counts = zip(judged.scores[:-1], found[:-1], strict=True), patients_with(model)
    return Page(
        judged=judged,
        counts=list(zip((model.truth > 0).sum(axis=0).tolist(), counts.tolist(), strict=True)),
        rows=[_row(scores, figures) for scores, figures in zip(judged.scores, found, strict=True)],
        notebook=[constant_figures(model.truth), *map(notebook_figures, judged.scores)],
        differences={scores.name: differences(found[-1], figures, counts) for scores, figures in others},
        studies=list(map(study_figures, judged.studies)),
        strata=strata(model, judged.series, judged.index),
        hardest=hardest(model, judged.series),
        pictures=draw(judged.scores, found, _reliabilities(model), judged.studies),
    )


def report_html(page: Page) -> str:
    """Return the page as HTML."""
    labels = [str(label) for label in LABELS]
    return render(Path(__file__).parent, TEMPLATE, page=page, judged=page.judged, labels=labels, zip=zip)


def write_report(folder: Path, judged: Judged) -> Path:
    """Write the page into a folder and return its path."""
    path = folder / FILE_NAME
    with complete_file(path) as partial:
        partial.write_text(report_html(make_page(judged)), encoding="utf-8")
    return path
