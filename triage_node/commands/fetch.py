"""`triage-node fetch`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import DataDir, printable, settings_from
from triage_node.commands.worklist import has_worklist, open_worklist

if TYPE_CHECKING:
    from triage_node.config import Settings
    from triage_node.endpoints import Peer, QuerySource
    from triage_node.query_retrieve import Source, SourceInstance

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
MOST_SHOWN = 20


def fetch(
    context: typer.Context,
    study_uid: Annotated[str | None, typer.Argument(metavar="STUDY_UID", help="Study Instance UID.")] = None,
    accession: Annotated[str | None, typer.Option(metavar="NUMBER", help="Accession Number instead.")] = None,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="SOURCE", help="Name of a source of the settings; default the only one."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Retrieve a study from a query source into the running node: what of it is not here yet."""
    from triage_node.query_retrieve import source_of
    from triage_node.user_agent import Caller

    if (study_uid is None) == (accession is None):
        raise typer.BadParameter("give either a Study Instance UID or --accession")
    settings = settings_from(context, data_dir=data_dir)
    chosen = _chosen(settings, source)
    asked = source_of(chosen, Caller.of(settings))
    uid = study_uid or _study_with(asked, chosen, accession or "")
    wanted = _missing(settings, asked, chosen, uid)
    if not wanted:
        typer.echo(f"All instances that {chosen} has of {uid} are here.")
        return
    is_sent_by_source = chosen.scheme in ("dicom", "dicoms") and chosen.method == "move"
    kept = _moved(asked, chosen, uid, wanted) if is_sent_by_source else _handed_on(settings, asked, chosen, uid, wanted)
    typer.echo(f"{kept} of {len(wanted)} instances of {uid} retrieved from {chosen}.")
    if kept < len(wanted):
        raise typer.Exit(1)


def _chosen(settings: "Settings", name: str | None) -> "QuerySource":
    from triage_node.errors import SettingsError

    names = ", ".join(map(str, settings.sources))
    if not settings.sources:
        raise SettingsError("No source is set: name one in `sources` (docs/completion.md).")
    if name is None and len(settings.sources) > 1:
        raise typer.BadParameter(f"say which: {names}", param_hint="--from")
    for one in settings.sources:
        if name in (None, one.name):
            return one
    raise typer.BadParameter(f"there is no source {name!r}; there are {names}", param_hint="--from")


def _study_with(asked: "Source", chosen: "QuerySource", accession_number: str) -> str:
    from triage_node.errors import TriageError

    found = {one.study_instance_uid: one for one in asked.studies(accession_number)}
    if not found:
        raise TriageError(f"{chosen} has no study with the accession number {accession_number!r}.")
    if len(found) > 1:
        lines = [f"  {one.study_instance_uid} {one.study_date} {one.study_description}" for one in found.values()]
        shown = "\n".join(printable(line) for line in lines[:MOST_SHOWN])
        typer.echo(shown, err=True)
        raise TriageError(
            f"{chosen} has {len(found)} studies with the accession number {accession_number!r}: fetch one by its UID."
        )
    return next(iter(found))


def _missing(
    settings: "Settings", asked: "Source", chosen: "QuerySource", study_instance_uid: str
) -> Sequence["SourceInstance"]:
    from triage_node.errors import PeerRefused, StudyNotFound

    count = asked.count(study_instance_uid)
    if count is None:
        raise StudyNotFound(f"{chosen} has no study {study_instance_uid}.")
    listed = asked.instances(study_instance_uid)
    if count and not listed:
        raise PeerRefused(f"{chosen} has {count} instances of {study_instance_uid} and lists none of them.")
    if len(listed) < count:
        typer.echo(f"{chosen} counts {count} instances and lists {len(listed)}: these are fetched.", err=True)
    if not has_worklist(settings):
        return listed
    worklist = open_worklist(settings)
    try:
        received = worklist.announcements.received(study_instance_uid)
    finally:
        worklist.close()
    return [
        one
        for one in listed
        if one.sop_instance_uid not in received.sop_instance_uids and one.series_instance_uid not in received.own_series
    ]


def _moved(asked: "Source", chosen: "QuerySource", uid: str, wanted: Sequence["SourceInstance"]) -> int:
    """Have the source send to the listener of the running node."""
    completed = failed = 0

    def positions() -> Iterator[int]:
        nonlocal completed, failed
        for so_far in asked.retrieve(uid, wanted, lambda _: 0):
            completed, failed = so_far.completed, so_far.failed
            yield completed + failed

    _show(f"{chosen} sends", positions(), len(wanted))
    if failed:
        typer.echo(
            f"{chosen} could not send {failed} instances: does the node run, and does {chosen} know its address?",
            err=True,
        )
    return completed


def _handed_on(
    settings: "Settings", asked: "Source", chosen: "QuerySource", uid: str, wanted: Sequence["SourceInstance"]
) -> int:
    """Retrieve into a folder, and send from there to the running node, which alone writes to its spool."""
    from tempfile import TemporaryDirectory

    from triage_node.dimse import store_files

    node = _own_peer(settings)
    calling = _allowed_calling_ae_title(settings, node)
    times = settings.connect_timeout_seconds, settings.answer_timeout_seconds
    with TemporaryDirectory(prefix="triage-fetch-") as folder:
        files: list[Path] = []

        def keep(content: bytes) -> int:
            files.append(Path(folder) / f"{len(files)}.dcm")
            files[-1].write_bytes(content)
            return 0

        progress = (one.completed + one.failed for one in asked.retrieve(uid, wanted, keep))
        _show(f"Retrieving from {chosen}", progress, len(wanted))
        errors: list[str] = []

        def handed() -> Iterator[int]:
            for number, sent in enumerate(store_files(node, files, calling, *times), start=1):
                errors.extend([sent.error] if sent.error else [])
                yield number

        _show(f"Handing to {node}", handed(), len(files))
    for error in dict.fromkeys(errors):
        typer.echo(error, err=True)
    return len(files) - len(errors)


def _own_peer(settings: "Settings") -> "Peer":
    from triage_node.endpoints import Peer
    from triage_node.errors import SettingsError

    if not settings.dicom_plain_enabled:
        raise SettingsError("dicom_plain_enabled is off: what is fetched is handed to the plain port. Fetch by C-MOVE.")
    if settings.dicom_port == 0:
        raise SettingsError("dicom_port is 0: the port of the running node is not known; set one to fetch into it.")
    return Peer(
        settings.ae_title.strip(), ANY_ADDRESS.get(settings.dicom_host, settings.dicom_host), settings.dicom_port
    )


def _allowed_calling_ae_title(settings: "Settings", node: "Peer") -> str:
    """Return an AE title under which the running node lets this machine in, its own one where that will do."""
    from socket import gethostbyname

    from triage_node.allowed_peers import ANYONE
    from triage_node.errors import SettingsError

    address = gethostbyname(node.host) if ":" not in node.host else node.host
    titles = [sender.ae_title for sender in settings.senders if sender.covers(address)]
    if not titles:
        raise SettingsError(f"allowed_peers lets nobody in from {address}: add this machine to fetch into the node.")
    own = settings.ae_title.strip()
    return own if {ANYONE, own} & {title.strip() for title in titles} else titles[0]


def _show(what: str, positions: Iterator[int], total: int) -> None:
    """Follow a retrieval with a bar, where there is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(what, total=total)
        for position in positions:
            progress.update(task, completed=position)
