"""`triage-node token`: the keys of programs that use the API and DICOMweb."""

from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import Create, DataDir, settings_from

if TYPE_CHECKING:
    from triage_node.identity import Tokens

tokens = typer.Typer(no_args_is_help=True, help="The keys of programs that use the API and DICOMweb.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Which program it is for; the audit shows it.")]


@tokens.command("add")
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[
        str,
        typer.Option(
            help="service, storage (STOW-RS only), monitoring (/metrics, /api/system), reader or administrator."
        ),
    ] = "service",
    days: Annotated[float | None, typer.Option(help="Days until it expires; by default it does not.")] = None,
    data_dir: DataDir = None,
    create: Create = False,
) -> None:
    """Make a key and print it, this once only; send it as `Authorization: Bearer KEY`."""
    from triage_node.identity import Role

    if role not in list(Role):
        raise typer.BadParameter(f"{role!r} is no role; take service, storage, monitoring, reader or administrator")
    typer.echo(_tokens(context, data_dir, create).add(name, Role(role), days))


@tokens.command("list")
def show(context: typer.Context, data_dir: DataDir = None) -> None:
    """List the keys, without what they are."""
    from rich.table import Table

    from triage_node.commands.options import moment, wide_console

    table = Table("Name", "Role", "Made", "Expires", "Last used")
    for token in _tokens(context, data_dir).all():
        times = (token.created_at, token.expires_at, token.last_used_at)
        table.add_row(token.name, token.role, *map(moment, times))
    wide_console().print(table if table.rows else "There is no token: triage-node token add NAME.")


@tokens.command("remove")
def remove(context: typer.Context, name: Name, data_dir: DataDir = None) -> None:
    """Take a key back; it opens nothing from now on."""
    _tokens(context, data_dir).remove(name)
    typer.echo(f"The token {name} opens nothing any more.")


def _tokens(context: typer.Context, data_dir: DataDir, create: bool | None = None) -> "Tokens":
    from triage_node.commands.worklist import open_worklist

    return open_worklist(settings_from(context, data_dir=data_dir), bool(create), create is not None).tokens
