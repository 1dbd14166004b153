"""`rsna shards` and `rsna folds`: slices for the network, and which patients belong together."""

import os
from pathlib import Path
from typing import Annotated

import typer

from triage_node.train.commands.console import console, progress

Tables = Annotated[Path, typer.Argument(help="Folder with index.parquet.", exists=True, file_okay=False)]


def shards(
    tables: Tables,
    workers: Annotated[int, typer.Option(help="Processes; about 0.4 GB each.", min=1)] = os.cpu_count() or 1,
    recipe: Annotated[
        Path | None,
        typer.Option(help="Recipe whose frame the slices get: a file, rsna-256 or rsna-512; else 192 x 160."),
    ] = None,
) -> None:
    """Read every series as the node would, once, into slices for the network.

    Call it again to go on after a stop: what is complete is kept. A series that cannot be used is a row with its reason
    in refused.csv.
    """
    from triage_node.train.rsna.dataset.tables import read_index
    from triage_node.train.rsna.dataset.unused_images import REFUSED_FILE, write_refusals
    from triage_node.train.rsna.recipe import read_rsna_recipe
    from triage_node.train.rsna.shards.sharding import SHARDS_FOLDER, Sharding

    geometry = read_rsna_recipe(recipe).geometry
    index = read_index(tables)
    images = refused = 0
    with progress() as bar:
        task = bar.add_task("images", total=index.table.num_rows)
        for made in Sharding(index, tables / SHARDS_FOLDER, geometry).make(workers):
            images, refused = images + made.images, refused + made.refused
            bar.advance(task, made.images)
    write_refusals(tables / SHARDS_FOLDER)
    console.print(f"{images:,} images, {refused:,} of them refused, listed in {tables / SHARDS_FOLDER / REFUSED_FILE}")


def folds(
    tables: Tables,
    count: Annotated[int, typer.Option("--folds", help="How many.", min=3)] = 5,
    seed: Annotated[int, typer.Option(help="Decides who goes where among equals.")] = 0,
) -> None:
    """Deal patients into folds with about the same share of every type, into folds.csv."""
    import numpy as np

    from triage_node.findings import LABELS
    from triage_node.train.rsna.fitting.folds import FILE_NAME, patient_labels, stratified_folds, write_folds
    from triage_node.train.rsna.shards.cache import open_cache
    from triage_node.train.rsna.shards.sharding import SHARDS_FOLDER

    labels = patient_labels(open_cache(tables / SHARDS_FOLDER).series)
    dealt = stratified_folds(labels, count, seed)
    write_folds(tables / FILE_NAME, dealt)
    for fold in range(count):
        inside = [labels[patient] for patient, number in dealt.items() if number == fold]
        images = np.sum(inside, axis=0)
        words = ", ".join(f"{label} {images[k]:,}" for k, label in enumerate(LABELS))
        console.print(f"fold {fold}: {len(inside):,} patients; images with {words}; without {images[-1]:,}")
