"""`triage-node deliveries`."""

import getpass
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import DataDir, Json, moment, plain, settings_from, wide_console
from triage_node.commands.worklist import open_worklist

if TYPE_CHECKING:
    from triage_node.worklist import StudyDelivery


def deliveries(
    context: typer.Context,
    state: Annotated[
        str,
        typer.Option(
            help="scheduled (to be sent later), pending, sending, delivered, dead (given up), "
            "held (rebuilt, waits for a person) or canceled (acknowledged before it was sent)."
        ),
    ] = "dead",
    destination: Annotated[str | None, typer.Option(help="Only those for this destination, by its name.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most, the latest first.")] = 50,
    resend: Annotated[
        bool,
        typer.Option("--resend", help="Send all dead ones of the destination again, however many; or all held ones."),
    ] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Show reports on their way to destinations, by default those that were given up; send those again."""
    import json

    from triage_node.database import DeliveryState
    from triage_node.json_object import to_json
    from triage_node.worklist import UNDELIVERED

    if state not in list(DeliveryState):
        raise typer.BadParameter(f"it is one of {', '.join(DeliveryState)}", param_hint="--state")
    if resend and destination is None:
        raise typer.BadParameter("--resend wants a --destination", param_hint="--resend")
    if resend and state not in UNDELIVERED:
        raise typer.BadParameter("what is dead or held can be sent again", param_hint="--state")
    worklist = open_worklist(settings_from(context, data_dir=data_dir))
    if resend and destination is not None:
        count = worklist.resending.resend_all(destination, f"person {getpass.getuser()}", DeliveryState(state))
        typer.echo(f"{count} reports for {destination} will be sent again.")
        return
    found = worklist.outbox_state.deliveries(DeliveryState(state), destination, limit + 1)
    if as_json:
        typer.echo(json.dumps([to_json(one) for one in found[:limit]], indent=1))
    else:
        _print_table(found[:limit], state, len(found) > limit)


def _print_table(rows: "Sequence[StudyDelivery]", state: str, has_more: bool) -> None:
    from rich.table import Column, Table

    table = Table("To", "Since", "Tries", "Last error, or waits for", Column("Study Instance UID", no_wrap=True))
    for row in rows:
        why = row.waits_for.replace("_", " ") or row.last_error
        values = (row.destination, moment(row.created_at), str(row.attempts), why, row.study_instance_uid)
        table.add_row(*(plain(value) for value in values))
    wide_console().print(table if rows else f"No report is {state}.")
    if has_more:
        typer.echo("There are more: --limit shows more, --destination those for one.")
