"""`triage-node settings`."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from triage_node.commands.options import DataDir, Json, plain, settings_from, wide_console


def settings(
    context: typer.Context,
    as_json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the reference: every setting, its default and what it is.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Show the settings in force, each with where it comes from; what is secret is not shown."""
    from triage_node.config import reference_markdown, shown

    if markdown:
        typer.echo(reference_markdown())
        return
    found = list(shown(settings_from(context, data_dir=data_dir)))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False))
        return
    from rich.table import Table

    table = Table("setting", "value", "from", "what it is")
    for one in found:
        table.add_row(one.name, plain(one.text), one.origin, plain(one.description))
    wide_console().print(table)
