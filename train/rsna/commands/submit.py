"""`rsna submit`: the competition's submission file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.train.commands.console import console, progress
from triage_node.train.rsna.commands.shards import Tables

if TYPE_CHECKING:
    import numpy as np


def submit(
    tables: Tables,
    model: Annotated[Path, typer.Option(help="Model folder that rsna export wrote.", exists=True, file_okay=False)],
    out: Annotated[Path, typer.Option(help="CSV file to write.")],
    sample: Annotated[
        Path | None, typer.Option(help="The competition's sample submission: its rows, in its order.", exists=True)
    ] = None,
) -> None:
    """Score all images of the shards and write them as the competition wants them.

    An image that could not be read gets the share of positives among the images that the model was fitted on.
    """
    from triage_node.models import load_model
    from triage_node.train.rsna.evaluation.exporting import prior_of
    from triage_node.train.rsna.evaluation.scoring import score_series
    from triage_node.train.rsna.evaluation.submission import write_submission
    from triage_node.train.rsna.shards.cache import open_cache
    from triage_node.train.rsna.shards.sharding import SHARDS_FOLDER

    loaded = load_model(model)
    cache = open_cache(tables / SHARDS_FOLDER, loaded.manifest.geometry)
    scores: dict[str, np.ndarray] = {}
    with progress() as bar:
        found = score_series(loaded, cache.series, prior_of(loaded.manifest))
        for series, probabilities in zip(
            cache.series, bar.track(found, len(cache.series), description="scoring"), strict=True
        ):
            scores |= dict(zip(series.images, probabilities, strict=True))
    console.print(f"{write_submission(out, scores, sample):,} rows written to {out}")
