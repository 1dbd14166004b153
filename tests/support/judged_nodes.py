"""What a node leaves behind: a worklist, a spool, answers and what readers said of them, without running one."""

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydicom import Dataset
from spools import MODEL
from typer.testing import CliRunner, Result

from triage_node.cli import app
from triage_node.config import read_settings
from triage_node.findings import LABELS, Decision, Label
from triage_node.ingest.header import read_header
from triage_node.ingest.unindexed_instance import received_instance
from triage_node.outcome import Outcome, Status
from triage_node.storage import Spool, spool_folder
from triage_node.worklist import Worklist

RECEIVED_AT = 1_700_000_000.0


class JudgedNode:
    """A data folder, and the commands that are run on it in this process."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.worklist = Worklist(read_settings(data_dir=self.data))
        self.worklist.prepare()
        self.spool = Spool(spool_folder(self.data))

    def receive(self, datasets: Sequence[Dataset]) -> str:
        """Keep and register instances of one study; return its UID."""
        for ds in datasets:
            buffer = io.BytesIO()
            ds.save_as(buffer, enforce_file_format=True)
            content, header = buffer.getvalue(), read_header(buffer.getvalue())
            incoming = self.spool.keep([content], header.study_instance_uid, header.sop_instance_uid)
            self.spool.file(incoming, header.study_instance_uid, header.sop_instance_uid)
            self.worklist.registration.register([received_instance(header, len(content), RECEIVED_AT)])
            self.spool.forget(incoming)
        return str(datasets[0].StudyInstanceUID)

    def answer(self, uid: str, flagged: tuple[Label, ...] = (), uncertain: tuple[Label, ...] = ()) -> None:
        """Write an outcome of a study, as if a model had said so."""
        decision = Decision.FLAGGED if flagged else Decision.UNCERTAIN if uncertain else Decision.NOT_FLAGGED
        self.worklist.reader_actions.requeue(uid, "test")
        claim = self.worklist.claims.claim("test")
        outcome = Outcome(
            Status.ANALYZED, MODEL, series_instance_uid="1.2", decision=decision,
            probabilities=dict.fromkeys(LABELS, 0.5), flagged=flagged, uncertain=uncertain,
        )  # fmt: skip
        assert claim is not None
        assert claim.study_instance_uid == uid
        assert self.worklist.claims.finish(claim, outcome, [])

    def judge(self, uid: str, agrees: bool, types: Sequence[str] = ()) -> None:
        """Have a reader say whether the answer is right."""
        self.worklist.reader_actions.give_verdict(uid, agrees, types, "reader ray")

    def run(self, *arguments: Any) -> Result:
        """Run a command of `triage-node`."""
        told = [*map(str, arguments), "--data-dir", str(self.data)]
        with _logging_kept():
            return CliRunner().invoke(app, told, catch_exceptions=False)


@contextmanager
def _logging_kept() -> Iterator[None]:
    """Leave the logging of this process as it was; a command sets it up for its own."""
    root = logging.getLogger()
    loggers = [root, *(one for one in root.manager.loggerDict.values() if isinstance(one, logging.Logger))]
    handlers, levels = list(root.handlers), [one.level for one in loggers]
    try:
        yield
    finally:
        root.handlers[:] = handlers
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)
