"""`rsna submit`: the competition's submission file."""

from pathlib import Path
from typing import Annotated

import typer

from triage_node.train.commands.console import console, progress
from triage_node.train.rsna.commands.shards import Tables


def submit(
    tables: Tables,
    model: Annotated[
        list[Path],
        typer.Option(
            help="Model folder that rsna export wrote, or the run of several folds; may be repeated.",
            exists=True,
            file_okay=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="CSV file to write.")],
    sample: Annotated[
        Path | None, typer.Option(help="The competition's sample submission: its rows, in its order.", exists=True)
    ] = None,
    mirror: Annotated[
        bool, typer.Option(help="Score each slice and its mirror image, also by models that were not exported so.")
    ] = False,
) -> None:
    """Score all images of the shards and write them as the competition wants them: the mean of several models.

    An image that could not be read gets the share of positives among the images that the models were fitted on.
    """
    from triage_node.train.rsna.evaluation.ensemble import Ensemble
    from triage_node.train.rsna.evaluation.submission import write_submission
    from triage_node.train.rsna.shards.cache import open_cache
    from triage_node.train.rsna.shards.sharding import SHARDS_FOLDER

    ensemble = Ensemble.load(model, mirror)
    cache = open_cache(tables / SHARDS_FOLDER, ensemble.geometry)
    with progress() as bar:
        found = bar.track(ensemble.score(cache.series), len(cache.series), description="scoring")
        scores = {
            image: row
            for series, probabilities in zip(cache.series, found, strict=True)
            for image, row in zip(series.images, probabilities, strict=True)
        }
    rows, count = write_submission(out, scores, sample), len(ensemble.models)
    console.print(f"{rows:,} rows written to {out}" + (f", the mean of {count} models" if count > 1 else ""))
