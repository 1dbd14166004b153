"""The demonstration: a node, a stand-in PACS, three studies over real associations, and what came back."""

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from rich.console import Console
from rich.table import Table

from triage_node.config import read_settings
from triage_node.demo.pacs import Arrival, StandInPACS
from triage_node.demo.studies import DemoStudy, unpack
from triage_node.dimse import store_files
from triage_node.endpoints import Peer
from triage_node.errors import TriageError
from triage_node.identity import Role, one_time_password
from triage_node.logs import configure_logging
from triage_node.node import Node
from triage_node.report import Form, SourceNames, written
from triage_node.stop_signal import StopSignal
from triage_node.worklist import Study

SERIES_QUIET_SECONDS = 1.0
STUDY_QUIET_SECONDS = 2.0
MODEL_SECONDS = 180.0
REPORT_SECONDS = 120.0
USER = "demo"


@dataclass(frozen=True)
class Turnaround:
    """The way of one study in seconds; ``total`` is from the last C-STORE to the report at the PACS, less the timer."""

    sending: float
    timer: float
    read: float
    infer: float
    report: float
    total: float


def run_demo(keep_running: bool) -> int:
    """Run the demonstration; return the exit code."""
    configure_logging("ERROR")
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="triage-node-demo-"))
    pacs = StandInPACS()
    settings = read_settings(
        dicom_port=0,
        web_enabled=True,
        web_host="127.0.0.1",
        web_port=0,
        data_dir=folder / "data",
        destinations=[pacs.address],
        series_quiet_seconds=SERIES_QUIET_SECONDS,
        study_quiet_seconds=STUDY_QUIET_SECONDS,
        prior_study_days=0,
        disk_reserve_mb=64,
        log_level="ERROR",
    )
    node = Node(settings)
    try:
        node.start()
        _wait_for_model(node, console)
        missing = sum(_show_study(study, node, pacs, console) is None for study in unpack(folder / "studies"))
        if keep_running and not missing:
            _keep_running(node, console)
        return 1 if missing else 0
    finally:
        node.stop()
        pacs.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_model(node: Node, console: Console) -> None:
    start = time.monotonic()
    with console.status("Starting the node and loading the model …"):
        assert node.supervisor is not None, "the demonstration has every role"
        status = node.supervisor.wait_ready(MODEL_SECONDS)
    if not status.ready:
        raise TriageError(f"The model did not start: {status.error or 'no answer in time'}.")
    console.print(
        f"Node [bold]{node.settings.ae_title}[/] on port {_port(node)}; "
        f"model {status.model} {status.version} on {status.device}, ready in {time.monotonic() - start:.1f} s",
        highlight=False,
    )


def _port(node: Node) -> int:
    assert node.listener is not None, "the demonstration has every role"
    return node.listener.port


def _show_study(study: DemoStudy, node: Node, pacs: StandInPACS, console: Console) -> Arrival | None:
    start = time.monotonic()
    sent_at = _send(study, node, console)
    with console.status("Waiting for the report …"):
        arrival = pacs.wait_for(study.study_instance_uid, REPORT_SECONDS)
    if arrival is None:
        console.print(f"[red]No report of the study {study.title} came back in {REPORT_SECONDS:.0f} s.[/]")
        return None
    details = node.worklist.study_details.study(study.study_instance_uid)
    seconds = _turnaround(start, sent_at, arrival, details, node)
    title = f"A generated study {study.title}: {len(study.files)} instances"
    console.rule(title, align="left")
    names = SourceNames.of(dcmread(path, stop_before_pixels=True) for path in study.files)
    console.print(written(Form.TEXT, arrival.report, names).decode(), markup=False, highlight=False, soft_wrap=True)
    console.print(_table(seconds))
    return arrival


def _send(study: DemoStudy, node: Node, console: Console) -> float:
    to = Peer(node.settings.ae_title, "127.0.0.1", _port(node))
    with console.status(f"Sending {len(study.files)} instances …"):
        errors = [sent.error for sent in store_files(to, study.files, StandInPACS.ae_title, 10.0) if sent.error]
    if errors:
        raise TriageError(f"The node refused {len(errors)} instances: {errors[0]}")
    return time.monotonic()


def _turnaround(start: float, sent_at: float, arrival: Arrival, details: Study, node: Node) -> Turnaround:
    ready = [event.code for event in details.events if event.to_state == "ready"]
    by_series = ready[-1:] == ["series_quiet"]
    settings = node.settings
    timer = settings.series_quiet_seconds if by_series else settings.study_quiet_seconds
    seconds = details.outcomes[-1].seconds
    return Turnaround(
        sending=sent_at - start,
        timer=timer,
        read=seconds.get("read", 0.0),
        infer=seconds.get("infer", 0.0),
        report=seconds.get("report", 0.0),
        total=arrival.at_seconds - sent_at - timer,
    )


def _table(seconds: Turnaround) -> Table:
    table = Table("Sending", "Quiet timer", "Read", "Infer", "Report", "Last C-STORE to report at PACS, less the timer")
    values = (seconds.sending, seconds.timer, seconds.read, seconds.infer, seconds.report, seconds.total)
    table.add_row(*(f"{value:.2f} s" for value in values))
    return table


def _keep_running(node: Node, console: Console) -> None:
    """Leave the pages to be looked at, and the listener to be sent to, until a signal comes."""
    assert node.web is not None
    password = one_time_password()
    node.worklist.accounts.add(USER, Role.ADMINISTRATOR, password)
    with StopSignal() as stop:
        console.rule("Look at them", align="left")
        for line in (
            f"{node.web.address}    sign in as {USER} with the password {password}",
            f"More studies: triage-node send FILES --to {node.settings.ae_title}@127.0.0.1:{_port(node)}",
            "Ctrl-C ends it, and leaves nothing behind.",
        ):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        stop.wait()
