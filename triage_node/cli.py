"""The command line: `triage-node COMMAND`. Nothing heavy is imported before a command needs it."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from triage_node import __version__
from triage_node.commands.access.token import tokens
from triage_node.commands.access.user import users
from triage_node.commands.analyze import analyze
from triage_node.commands.backup import backup, restore
from triage_node.commands.check import check
from triage_node.commands.check_report import check_report
from triage_node.commands.deliveries import deliveries
from triage_node.commands.demo import demo
from triage_node.commands.export import export
from triage_node.commands.feedback import feedback
from triage_node.commands.fetch import fetch
from triage_node.commands.init import init
from triage_node.commands.peers.senders import senders
from triage_node.commands.rebuild import rebuild
from triage_node.commands.report import report
from triage_node.commands.retention import retention
from triage_node.commands.scan import scan
from triage_node.commands.send import send
from triage_node.commands.serve import serve
from triage_node.commands.settings import settings
from triage_node.commands.study import requeue, show
from triage_node.commands.worklist import worklist

INTERRUPTED = 130
"""Exit code of what Ctrl-C ended, as shells have it: 128 and the number of the signal."""

app = typer.Typer(
    name="triage-node",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Flag suspected intracranial hemorrhage on head CT, so that the urgent case is read first.\n\n"
        "A PACS sends studies by C-STORE; the node sends a Structured Report back. It notifies, it never diagnoses. "
        "Settings come from triage-node.toml, then TRIAGE_* in the environment, then the options of a command."
    ),
)

COMMANDS = (
    serve, analyze, scan, send, fetch, worklist, show, report, requeue, deliveries, senders, feedback, export, check,
    check_report, backup, restore, rebuild, retention, init, settings, demo,
)  # fmt: skip

for command in COMMANDS:
    app.command()(command)
app.add_typer(users, name="user")
app.add_typer(tokens, name="token")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"triage-node {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; default triage-node.toml here, if there is one.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Keep what every command needs."""
    context.obj = {"config": config, "debug": debug}


def _was_interrupted(ended: SystemExit) -> bool:
    """Tell whether Ctrl-C was pressed; the command line's library makes an abortion of it, with exit code 1."""
    aborted = ended.__context__
    return aborted is not None and isinstance(aborted.__cause__, KeyboardInterrupt)


def _end_interrupted() -> None:
    """End at once: threads that wait for a peer would hold the process for as long as they have patience."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def main() -> None:
    """Run a command; an error is one sentence on standard error."""
    from triage_node.errors import SettingsError, TriageError

    try:
        app()
    except SystemExit as ended:
        if not _was_interrupted(ended):
            raise
        _end_interrupted()
    except KeyboardInterrupt:
        _end_interrupted()
    except TriageError as error:
        if "--debug" in sys.argv:
            raise
        print(f"triage-node: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        message = f"triage-node: This should not have happened ({type(error).__name__}: {error}); --debug shows where."
        print(message, file=sys.stderr)
        sys.exit(1)
