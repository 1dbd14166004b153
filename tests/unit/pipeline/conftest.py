"""A runner with the shipped model on a spool and a worklist; no process, no network."""

import time

import pytest
from ct import save

from triage_node.imaging import Policy
from triage_node.ingest.header import read_header
from triage_node.ingest.unindexed_instance import received_instance
from triage_node.models import load_model
from triage_node.pipeline.runner import Runner
from triage_node.storage import Spool
from triage_node.worklist import Worklist

DESTINATION = "PACS@127.0.0.1:1"


@pytest.fixture(scope="session")
def model():
    return load_model("default")


@pytest.fixture
def node(make_settings, model, clock, tmp_path):
    """Spool, worklist and runner; `receive` keeps a study as the intake does."""

    class StartedNode:
        settings = make_settings(destinations=[DESTINATION], analysis_attempts=1)
        spool = Spool(settings.data_dir / "spool")
        worklist = Worklist(settings, clock)

        def __init__(self) -> None:
            self.worklist.prepare()
            self.clock = clock
            self.runner = self.runner_with(model)

        def runner_with(self, model, explain=None, tell=None, **changed) -> Runner:
            settings = self.settings.model_copy(update=changed)
            arguments = settings, self.spool, self.worklist, model, Policy(), time.time
            return Runner("test:1", *arguments, explain=explain, tell=tell)

        def receive(self, *datasets) -> str:
            for path in save(datasets, tmp_path / "sent"):
                content = path.read_bytes()
                header = read_header(content)
                incoming = self.spool.keep([content], header.study_instance_uid, header.sop_instance_uid)
                self.spool.file(incoming, header.study_instance_uid, header.sop_instance_uid)
                self.worklist.registration.register([received_instance(header, len(content), clock())])
                self.spool.forget(incoming)
            clock.forward(100)
            self.worklist.study_completion.advance()
            return str(datasets[0].StudyInstanceUID)

        def run(self, runner: Runner | None = None) -> bool:
            runner = runner or self.runner
            return runner.run(runner.claim())

    started = StartedNode()
    yield started
    started.worklist.close()
