"""The commands below `triage-node-train rsna`, in the order of use."""

import typer

rsna.command()(index)
for command in (shards, folds, fit, export, baseline, evaluate, submit):
    rsna.command()(command)
