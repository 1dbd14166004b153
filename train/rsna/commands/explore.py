"""`rsna explore`: draw what an index holds."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from triage_node.train.commands.console import console, progress


def explore(
    folder: Annotated[Path, typer.Argument(help="Folder with index.parquet, made with --labels.", exists=True)],
    out: Annotated[Path, typer.Option(help="Folder for report.html and its pictures.")],
    images: Annotated[
        Path | None, typer.Option(help="Where the images lie now, if they were moved.", exists=True)
    ] = None,
    sample: Annotated[int, typer.Option(help="Images whose pixels are looked at.", min=7)] = 700,
    seed: Annotated[int, typer.Option(help="Which images are looked at.", min=0)] = 0,
) -> None:
    """Draw label counts, what comes with what, slices a study, positives along the head, gray values and examples."""
    from triage_node.train.rsna.dataset.images import open_images
    from triage_node.train.rsna.dataset.tables import read_index
    from triage_node.train.rsna.exploration.figures import explore as explore_table
    from triage_node.train.rsna.exploration.gray_values import GrayValues, look_at, sample_rows
    from triage_node.train.rsna.exploration.pictures import draw
    from triage_node.train.rsna.exploration.report import write_report

    index = read_index(folder)
    index = replace(index, images=images or index.images)
    found, chosen, seen = explore_table(index.table), sample_rows(index.table, sample, seed), GrayValues()
    with open_images(index.images) as opened, progress() as bar:
        task = bar.add_task("images", total=len(chosen))
        for _ in look_at(opened, index.table, chosen, seen):
            bar.advance(task)
    path = write_report(out, index, found, seen, dict(draw(found, seen)))
    console.print(f"{found.labeled:,} labeled images drawn in {path}")
    if seen.unreadable:
        console.print(f"{len(seen.unreadable)} images cannot be decoded; the report names them")
