"""`triage-node-train`: generate head CTs, fit a network on them, export, calibrate and evaluate it."""

import sys
from typing import Annotated

import typer

from triage_node import __version__
from triage_node.errors import TriageError
from triage_node.train.commands.adapt import adapt
from triage_node.train.commands.calibrate import calibrate
from triage_node.train.commands.evaluate import evaluate
from triage_node.train.commands.export import export
from triage_node.train.commands.fit import fit
from triage_node.train.commands.phantom import demo_studies, phantom
from triage_node.train.commands.reproduce import reproduce
from triage_node.train.rsna.commands.app import rsna

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help=(
        "Make a hemorrhage model without a single patient image.\n\n"
        "The usual order: [b]phantom[/b] generates studies (twice: to fit on, and with other seeds to hold out), "
        "[b]fit[/b] trains on the first, [b]export[/b] writes a model folder, [b]calibrate[/b] sets its thresholds on "
        "the second, [b]evaluate[/b] prints what it is worth."
    ),
    rich_markup_mode="rich",
)

for command in (phantom, demo_studies, fit, export, calibrate, evaluate, adapt, reproduce):
    app.command()(command)
app.add_typer(rsna, name="rsna")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"triage-node-train {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Keep what every command needs."""


def main() -> None:
    """Run the command line; an expected error is one sentence and exit code 1."""
    try:
        app()
    except TriageError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("triage_node"):
            raise
        typer.echo(f"This needs the module {error.name}: install triage-node with its extra [train].", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
