"""`triage-node demo`."""

from typing import Annotated

import typer


def demo(
    once: Annotated[bool, typer.Option("--once", help="End when the reports are back.")] = False,
) -> None:
    """Start a node and a stand-in PACS, send three generated studies, print the reports that come back.

    One study shows a hemorrhage, one does not, one cannot be analyzed. Everything is real: the associations, the
    model, the reports. Nothing is left behind.
    """
    from triage_node.demo.show import run_demo

    raise typer.Exit(run_demo(keep_running=not once))
