"""The commands below `triage-node-train rsna`, in the order of use."""

import typer

from triage_node.train.rsna.commands.baseline import baseline
from triage_node.train.rsna.commands.evaluate import evaluate
from triage_node.train.rsna.commands.explore import explore
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
        "The usual order: [b]labels[/b] reads the competition's CSV, [b]index[/b] the headers of its images, "
        "[b]explore[/b] draws what is there. [b]shards[/b] reads every series as the node would, [b]folds[/b] deals "
        "patients, [b]fit[/b] trains, [b]export[/b] writes a model folder, [b]baseline[/b] fits the notebook's network "
        "on the same patients, [b]evaluate[/b] compares, [b]submit[/b] writes the competition's file. [b]generate[/b] "
        "makes a small set of the same form to rehearse with."
    ),
)

rsna.command()(generate)
rsna.command()(labels)
rsna.command()(index)
rsna.command()(explore)
for command in (shards, folds, fit, export, baseline, evaluate, submit):
    rsna.command()(command)
