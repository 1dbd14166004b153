"""The commands below `triage-node-train rsna`, in the order of use."""

import typer

from triage_node.train.rsna.commands.baseline import baseline
from triage_node.train.rsna.commands.evaluate import evaluate
from triage_node.train.rsna.commands.export import export
from triage_node.train.rsna.commands.fit import fit
from triage_node.train.rsna.commands.generate import generate
from triage_node.train.rsna.commands.index import index
from triage_node.train.rsna.commands.labels import labels
from triage_node.train.rsna.commands.shards import folds, shards
from triage_node.train.rsna.commands.submit import submit

rsna = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help=(
        "Train on the RSNA 2019 intracranial hemorrhage set.\n\n"
        "It begins with [b]labels[/b], which reads the competition's CSV."
    ),
)

rsna.command()(generate)
rsna.command()(labels)
rsna.command()(index)
for command in (shards, folds, fit, export, baseline, evaluate, submit):
    rsna.command()(command)
