"""`triage-node send`."""

from pathlib import Path
from typing import Annotated

import typer

from triage_node.commands.options import peer_from, settings_from


def send(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="DICOM files, or folders of them.")],
    to: Annotated[str, typer.Option("--to", metavar="AET@HOST:PORT", help="Who receives them.")],
    ae_title: Annotated[str | None, typer.Option(help="AE title we call ourselves; default TRIAGE.")] = None,
) -> None:
    """Send DICOM files to any peer by C-STORE, as they are."""
    from rich.console import Console
    from rich.progress import Progress

    from triage_node.dimse import store_files

    peer = peer_from(to)
    files = [file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    files = [file for file in files if file.is_file()]
    if not files:
        raise typer.BadParameter("there are no files under these paths", param_hint="PATH")
    settings = settings_from(context, ae_title=ae_title)
    times = settings.connect_timeout_seconds, settings.answer_timeout_seconds
    console = Console(stderr=True)
    failed = 0
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(f"Sending to {peer}", total=len(files))
        for sent in store_files(peer, files, settings.ae_title, *times):
            progress.advance(task)
            if sent.error:
                failed += 1
                console.print(f"{sent.path}: {sent.error}", style="red", markup=False, highlight=False)
    typer.echo(f"{len(files) - failed} of {len(files)} files stored at {peer}.")
    if failed:
        raise typer.Exit(1)
