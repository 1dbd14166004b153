"""Options that several commands share, and the settings they make."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from triage_node.config import Settings
    from triage_node.endpoints import Peer

NARROWEST = 150

DataDir = Annotated[Path | None, typer.Option(help="Folder of spool and worklist; default ./triage-data.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Create = Annotated[
    bool, typer.Option("--create", help="Make the data folder if it is not there, before the node's first start.")
]
StudyReference = Annotated[
    str,
    typer.Argument(
        metavar="STUDY", help="Its accession number, its UID or how that begins, or its number in `worklist`'s list."
    ),
]


def settings_from(context: typer.Context, **options: object) -> "Settings":
    """Return the settings with a command's options on top."""
    from triage_node.config import read_settings
    from triage_node.zone import live_in

    settings = read_settings(context.obj["config"], **options)
    live_in(settings.timezone)
    return settings


def peer_from(text: str) -> "Peer":
    """Read AET@HOST:PORT; wrong usage ends the command with exit code 2."""
    from triage_node.endpoints import Peer

    try:
        return Peer.parse(text)
    except ValueError as error:
        message = str(error).splitlines()[0]
        raise typer.BadParameter(f"{message}; write it like PACS@10.0.0.5:104") from error


def wide_console() -> "Console":
    """Return a console on which a UID stays in one piece, to be copied; a narrow terminal wraps the lines instead."""
    from rich.console import Console

    return Console(width=max(Console().width, NARROWEST))


def plain(text: str) -> str:
    """Return a peer's text for a table, without markup of ours and without commands to the terminal."""
    from rich.markup import escape

    return escape(printable(text))


def printable(text: str) -> str:
    """Return text without commands to the terminal, and bytes of a file's name that are no text as a mark."""
    return "".join(character if character.isprintable() else "?" * (character > "\x7f") for character in text)


def moment(seconds: float | None) -> str:
    """Return seconds since 1970 as the time of day in the node's zone."""
    from datetime import datetime

    return "" if seconds is None else datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
