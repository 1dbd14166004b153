"""`triage-node senders`."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import DataDir, Json, moment, plain, settings_from, wide_console
from triage_node.commands.worklist import open_worklist

if TYPE_CHECKING:
    from triage_node.worklist import Sender


def senders(
    context: typer.Context,
    who: Annotated[str, typer.Argument(metavar="[WHO]", help="A part of the AE title or the address.")] = "",
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Show who has sent and when, and what was refused, why, and what to do about it."""
    import json

    from triage_node.json_object import to_json
    from triage_node.worklist import matching

    found = list(matching(open_worklist(settings_from(context, data_dir=data_dir)).sender_counts.all(), who))
    if as_json:
        typer.echo(json.dumps([to_json(one) for one in found], indent=1))
    elif found:
        _print(found)
    else:
        typer.echo(
            f"Nothing of {who} has reached this node, not even to be refused." if who else "Nobody has sent yet."
        )


def _print(senders: "Sequence[Sender]") -> None:
    from rich.table import Column, Table

    table = Table(
        "Sender", "Last image", Column("Today", justify="right"), Column("In all", justify="right"), "Refused"
    )
    for one in senders:
        name = f"{one.ae_title or '(no AE title)'}\n{one.address}"
        counts = f"{one.instances_today:,}", f"{one.instances:,}"
        refusals = "\n".join(_refusals(one))
        table.add_row(plain(name), moment(one.last_instance_at), *counts, plain(refusals))
    wide_console().print(table)


def _refusals(sender: "Sender") -> Iterator[str]:
    from triage_node.worklist import advice_on

    for one in sender.refusals:
        advice = advice_on(one.reason)
        yield f"{moment(one.last_at)}, {one.number:,} times: {advice.words}. {one.sentence} {advice.way_out}"
