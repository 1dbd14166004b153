"""`triage-node backup` and `triage-node restore`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.byte_size import byte_size
from triage_node.commands.audited import audit
from triage_node.commands.options import DataDir, settings_from
from triage_node.commands.worklist import open_worklist

if TYPE_CHECKING:
    from triage_node.backup import Inventory, Kept, Progress, Restored


def backup(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the backups; default `backup_dir`, else `backups` in the data folder."),
    ] = None,
    with_results: Annotated[bool, typer.Option("--results", help="Keep the stored answers and reports, too.")] = False,
    with_spool: Annotated[bool, typer.Option("--spool", help="Keep every image, too, and all results.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make a backup of the node, also while it runs, and verify it.

    It is a folder that is there whole or not at all: the database (studies, what was found, deliveries, people, tokens,
    audit trail) and the small files that make the node what it is. The settings file, certificates and the files of
    secrets that it names are not in it. Keep it where only you can read it: it holds patients' names and secrets.
    """
    from triage_node.backup import BackupFolder, Contents, Making, make_backup

    settings = settings_from(context, data_dir=data_dir)
    contents = Contents.SPOOL if with_spool else Contents.RESULTS if with_results else Contents.DATABASE
    worklist = open_worklist(settings)
    try:
        with _bar() as progress:
            folder = BackupFolder(out) if out is not None else BackupFolder.of(settings)
            kept = make_backup(folder, Making(settings, worklist.database, contents, progress))
        audit(worklist, "backup_made")
    finally:
        worklist.close()
    _say_made(kept)


def restore(
    context: typer.Context,
    backup: Annotated[Path, typer.Argument(help="Folder of one backup.")],
    data_dir: DataDir = None,
) -> None:
    """Put a backup into an empty data folder; nothing is ever overwritten.

    Reports that were not delivered and studies that were open when the backup was made are held, as both may have been
    done since: nothing is sent or analyzed twice. `triage-node deliveries --state held` lists the reports, and with
    `--resend --destination NAME` sends those of a destination; `triage-node requeue STUDY_UID` analyzes a study.
    """
    from triage_node.backup import restore_backup
    from triage_node.worklist import Worklist

    settings = settings_from(context, data_dir=data_dir)
    with _bar() as progress:
        restored = restore_backup(backup, settings, progress)
    worklist = Worklist(settings)
    audit(worklist, "backup_restored")
    worklist.close()
    _say_restored(restored, settings.data_dir)


@contextmanager
def _bar() -> "Iterator[Progress]":
    """Show a bar on a terminal; elsewhere nothing is printed before the end."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def progress(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of or None)

        yield progress


def _say_made(kept: "Kept") -> None:
    inventory = kept.inventory
    typer.echo(f"Backup: {kept.path}")
    typer.echo(f"It holds {_what(inventory)}; it was read through and is whole.")
    if inventory.missing:
        typer.echo(f"Of {inventory.missing} images that the database names no file was there.")
    typer.echo("Not in it: the settings file, certificates, keys and secrets that it names. Copy those beside it.")


def _what(inventory: "Inventory") -> str:
    from triage_node.backup import Contents

    words = (
        f"{_number(inventory.rows.get('study', 0), 'study', 'studies')} and "
        f"{_number(inventory.rows.get('web_user', 0), 'person', 'people')} in the database"
    )
    if inventory.contents is Contents.DATABASE:
        return f"{words}, no reports and no images"
    kind = "answers and reports, no images" if inventory.contents is Contents.RESULTS else "answers, reports and images"
    return f"{words}, and {inventory.files} files ({byte_size(inventory.size_bytes)}) of {kind}"


def _say_restored(restored: "Restored", data_dir: Path) -> None:
    inventory, held = restored.inventory, restored.held
    typer.echo(f"Restored into {data_dir}: the node {inventory.node} as it was at {inventory.made}.")
    typer.echo(
        f"Studies: {restored.studies}. Held until a person says so: {held.studies} studies, {held.reports} reports."
    )
    if inventory.files == 0:
        typer.echo("The backup held no images and no reports: move the old spool folder there if it is left.")
    typer.echo("Passwords and tokens are those of that time: what was changed or withdrawn since is to be done again.")
    typer.echo("Start the node: triage-node serve")


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
