"""`phantom` and `demo-studies`: generate head CTs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from triage_node.findings import TYPES
from triage_node.train.commands.console import console, progress

if TYPE_CHECKING:
    from triage_node.models import Geometry

Atlas = Literal["both", "average", "volunteer"]


def write_shards(
    folder: Path, studies: int, first_seed: int, workers: int, geometry: "Geometry", atlas: str = "both"
) -> None:
    """Generate shards with a bar; those already there are not made again."""
    from triage_node.train.phantom.atlases import Anatomies
    from triage_node.train.phantom.making import make_shards, shard_ranges

    with progress() as bar:
        task = bar.add_task("shards", total=len(shard_ranges(first_seed, studies)))
        for _ in make_shards(folder, first_seed, studies, geometry, workers, Anatomies(atlas)):
            bar.advance(task)


def _shards(folder: Path, studies: int, first_seed: int, workers: int, recipe: Path | None, atlas: str) -> None:
    from triage_node.train.recipe import DEFAULT_RECIPE, read_recipe

    write_shards(folder, studies, first_seed, workers, read_recipe(recipe or DEFAULT_RECIPE).geometry, atlas)


def _series(folder: Path, seed: int, types: tuple[str, ...], size: int, atlas: str) -> None:
    import numpy as np

    from triage_node.findings import Label
    from triage_node.train.phantom.atlases import Anatomies, Atlases
    from triage_node.train.phantom.dicom_series import write_series

    drawn = Atlases.of(Anatomies(atlas)).draw(np.random.default_rng(seed))
    paths = write_series(folder, seed, tuple(Label(name) for name in types), size, atlas=drawn)
    console.print(f"{len(paths)} slices written to {folder}")


def _sheet(path: Path, first_seed: int, studies: int, atlas: str) -> None:
    import numpy as np

    from triage_node.train.phantom.atlases import Anatomies, Atlases
    from triage_node.train.phantom.contact_sheet import write_contact_sheet
    from triage_node.train.phantom.study import generate_study, random_recipe

    atlases, drawn = Atlases.of(Anatomies(atlas)), []
    for seed in range(first_seed, first_seed + studies):
        rng = np.random.default_rng(seed)
        study = generate_study(atlases.draw(rng), random_recipe(rng), rng)
        drawn.append((study.volume.hu, study.bits))
    write_contact_sheet(path, drawn)
    console.print(f"{studies} studies drawn in {path}")


def phantom(
    out: Annotated[Path, typer.Argument(help="Folder for shards or DICOM files, or the PNG file with --sheet.")],
    studies: Annotated[int, typer.Option(help="How many studies to generate.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="First seed; study k has seed + k. Held-out studies need other seeds.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes; about 1 GB each.", min=1)] = 2,
    recipe: Annotated[
        Path | None, typer.Option(help="Recipe whose geometry the shards get; the package's own is the default.")
    ] = None,
    dicom: Annotated[bool, typer.Option("--dicom", help="Write one DICOM series instead of shards.")] = False,
    sheet: Annotated[bool, typer.Option("--sheet", help="Draw the studies side by side instead.")] = False,
    types: Annotated[str, typer.Option(help=f"With --dicom: types, comma-separated, of {', '.join(TYPES)}.")] = "",
    size: Annotated[int, typer.Option(help="With --dicom: rows and columns.", min=64, max=1024)] = 512,
    atlas: Annotated[
        Atlas,
        typer.Option(help="Whose anatomy: the average head's, one volunteer's with his own sulci and skull, or both."),
    ] = "both",
) -> None:
    """Generate head CTs: shards for fit, a DICOM series, or a contact sheet to look at.

    The same seed gives the same study. Look at a sheet before you fit: triage-node-train phantom look.png --sheet
    """
    if dicom:
        chosen = tuple(name.strip() for name in types.split(",") if name.strip())
        if unknown := set(chosen) - set(TYPES):
            raise typer.BadParameter(f"{', '.join(sorted(unknown))} is not a hemorrhage type")
        _series(out, seed, chosen, size, atlas)
    elif sheet:
        _sheet(out, seed, studies, atlas)
    else:
        _shards(out, studies, seed, workers, recipe, atlas)


def demo_studies(
    out: Annotated[Path, typer.Argument(help="Folder for the three archives.")],
) -> None:
    """Make the three studies that come with the node for its demonstration."""
    from triage_node.train.demo_studies import write_demo_studies

    with console.status("Generating three studies of 512 x 512; this takes a minute or two …"):
        archives = write_demo_studies(out)
    console.print(f"{', '.join(archive.name for archive in archives)} written to {out}")
