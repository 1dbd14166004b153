"""`rsna baseline`: the notebook's own network on the same split."""

from typing import Annotated

import typer

from triage_node.train.commands.console import console, progress
from triage_node.train.rsna.commands.export import MovedTables, RunFolder


def baseline(
    run: RunFolder,
    workers: Annotated[int, typer.Option(help="Processes that shrink images.", min=1)] = 2,
    seed: Annotated[int, typer.Option(help="Start of the network, and which negatives are taken.")] = 0,
    tables: MovedTables = None,
) -> None:
    """Fit the network of the notebook this project grew from on the run's split, for rsna evaluate to show beside ours.

    Its scores are kept as they are, and once more with temperature and bias from the validation fold.
    """
    from triage_node.train.calibration.scaling import scaling_warnings
    from triage_node.train.rsna.dataset.tables import read_index
    from triage_node.train.rsna.evaluation.baseline import (
        BASELINE_FOLDER,
        EPOCHS,
        baseline_scores,
        fit_baseline,
        rescaled,
    )
    from triage_node.train.rsna.evaluation.scores_file import write_scores
    from triage_node.train.rsna.fitting.fit import read_run
    from triage_node.train.rsna.shards.thumbnails import make_thumbnails, read_thumbnails

    begun = read_run(run, tables)
    parts, index = begun.split(), read_index(begun.settings.tables)
    folder = begun.settings.tables / "thumbnails"
    with progress() as bar:
        task = bar.add_task("images", total=index.table.num_rows)
        for made in make_thumbnails(index, folder, workers):
            bar.advance(task, made)
        thumbnails, task = read_thumbnails(index, folder), bar.add_task("epochs", total=EPOCHS)
        fitted = fit_baseline(parts.fitting, thumbnails, seed, lambda: bar.advance(task))
    scaled = rescaled(fitted, parts.validation, thumbnails)
    for number, (name, one) in enumerate((("notebook", fitted), ("notebook, rescaled", scaled))):
        scores = baseline_scores(name, one, parts.test, thumbnails)
        write_scores(run / BASELINE_FOLDER / f"scores-{number}.npz", scores)
    for sentence in scaling_warnings(scaled.scaling, "images"):
        console.print(sentence)
    console.print(f"Scores of the notebook's network written to {run / BASELINE_FOLDER}")
