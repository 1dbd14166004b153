"""`triage-node check`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import DataDir, Json, settings_from
from triage_node.commands.worklist import has_worklist, open_worklist

if TYPE_CHECKING:
    from triage_node.checks import Result
    from triage_node.config import Settings

MARKS = {"ok": ("ok  ", "green"), "warning": ("warn", "yellow"), "failed": ("FAIL", "red")}


def check(
    context: typer.Context,
    study: Annotated[
        str | None,
        typer.Option(metavar="STUDY_UID", help="Try nothing; show which destinations this study's result goes to."),
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Try what the node needs, and say the way out of each mistake; nothing is changed, and a node may be running."""
    from triage_node.checks import check_all
    from triage_node.config import SETTINGS_FILE

    settings = settings_from(context, data_dir=data_dir)
    if study is not None:
        _show_routes(settings, study)
        return
    if not has_worklist(settings) and settings.origin("data_dir") == "default":
        open_worklist(settings)
    results = []
    for result in check_all(settings, context.obj["config"] or SETTINGS_FILE):
        results.append(result)
        if not as_json:
            _print(result)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in results], indent=2, ensure_ascii=False))
    if not all(one.ok for one in results):
        raise typer.Exit(1)


def _print(result: "Result") -> None:
    mark, color = MARKS[result.level]
    typer.echo(f"{typer.style(mark, fg=color)} {result.name}: {result.message}")


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
