"""The metrics of a node without the node: a real worklist, and parts that say they are well."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from certificates import Authority
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from triage_node.config import read_settings
from triage_node.findings import LABELS, Decision, Label, ModelIdentity
from triage_node.ingest.statuses import REFUSAL_REASONS
from triage_node.instrumentation import STEPS, FinishedAnalysis, Instruments
from triage_node.monitoring import Exposition
from triage_node.outcome import Outcome, Status
from triage_node.reasons import ReasonCode
from triage_node.storage import Spool, Watermarks, spool_folder
from triage_node.web.machinery import Fact, Intake, Job, Machinery, Reach, Worker
from triage_node.worklist import ReceivedInstance, Worklist

NOON = 1_700_000_000.0
OURS = "triage_"
PACS = "PACS@127.0.0.1:104"
NAME = re.compile(r"\b(?:triage|process)_[a-z0-9_]+")
SUFFIXES = ("_bucket", "_sum", "_count")


@contextmanager
def example_exposition(folder: Path) -> Iterator[Exposition]:
    """Return what a node exposes in which every family has a sample."""
    tls = Authority(folder / "ca").issue("node")
    files = {"web_tls_certificate": tls.certificate, "web_tls_key": tls.key}
    settings = read_settings(data_dir=folder / "data", destinations=[PACS], **files)
    now = [NOON]
    worklist, instruments = Worklist(settings, lambda: now[0]), Instruments()
    worklist.prepare()
    _work(worklist, now)
    instruments.expect_destination(PACS)
    instruments.expect_refusals(REFUSAL_REASONS)
    seconds = dict.fromkeys(STEPS, 1.0)
    finished = FinishedAnalysis(Status.ANALYZED, Decision.FLAGGED, (ReasonCode.PEDIATRIC,), seconds=seconds)
    instruments.analysis_finished(finished)
    spool = Spool(spool_folder(settings.data_dir), Watermarks.of(settings))
    memory = {"GPU:0": {"current": 1 << 30, "peak": 2 << 30}}
    machinery = Machinery(
        worker=lambda: Worker(7, True, "GPU: H", "net", "1", "", "ab", memory),
        jobs=lambda: [Job("study completion", 1.0, 1.0, "", 2.0, 0.1)],
        intake=lambda: Intake(True, 0, 0, "", True, 0, None, 0),
        reaches=lambda: [Reach(PACS, True, 1.0)],
    )
    try:
        yield Exposition(instruments, lambda: settings, worklist, spool, lambda: [Fact("database", True)], machinery)
    finally:
        worklist.close()


def _work(worklist: Worklist, now: list[float]) -> None:
    """Take two studies; one of them is analyzed, and its report delivered."""
    for uid in ("1.2", "1.3"):
        received = ReceivedInstance(
            uid, f"{uid}.1", f"{uid}.1.1", "1.2", "1.2.840.10008.1.2.1", 9, now[0], eligible=True
        )
        worklist.registration.register([received])
        now[0] += 1000.0 if uid == "1.2" else 5.0
        worklist.study_completion.advance()
    claim = worklist.claims.claim("w")
    assert claim is not None
    outcome = Outcome(
        Status.ANALYZED,
        ModelIdentity("net", "1", "ab"),
        series_instance_uid=f"{claim.study_instance_uid}.1",
        decision=Decision.FLAGGED,
        probabilities=dict.fromkeys(LABELS, 0.9),
        flagged=(Label.ANY,),
        report_sop_instance_uid="2.25.1",
        folder="1",
    )
    assert worklist.claims.finish(claim, outcome, [PACS])
    delivery = worklist.outbox.claim_next(PACS)
    assert delivery is not None
    worklist.outbox.delivered(delivery, "")


def exposed_families(exposition: Exposition) -> list[Metric]:
    """Return the node's own families of metrics, by name."""
    text = exposition.text("")[0].decode()
    return sorted(
        (family for family in text_string_to_metric_families(text) if family.name.startswith(OURS)),
        key=lambda family: family.name,
    )


def series_names(text: str) -> set[str]:
    """Return the names of all series of a text that Prometheus reads."""
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


def names_in(expression: str) -> set[str]:
    """Return the names of the node's series in an expression of PromQL."""
    without_values = re.sub(r'"[^"]*"', "", expression)
    return set(NAME.findall(without_values))
