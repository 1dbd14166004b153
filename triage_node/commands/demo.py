"""`triage-node demo`."""

from typing import Annotated

import typer


def demo(
    once: Annotated[bool, typer.Option("--once", help="End when the reports are back.")] = False,
    to: Annotated[
        str | None,
        typer.Option(metavar="AET@HOST:PORT", help="Only send the studies, to a PACS or a node that runs already."),
    ] = None,
) -> None:
    """Start a node and a stand-in PACS, send three generated studies, print the reports that come back.

    One study shows a hemorrhage, one does not, one cannot be analyzed. Everything is real: the associations, the
    model, the reports. Then the pages are there to be looked at, until Ctrl-C. Nothing is left behind.
    """
    from triage_node.commands.options import peer_from

    if to is not None:
        from triage_node.demo.sending import send_studies

        typer.echo(f"{send_studies(peer_from(to))} instances of three generated studies stored at {to}.")
        return
    from triage_node.demo.show import run_demo

    raise typer.Exit(run_demo(keep_running=not once))
