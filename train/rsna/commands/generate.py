"""`rsna generate`: a set in the competition's form from the generator of head CTs."""

import os
from pathlib import Path
from typing import Annotated

import typer

from triage_node.train.commands.console import console, progress
from triage_node.train.rsna.synthetic.frequencies import Frequencies


def generate(
    out: Annotated[Path, typer.Argument(help="Folder for the set; call again to resume.", file_okay=False)],
    studies: Annotated[int, typer.Option(help="Studies with labels, in stage_2_train.", min=1)] = 300,
    test_studies: Annotated[int, typer.Option(help="Studies without labels, in stage_2_test.", min=1)] = 30,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.", min=0)] = 0,
    size: Annotated[int, typer.Option(help="Rows and columns, an even number.", min=64, max=1024)] = 512,
    workers: Annotated[int, typer.Option(help="Processes; about 2 GB each at 512 x 512.", min=1)] = os.cpu_count() or 1,
    frequencies: Annotated[
        Frequencies,
        typer.Option(help="Types about alike often, or as rarely as in the competition: epidural on 0.4 % of slices."),
    ] = Frequencies.ALIKE,
    zipped: Annotated[bool, typer.Option("--zip", help="Pack the set into the competition's zip, too.")] = False,
) -> None:
    """Generate head CTs in the form of the RSNA 2019 competition, to rehearse with.

    The images have the competition's tags and identifiers only; in some of them values wrap at 12 bits, one is cut off,
    some rows of the CSV are there twice, and one contradicts another.
    """
    from triage_node.train.rsna.dataset.competition import pack
    from triage_node.train.rsna.synthetic.generate import generate_set, plan_set

    if size % 2:
        raise typer.BadParameter(f"--size must be even, got {size}")
    planned = plan_set(seed, studies, test_studies, size, frequencies)
    with progress() as bar:
        task = bar.add_task("studies", total=len(planned))
        for _ in generate_set(out, planned, workers):
            bar.advance(task)
    console.print(f"{studies} studies with labels and {test_studies} without in {out}")
    if zipped:
        with console.status("Packing …"):
            path = pack(out)
        console.print(f"packed into {path}")
