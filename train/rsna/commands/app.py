"""The commands below `triage-node-train rsna`, in the order of use."""

import typer

from triage_node.train.rsna.commands.labels import labels

rsna = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help=(
        "Train on the RSNA 2019 intracranial hemorrhage set.\n\n"
        "It begins with [b]labels[/b], which reads the competition's CSV."
    ),
)

rsna.command()(labels)
