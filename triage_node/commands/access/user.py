"""`triage-node user`: the people who may sign in to the pages."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import Create, DataDir, settings_from

if TYPE_CHECKING:
    from triage_node.identity import Accounts

users = typer.Typer(no_args_is_help=True, help="The people who may sign in to the pages: readers and administrators.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the person signs in as.")]
OneTime = Annotated[bool, typer.Option("--one-time", help="Make a password that must be changed at the first sign-in.")]


@users.command("add")
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[str, typer.Option(help="reader or administrator.")] = "reader",
    one_time: OneTime = False,
    data_dir: DataDir = None,
    create: Create = False,
) -> None:
    """Add a person. The password is asked for, or read from standard input when that is no terminal."""
    from triage_node.identity import Role

    if role not in (Role.READER, Role.ADMINISTRATOR):
        raise typer.BadParameter(f"{role!r} is no role of a person; take reader or administrator")
    accounts = _accounts(context, data_dir, create)
    password = _new_password(one_time)
    user = accounts.add(name, Role(role), password, must_change_password=one_time)
    typer.echo(f"{user.name} may sign in as {user.role}.")
    _show_once(password, one_time)


@users.command("list")
def show(context: typer.Context, data_dir: DataDir = None) -> None:
    """List everyone who may sign in."""
    from rich.table import Table

    from triage_node.commands.options import moment, wide_console

    table = Table("Name", "Role", "Signs in with", "Last sign-in")
    for user in _accounts(context, data_dir).all():
        how = "one-time password" if user.must_change_password else "password" if user.is_local else "OpenID"
        table.add_row(user.name, user.role, how, moment(user.last_sign_in_at))
    wide_console().print(table if table.rows else "Nobody may sign in yet: triage-node user add NAME.")


@users.command("password")
def change_password(context: typer.Context, name: Name, one_time: OneTime = False, data_dir: DataDir = None) -> None:
    """Give a person another password, open a locked account, and sign its owner out everywhere."""
    accounts = _accounts(context, data_dir)
    password = _new_password(one_time)
    accounts.set_password(name, password, must_change_password=one_time)
    typer.echo(f"{name} has another password.")
    _show_once(password, one_time)


@users.command("unlock")
def unlock(context: typer.Context, name: Name, data_dir: DataDir = None) -> None:
    """Forget failed attempts to sign in, of a person and of all addresses."""
    _accounts(context, data_dir).unlock(name)
    typer.echo(f"{name} may try again.")


@users.command("remove")
def remove(context: typer.Context, name: Name, data_dir: DataDir = None) -> None:
    """Remove a person and sign them out everywhere; the audit keeps what they did."""
    _accounts(context, data_dir).remove(name)
    typer.echo(f"{name} may not sign in any more.")


def _accounts(context: typer.Context, data_dir: DataDir, create: bool | None = None) -> "Accounts":
    from triage_node.commands.worklist import open_worklist

    return open_worklist(settings_from(context, data_dir=data_dir), bool(create), create is not None).accounts


def _new_password(one_time: bool) -> str:
    if one_time:
        from triage_node.identity import one_time_password

        return one_time_password()
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def _show_once(password: str, one_time: bool) -> None:
    if one_time:
        typer.echo(f"One-time password, to be changed at the first sign-in: {password}")
