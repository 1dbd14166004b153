"""`rsna index`: one row an image from the headers of a folder or a zip."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.errors import TriageError
from triage_node.train.commands.console import console, progress

if TYPE_CHECKING:
    from triage_node.train.rsna.dataset.problems import Problem
    from triage_node.train.rsna.dataset.tables import Index


def index(
    images: Annotated[Path, typer.Argument(help="Folder of DICOM files, or the competition's zip.", exists=True)],
    out: Annotated[Path, typer.Option(help="Folder for index.parquet and problems.csv; call again to resume.")],
    labels: Annotated[
        Path | None, typer.Option(help="labels.parquet, or its folder; the test images have none.", exists=True)
    ] = None,
    only: Annotated[str, typer.Option(help="Read only folders of this name, such as stage_2_train.")] = "",
    workers: Annotated[int, typer.Option(help="Processes that read headers.", min=1)] = os.cpu_count() or 1,
) -> None:
    """Read the headers of all images into one table, joined with their labels.

    No pixel is decoded and no zip unpacked. What is missing, cut off or unreadable is listed in problems.csv. When it
    was stopped, the same command goes on where it was.
    """
    import pyarrow.compute as pc

    from triage_node.train.rsna.dataset.index import plan_indexing
    from triage_node.train.rsna.dataset.tables import read_labels

    read = None if labels is None else read_labels(labels)
    with console.status(f"Listing {images.name} …"):
        indexing = plan_indexing(images, out, only)
    with progress() as bar:
        task = bar.add_task("headers", total=indexing.files)
        for done in indexing.read(workers):
            bar.advance(task, done)
    made, problems = indexing.finish(read)
    _say(made, problems, out)
    if read is not None and not pc.any(made.table["has_label"]).as_py():
        raise TriageError(
            f"None of the {made.table.num_rows:,} images has a label in {read.csv}: are they the images of that file?"
        )


def _say(made: "Index", problems: "list[Problem]", out: Path) -> None:
    from triage_node.train.rsna.dataset.problems import counts
    from triage_node.train.rsna.dataset.tables import INDEX_FILE, PROBLEMS_FILE

    series = len(made.table["series_instance_uid"].unique())
    patients = len(made.table["patient_id"].unique())
    console.print(f"{made.table.num_rows:,} images, {series:,} series, {patients:,} patients in {out / INDEX_FILE}")
    for code, count in counts(problems).items():
        console.print(f"  {code:<17} {count:>9,}")
    if problems:
        console.print(f"each is listed in {out / PROBLEMS_FILE}")
