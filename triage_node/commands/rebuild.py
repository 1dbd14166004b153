"""`triage-node rebuild`."""

from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import DataDir, settings_from

if TYPE_CHECKING:
    from pathlib import Path

    from triage_node.config import Settings
    from triage_node.ingest import Rebuilt
    from triage_node.storage import FolderLock, Spool
    from triage_node.worklist import Worklist

MOST_NAMED = 20


def rebuild(
    context: typer.Context,
    set_aside: Annotated[
        bool, typer.Option("--set-aside", help="Set the SQLite file aside also when no damage is found in it.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Make a lost or damaged worklist anew from the spool, where every image and every answer lies.

    Stop the node first. A damaged SQLite file is set aside under a dated name, never deleted; one that is whole stays,
    and only studies that it lacks are added. On PostgreSQL nothing is set aside: empty or restore the database, then
    run this.

    With an object storage (`storage_url`) the studies in the bucket are read, too, and fetched for that.

    Every study that is rebuilt is held: nothing is analyzed or sent again until a person says so (`requeue`). People,
    tokens, comments, verdicts and the audit trail are in the database only: what a file that was set aside held of
    them has to be made anew. It can be interrupted and repeated.
    """
    from triage_node.storage import Spool, Watermarks, device_uid
    from triage_node.worklist import Worklist

    settings = settings_from(context, data_dir=data_dir)
    lock = _hold(settings)
    aside = _set_aside(settings, whole_too=set_aside)
    worklist = Worklist(settings)
    worklist.prepare()
    worklist.installation.take_over(device_uid(settings.data_dir))
    spool = Spool.of(settings, Watermarks.of(settings))
    made = _rebuild(settings, spool, worklist)
    has_accounts = bool(worklist.accounts.all())
    worklist.close()
    lock.close()
    _say(made, aside, has_accounts)
    if made.left_out:
        raise typer.Exit(1)


def _hold(settings: "Settings") -> "FolderLock":
    from triage_node.errors import FolderInUse, SettingsError
    from triage_node.storage import RestoreMark, hold, spool_folder

    RestoreMark(settings.data_dir).check()
    if not spool_folder(settings.data_dir).is_dir():
        raise SettingsError(f"There is no spool in {settings.data_dir}; name the node's folder with --data-dir.")
    try:
        return hold(settings.data_dir)
    except FolderInUse as error:
        raise FolderInUse(f"A node runs on {settings.data_dir}; stop it, then rebuild.") from error


def _set_aside(settings: "Settings", whole_too: bool) -> "list[Path]":
    """Set a damaged SQLite file aside, or a whole one that is not wanted; return the new names."""
    from triage_node.database import Database, damage_of, set_aside

    database = Database(settings.effective_database_url)
    database.close()
    if database.file is None:
        if whole_too:
            raise typer.BadParameter("the worklist is on a server; there is no file to set aside")
        return []
    damage = damage_of(database.file)
    if damage:
        typer.echo(f"{database.file} is damaged: {damage}")
    return set_aside(database.file) if damage or whole_too else []


def _rebuild(settings: "Settings", spool: "Spool", worklist: "Worklist") -> "Rebuilt":
    """Rebuild with a bar on a terminal; elsewhere nothing is printed before the end."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    from triage_node.ingest import rebuild_worklist

    destinations = [str(one) for one in settings.destinations]
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Rebuilding studies", total=None)
        return rebuild_worklist(
            spool,
            worklist,
            destinations,
            lambda done, of: bar.update(task, completed=done, total=of),
            of_bucket=True,
        )


def _say(made: "Rebuilt", aside: "list[Path]", has_accounts: bool) -> None:
    for path in aside:
        typer.echo(f"Set aside: {path}")
    known = f"; {made.known} were in the worklist already" if made.known else ""
    typer.echo(f"Studies rebuilt: {made.studies}, all held until a person says so{known}.")
    for name, why in made.left_out[:MOST_NAMED]:
        typer.echo(f"Left out: {name}: {why}", err=True)
    if len(made.left_out) > MOST_NAMED:
        typer.echo(f"Left out: {len(made.left_out) - MOST_NAMED} more; the events have them.", err=True)
    if aside:
        typer.echo("People, tokens, comments, verdicts and the audit trail were in the file set aside only.")
    if not has_accounts:
        typer.echo("Nobody can sign in yet: triage-node user add NAME --role administrator")
