"""`triage-node check`."""

import typer

from triage_node.commands.options import DataDir, settings_from
from triage_node.commands.worklist import has_worklist, open_worklist


def check(context: typer.Context, data_dir: DataDir = None) -> None:
    """Try everything the node needs: settings, model, disk, database, and the way to each destination."""
    from triage_node.delivery import Caller, target_of
    from triage_node.maintenance import check_all
    from triage_node.models import read_manifest

    settings = settings_from(context, data_dir=data_dir)
    if not has_worklist(settings) and settings.origin("data_dir") == "default":
        open_worklist(settings)

    def describe_model(name: str) -> str:
        manifest = read_manifest(name)
        return f"{manifest.name} {manifest.version}"

    caller, failed = Caller.of(settings), False
    for result in check_all(settings, describe_model, lambda destination: target_of(destination, caller).check()):
        mark = typer.style("ok  ", fg="green") if result.ok else typer.style("FAIL", fg="red")
        typer.echo(f"{mark} {result.name}: {result.message}")
        failed = failed or not result.ok
    if failed:
        raise typer.Exit(1)
