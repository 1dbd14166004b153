"""`rsna labels`: one row an image from the competition's CSV."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.train.commands.console import console

if TYPE_CHECKING:
    from triage_node.train.rsna.dataset.labels import LabelImport

LABEL_PROBLEMS_FILE = "labels-problems.csv"


def labels(
    csv: Annotated[
        Path, typer.Argument(help="stage_2_train.csv or stage_1_train.csv, also zipped.", exists=True, dir_okay=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder for labels.parquet, labels.csv and labels-problems.csv.")],
) -> None:
    """Turn the competition's CSV into one row an image with six booleans.

    Repeated rows are dropped; where rows contradict, the positive one counts, and the image is listed.
    """
    from triage_node.train.rsna.dataset.labels import import_labels
    from triage_node.train.rsna.dataset.problems import write_problems
    from triage_node.train.rsna.dataset.tables import write_labels, write_labels_csv

    with console.status(f"Reading {csv.name} …"):
        found = import_labels(csv)
        write_labels(out, found.labels)
        write_labels_csv(out, found.labels)
        write_problems(out / LABEL_PROBLEMS_FILE, found.problems)
    _say(found, out)


def _say(found: "LabelImport", out: Path) -> None:
    images = found.labels.table.num_rows
    console.print(f"{found.rows:,} rows, {found.repeated:,} of them repeated; {images:,} images in {out}")
    for name, count in found.positive.items():
        console.print(f"  {name:<17} {count:>9,}  {count / max(images, 1):7.2%}")
    if found.problems:
        console.print(f"Flaws found: {len(found.problems)}, listed in {out / LABEL_PROBLEMS_FILE}")
