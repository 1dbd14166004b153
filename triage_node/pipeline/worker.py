"""Who analyzes: the model, and the studies that it claims one after another.

It is the only one that loads TensorFlow, so that nothing here can stall the listener. Which engine gives it a process
says `engines`.
"""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from triage_node.config import Settings
from triage_node.errors import ModelError, StorageError
from triage_node.instrumentation import FinishedAnalysis, traces_to
from triage_node.logs import native_messages_silenced, origin
from triage_node.pipeline.calibration import calibrations_of
from triage_node.pipeline.lease import Lease
from triage_node.pipeline.policy import policy_for
from triage_node.pipeline.runner import Runner
from triage_node.pipeline.telling import trace_analysis
from triage_node.report import preload
from triage_node.storage import Spool, device_uid
from triage_node.worklist import Channel, Claim, Waiter, Worklist
from triage_node.zone import live_in

log = logging.getLogger(__name__)

Tell = Callable[..., None]
"""Sends a message to the node, by its fields."""

POLL_SECONDS = 0.1
PAUSE_AFTER_ERROR_SECONDS = 2.0
EXIT_MODEL_ERROR = 3


class Worker:
    """One that claims as `name`; it has its process to itself.

    Parameters
    ----------
    name
        Who claims, unlike any other's.
    latest_settings
        Return the settings as they are now.
    tell
        Is told that it is ready, or why not, and of each analysis that has ended.
    end
        Ends the process, with an exit code, when a study takes too long.
    """

    def __init__(
        self,
        name: str,
        latest_settings: Callable[[], Settings],
        tell: Tell,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._name = name
        self._latest_settings = latest_settings
        self._tell = tell
        self._end = end

    def run(self) -> int:
        """Load the model, say that it is ready, and run studies for ever; return an exit code if it cannot begin."""
        start = time.perf_counter()
        settings = self._latest_settings()
        live_in(settings.timezone)
        os.nice(settings.worker_nice)
        from triage_node.models import load_model

        try:
            device_uid(settings.data_dir)
            with native_messages_silenced():
                model = load_model(settings.model)
                model.warm_up()
                from triage_node.models import gpu_memory  # it loads TensorFlow
            preload()
        except (ModelError, StorageError) as error:
            self._tell(error=str(error))
            return EXIT_MODEL_ERROR
        worklist = Worklist(settings)
        worklist.listen()
        runner = self._runner(settings, worklist, model, gpu_memory)
        who = model.identity
        self._tell(ready=True, device=model.device, model=who.name, version=who.version, sha256=who.sha256)
        log.info("worker_ready device=%s seconds=%.1f", model.device, time.perf_counter() - start)
        lease = Lease(worklist, settings.analysis_timeout_seconds, self._end)
        _work(runner, lease, worklist.waiter(Channel.STUDIES))
        return 0

    def _runner(self, settings: Settings, worklist: Worklist, model: Any, gpu_memory: Callable[[], object]) -> Runner:
        from triage_node.models import explain_with

        traces = traces_to(settings.otel_endpoint, "triage-node-worker", self._name)
        is_explained = settings.explanation != "off" or settings.summary_localization

        def tell(claim: Claim, finished: FinishedAnalysis) -> None:
            try:
                trace_analysis(traces, claim, finished, worklist.clock())
                self._tell(finished=finished.as_dict(), gpu_memory_bytes=gpu_memory())
            except Exception as error:  # a border: who watches must not cost a worker its life
                log.error("analysis_not_told error=%s", origin(error))

        return Runner(
            self._name,
            settings,
            Spool.of(settings),
            worklist,
            model,
            policy_for(settings, model.manifest),
            worklist.clock,
            explain=explain_with(model) if is_explained else None,
            calibrations=calibrations_of(model.manifest),
            tell=tell,
            latest_settings=self._latest_settings,
        )


def _work(runner: Runner, lease: Lease, waiter: Waiter) -> None:
    while True:
        try:
            claim = runner.claim()
            if claim is None:
                waiter.wait(POLL_SECONDS)
                continue
            lease.hold(claim)
            runner.run(claim)
        except StorageError as error:
            log.error("study_given_back error=%s", error)
            lease.hold(None)
            _give_back(runner)
        finally:
            lease.hold(None)


def _give_back(runner: Runner) -> None:
    """Return what is claimed as soon as the worklist takes it: a study must not wait for the end of its lease.

    Nothing is claimed before the disk takes a result again.
    """
    is_back = False
    while not (is_back and runner.can_keep_results()):
        time.sleep(PAUSE_AFTER_ERROR_SECONDS)
        with suppress(StorageError):  # said already
            runner.give_back()
            is_back = True
