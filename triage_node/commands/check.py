"""`triage-node check`."""

from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import DataDir, settings_from
from triage_node.commands.worklist import has_worklist, open_worklist

if TYPE_CHECKING:
    from triage_node.config import Settings


def check(
    context: typer.Context,
    study: Annotated[
        str | None,
        typer.Option(metavar="STUDY_UID", help="Try nothing; show which destinations this study's result goes to."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Try everything the node needs: settings, model, disk, database, and the way to each other system."""
    from triage_node.delivery import Caller, check_destination
    from triage_node.maintenance import check_all
    from triage_node.models import read_manifest
    from triage_node.query_retrieve import source_of
    from triage_node.workitems import UpsServer

    settings = settings_from(context, data_dir=data_dir)
    if study is not None:
        _show_routes(settings, study)
        return
    if not has_worklist(settings) and settings.origin("data_dir") == "default":
        open_worklist(settings)

    def describe_model(name: str) -> str:
        manifest = read_manifest(name)
        return f"{manifest.name} {manifest.version}"

    caller, failed = Caller.of(settings), False
    for result in check_all(
        settings,
        describe_model,
        lambda destination: check_destination(destination, caller),
        lambda source: source_of(source, caller).check(),
        lambda server: UpsServer(server, caller).check(),
    ):
        mark = typer.style("ok  ", fg="green") if result.ok else typer.style("FAIL", fg="red")
        typer.echo(f"{mark} {result.name}: {result.message}")
        failed = failed or not result.ok
    if failed:
        raise typer.Exit(1)


def _show_routes(settings: "Settings", study_instance_uid: str) -> None:
    from triage_node.worklist import explained

    routes = open_worklist(settings).routing.routes(study_instance_uid)
    if not routes:
        typer.echo("No destination is set: reports are kept and not sent anywhere.")
    if any(route.is_open for route in routes):
        typer.echo("The study has no result yet; conditions on decision and type are taken for met.")
    for route in routes:
        mark = typer.style("yes ", fg="green") if route.goes else typer.style("no  ", fg="yellow")
        typer.echo(f"{mark} {route.destination}" + ("" if route.goes else f": {explained(route)}"))
