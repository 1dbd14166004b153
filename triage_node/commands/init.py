"""`triage-node init`."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def init(
    context: typer.Context,
    ae_title: Annotated[str | None, typer.Option(help="AE title of the node.")] = None,
    dicom_host: Annotated[
        str | None, typer.Option(help="Address to listen on; 0.0.0.0 takes connections from other machines.")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option(help="Who may send, AET or AET@NETWORK, `*` for everybody; repeat for more.")
    ] = None,
    destination: Annotated[
        list[str] | None, typer.Option(help="Who gets the reports, AET@HOST:PORT; repeat for more.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of spool and worklist.")] = None,
    timezone: Annotated[str | None, typer.Option(help="The hospital's time zone, as Europe/Berlin.")] = None,
) -> None:
    """Write a settings file with every setting in it; on a terminal it asks for what a hospital must set."""
    from triage_node.config import SETTINGS_FILE

    file: Path = context.obj["config"] or SETTINGS_FILE
    _refuse_existing(file)
    given: dict[str, Any] = {
        "ae_title": ae_title,
        "dicom_host": dicom_host,
        "allowed_peers": allow,
        "destinations": destination,
        "data_dir": data_dir,
        "timezone": timezone,
    }
    if sys.stdin.isatty():
        given = {name: _asked(name) if value is None else value for name, value in given.items()}
    _write(file, {name: value for name, value in given.items() if value is not None})
    typer.echo(
        f"{file} is written, readable by its owner only: where the node runs as a user of its own, give it to that "
        f"(chown). Then: triage-node --config {file} check"
    )


QUESTIONS = {
    "ae_title": "AE title of the node",
    "dicom_host": "Address to listen on (0.0.0.0: other machines may connect)",
    "allowed_peers": "Who may send: AE titles, with commas, each AET or AET@NETWORK (* for everybody)",
    "destinations": "Who gets the reports: AET@HOST:PORT, with commas",
    "data_dir": "Folder of spool and worklist",
    "timezone": "Time zone of the hospital, as Europe/Berlin",
}
LISTS = frozenset(["allowed_peers", "destinations"])


def _asked(name: str) -> object:
    """Ask for a setting; an empty answer leaves its default."""
    from triage_node.config import Settings

    default = Settings.model_fields[name].default or None
    shown = "" if default is None else f" [{default}]"
    answer = str(typer.prompt(f"{QUESTIONS[name]}{shown}", default="", show_default=False)).strip()
    if name in LISTS:
        return [part.strip() for part in answer.split(",") if part.strip()] or None
    return answer or None


def _write(file: Path, chosen: dict[str, Any]) -> None:
    """Write the file beside its place, read it, and give it its name only when what is read can be used.

    Raises
    ------
    SettingsError
        It cannot be written, what was chosen is wrong, or somebody wrote such a file meanwhile.
    """
    from triage_node.complete_file import unique_name
    from triage_node.config import read_settings, starter_file
    from triage_node.errors import SettingsError
    from triage_node.private_files import make_private_file

    draft = file.with_name(f".{file.name}.{unique_name()}")
    try:
        make_private_file(draft)
        draft.write_text(starter_file(chosen), encoding="utf-8")
        read_settings(draft)
        os.link(draft, file)
    except FileExistsError:
        _refuse_existing(file)
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)


def _refuse_existing(file: Path) -> None:
    from triage_node.errors import SettingsError

    if os.path.lexists(file):
        raise SettingsError(f"{file} is there already and is not overwritten; name another with --config.")
