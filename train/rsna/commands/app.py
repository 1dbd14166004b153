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
from triage_node.train.rsna.commands.series import series
from triage_node.train.rsna.commands.shards import folds, shards
from triage_node.train.rsna.commands.submit import submit

rsna = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help=(
        "Train on the RSNA 2019 intracranial hemorrhage set.\n\n"
        "The usual order: [b]labels[/b] reads the competition's CSV, [b]index[/b] the headers of its images, "
        "[b]explore[/b] draws what is there; [b]shards[/b] makes slices of the images, [b]folds[/b] deals the "
        "patients; [b]fit[/b], [b]export[/b] and [b]series[/b] make the model, [b]baseline[/b] the notebook's; "
        "[b]evaluate[/b] sets them side by side in a report, [b]submit[/b] writes the competition's CSV. "
        "[b]generate[/b] makes a small set of the same form to rehearse all of it with."
    ),
)

for command in (generate, labels, index, explore, shards, folds, fit, export, series, baseline, evaluate, submit):
    rsna.command()(command)
