"""The commands below `triage-node-train rsna`, in the order of use."""

import typer

from triage_node.train.rsna.commands.explore import explore
from triage_node.train.rsna.commands.generate import generate
from triage_node.train.rsna.commands.index import index
from triage_node.train.rsna.commands.labels import labels

rsna = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help=(
        "Train on the RSNA 2019 intracranial hemorrhage set.\n\n"
        "The usual order: [b]labels[/b] reads the competition's CSV, [b]index[/b] the headers of its images, "
        "[b]explore[/b] draws what is there. [b]generate[/b] makes a small set of the same form to rehearse with."
    ),
)

rsna.command()(generate)
rsna.command()(labels)
rsna.command()(index)
rsna.command()(explore)
