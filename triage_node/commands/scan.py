"""`triage-node scan`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import plain, settings_from

if TYPE_CHECKING:
    from triage_node.archive import Progress, Summary

SECONDS_BETWEEN_LINES = 30.0


def scan(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(help="A folder, a URL as s3://bucket/folder, or the name of a query source of the settings."),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the result; one that ended early goes on.")],
    model: Annotated[str | None, typer.Option(help="Name of a shipped model, or a folder with a manifest.")] = None,
    patient: Annotated[
        bool, typer.Option("--patient", help="Write who the patient is, and where the files lie, beside the UIDs.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes that analyze; 0: one a GPU, or as many as this machine has room for.")
    ] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Processors that each of them uses.")] = 1,
    gpu_share: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="Part of a GPU that each of them has, where there are GPUs.")
    ] = 1.0,
    ray_address: Annotated[
        str, typer.Option(metavar="ADDRESS", help="A cluster of Ray that runs; default is one of this machine.")
    ] = "",
) -> None:
    """Analyze a whole archive, by as many processes as there is room for, into Parquet files (needs the extra ray).

    A study that is not flagged may still show a hemorrhage: the answer orders a worklist, it is no diagnosis.
    """
    from importlib.util import find_spec

    from triage_node.errors import SettingsError
    from triage_node.logs import configure_logging
    from triage_node.ray_cluster import require_ray

    settings = settings_from(context, model=model)
    configure_logging("WARNING")
    require_ray()
    if find_spec("pyarrow") is None:
        raise SettingsError("PyArrow is not installed, which writes the result: pip install 'triage-node[ray]'.")
    from triage_node.archive import ArchiveScan, Cluster, RayEngine, ScanOptions, archive_at
    from triage_node.models import read_manifest

    archive = archive_at(source, settings)
    _refuse_within(out, source)
    options = ScanOptions(out, settings.model, read_manifest(settings.model).identity, patient)
    cluster = Cluster(ray_address, workers, threads, gpu_share, settings.analysis_timeout_seconds, out / "ray-folder")
    with _shown() as progress:
        summary = ArchiveScan(archive, options, progress).run(lambda: RayEngine(cluster))
    _print_summary(summary, out)
    if summary.statuses.get("failed"):
        raise typer.Exit(1)


def _refuse_within(out: Path, source: str) -> None:
    from triage_node.errors import SettingsError

    if "://" not in source and out.resolve().is_relative_to(Path(source).resolve()):
        raise SettingsError(f"{out} lies in the archive itself: take a folder elsewhere.")


@contextmanager
def _shown() -> "Iterator[Progress]":
    """Show how far a scan is: a bar on a terminal, else a line now and then."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Starting", total=None)

        def show(what: str, done: int, of: int | None) -> None:
            if bar.tasks[task].description != what:
                bar.reset(task, description=what, total=of, completed=done)
            bar.update(task, completed=done, total=of)

        yield show


class _Lines:
    """Say how far a scan is, a line now and then, and one when something else begins."""

    def __init__(self) -> None:
        self._what = ""
        self._next = 0.0

    def __call__(self, what: str, done: int, of: int | None) -> None:
        if what != self._what or time.monotonic() >= self._next:
            self._what, self._next = what, time.monotonic() + SECONDS_BETWEEN_LINES
            typer.echo(f"{what}: {done}" + (f" of {of}" if of is not None else ""), err=True)


def _print_summary(summary: "Summary", out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "", title="For triage only, not for diagnosis", show_header=False)
    table.add_row("studies", str(summary.studies))
    table.add_row("series", f"{summary.series}, of {summary.files} files")
    for counts in (summary.statuses, summary.decisions):
        table.add_section()
        for name, count in counts.items():
            table.add_row(name.replace("_", " "), str(count))
    table.add_section()
    table.add_row("left out", str(summary.skipped_files))
    for why, count in summary.skipped.items():
        table.add_row(f"  {plain(why)}", str(count))
    console = Console()
    console.print(table)
    console.print(f"The result is in {plain(str(out))}: series/*.parquet, skipped/*.parquet, summary.json.")
