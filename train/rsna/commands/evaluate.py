"""`rsna evaluate`: one table on one split of patients."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from triage_node.findings import LABELS
from triage_node.train.commands.console import console, progress
from triage_node.train.rsna.commands.export import MovedTables, RunFolder

if TYPE_CHECKING:
    from triage_node.train.rsna.evaluation.figures_of_merit import FiguresOfMerit

SCORES_FILE = "test-scores.npz"


def print_figures(compared_figures: "list[FiguresOfMerit]") -> None:
    """Print the table of several predictors, and the AUC of the last one by type."""
    table = Table("predictor", "wLL (95 % by patient)", "BCE", "accuracy", "AUC", "calibration error", box=None)
    for found in compared_figures:
        loss, error = f"{found.weighted_log_loss.value:.4f}", f"{found.reliability.calibration_error:.4f}"
        loss += f" ({found.weighted_log_loss.low:.4f}-{found.weighted_log_loss.high:.4f})"
        figures = f"{found.binary_cross_entropy:.4f}", f"{found.accuracy:.4f}", f"{found.mean_auc:.3f}"
        table.add_row(found.name, loss, *figures, error)
    console.print(f"{compared_figures[-1].images:,} images of {compared_figures[-1].patients:,} patients")
    console.print(table)
    for label, auc in zip(LABELS, compared_figures[-1].auc, strict=True):
        console.print(f"  {compared_figures[-1].name}, AUC of {label:<17} {auc}")


def evaluate(
    run: RunFolder,
    model: Annotated[
        Path | None, typer.Option(help="Model folder or name of a shipped model; the run's model/ by default.")
    ] = None,
    also: Annotated[
        list[Path] | None,
        typer.Option(help="Another model for a row of its own, as default for the shipped one; may be repeated."),
    ] = None,
    tables: MovedTables = None,
) -> None:
    """Score the test fold: a constant, the notebook's baseline (if rsna baseline has run), the model.

    Prints the table and writes it into the run's folder, as CSV and as a picture, and report.html: a page with every
    figure by type and by study, paired differences, and the images on which the model is most wrong.
    """
    import numpy as np

    from triage_node.models import load_model
    from triage_node.train.rsna.dataset.tables import read_index
    from triage_node.train.rsna.evaluation.baseline import BASELINE_FOLDER
    from triage_node.train.rsna.evaluation.comparison import compared, model_scores
    from triage_node.train.rsna.evaluation.exporting import MODEL_FOLDER
    from triage_node.train.rsna.evaluation.figures_of_merit import measure, write_comparison
    from triage_node.train.rsna.evaluation.scores_file import write_scores
    from triage_node.train.rsna.evaluation.scoring import ImageScores
    from triage_node.train.rsna.fitting.fit import read_run
    from triage_node.train.rsna.reporting.report import Judged, write_report
    from triage_node.train.rsna.reporting.study_level import by_study

    begun = read_run(run, tables)
    parts = begun.split()
    models = [load_model(one) for one in (*(also or ()), model or run / MODEL_FOLDER)]
    scored, said = [], []
    with progress() as bar:
        for loaded in models:
            name = f"{loaded.manifest.name} {loaded.manifest.version}"
            found = list(bar.track(model_scores(loaded, parts), total=len(parts.test), description=name))
            said.append((loaded.manifest, found))
            scored.append(ImageScores.of(name, parts.test, np.concatenate([one.images for one in found])))
    write_scores(run / SCORES_FILE, scored[-1])
    scores = compared(parts, scored, run / BASELINE_FOLDER)
    compared_figures = [measure(one) for one in scores]
    print_figures(compared_figures)
    console.print(f"Written to {write_comparison(run, compared_figures)}")
    title = f"{scores[-1].name} on test fold {begun.settings.test}"
    with console.status("Drawing the report …"):
        studies, index = by_study(scores, said, parts.test), read_index(begun.settings.tables)
        path = write_report(run, Judged(title, scores, compared_figures, studies, parts.test, index))
    console.print(f"Report: {path}")
