"""`triage-node serve`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import DataDir, settings_from

if TYPE_CHECKING:
    from triage_node.config import Settings
    from triage_node.node import Node


def serve(
    context: typer.Context,
    ae_title: Annotated[str | None, typer.Option(help="AE title of the node; default TRIAGE.")] = None,
    dicom_host: Annotated[str | None, typer.Option(help="Address to listen on; default 127.0.0.1.")] = None,
    dicom_port: Annotated[int | None, typer.Option(help="DICOM port; default 11112, 0 takes a free one.")] = None,
    allow: Annotated[list[str] | None, typer.Option(help="Calling AE title that may send; repeat for more.")] = None,
    destination: Annotated[
        list[str] | None, typer.Option(help="Who gets the reports, AET@HOST:PORT; repeat for more.")
    ] = None,
    data_dir: DataDir = None,
    web_port: Annotated[int | None, typer.Option(help="Port of the pages; default 8080, 0 takes a free one.")] = None,
    model: Annotated[str | None, typer.Option(help="Name of a shipped model, or a folder with a manifest.")] = None,
) -> None:
    """Run the node: listen, keep, analyze, report, until it is stopped.

    Point the PACS's forwarding rule at AE title TRIAGE, port 11112. Try the connection with `triage-node check`.
    SIGHUP has it read its settings anew; the log says what is in force and what wants a restart.
    """
    from triage_node.commands.preflight import check_before_listening, check_files
    from triage_node.config import read_settings
    from triage_node.logs import configure_logging
    from triage_node.node import Node
    from triage_node.stop_signal import StopSignal

    options = {
        "ae_title": ae_title,
        "dicom_host": dicom_host,
        "dicom_port": dicom_port,
        "allowed_calling_ae_titles": allow,
        "destinations": destination,
        "data_dir": data_dir,
        "web_port": web_port,
        "model": model,
    }
    settings = settings_from(context, **options)

    def read_anew() -> "Settings":
        anew = read_settings(context.obj["config"], **options)
        check_files(anew)
        return anew

    stop = StopSignal(reload=lambda: node.reload(read_anew))
    stop.defer_hang_ups()
    check_before_listening(settings)
    configure_logging(settings.log_level)
    # Nothing is promised yet: a signal ends the process at once, however long a rebuilding or a locked database takes.
    node = Node(settings)
    node.prepare()
    with stop:
        node.start()
        typer.echo(f"{settings.ae_title} listens on {_addresses(node)}; data in {settings.data_dir}")
        if not settings.destinations:
            typer.echo("No destination is set: reports are kept and not sent anywhere.")
        _say_how_to_sign_in(node)
        stop.wait()
        node.stop()


def _addresses(node: "Node") -> str:
    host, ports = node.settings.dicom_host, ((node.listener.tls_port, " over TLS"), (node.listener.port, ""))
    return " and ".join(f"{host}:{port}{how}" for port, how in ports if port)


def _say_how_to_sign_in(node: "Node") -> None:
    """Say where the pages are and how to get in.

    The first administrator's password goes to a terminal of this machine, else into a file; never into a log.
    """
    from triage_node.errors import StorageError
    from triage_node.identity import FIRST_ADMINISTRATOR
    from triage_node.loopback import is_loopback

    if node.web is None:
        return
    typer.echo(f"The pages are at {node.web.address}")
    accounts = node.worklist.accounts
    is_own_terminal = sys.stdout.isatty() and is_loopback(node.settings.web_host)
    try:
        password = accounts.add_first_administrator()
        file = None if password is None or is_own_terminal else accounts.first_password.keep(password)
    except StorageError as error:  # a full disk: what comes in is worth more than who may look at it
        typer.echo(f"Nobody can sign in before the next start: {error}", err=True)
        return
    if file is not None:
        typer.echo(f"Nobody can sign in yet but {FIRST_ADMINISTRATOR}, with the one-time password in the file {file}")
    elif password is not None:
        typer.echo(f"Sign in as {FIRST_ADMINISTRATOR} with the one-time password {password}")
