"""The inference process: the only one that loads TensorFlow, so that nothing here can stall the listener.

Started by `Supervisor`. The settings arrive as a line of JSON on standard input, which then stays open: later lines are
other settings, and when it ends, the node is gone and so is the worker. Each line on standard output is a JSON message
to the node.
"""

import json
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress

from triage_node.config import Settings
from triage_node.errors import ModelError, StorageError
from triage_node.logs import configure_logging, native_messages_silenced
from triage_node.pipeline.calibration import calibrations_of
from triage_node.pipeline.policy import policy_for
from triage_node.pipeline.runner import Runner
from triage_node.report import preload
from triage_node.storage import Spool, device_uid, spool_folder
from triage_node.worklist import Claim, Worklist
from triage_node.zone import live_in

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
RENEW_SECONDS = 10.0
PAUSE_AFTER_ERROR_SECONDS = 2.0
EXIT_MODEL_ERROR = 3
EXIT_STUCK = 4


class Lease:
    """Keep the lease of the study in work, and end the process when a study takes too long."""

    def __init__(self, worklist: Worklist, timeout_seconds: float) -> None:
        self._worklist = worklist
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._claim: Claim | None = None
        self._started_at = 0.0
        threading.Thread(target=self._run, name="lease", daemon=True).start()

    def hold(self, claim: Claim | None) -> None:
        """Hold the lease of a claim from now on, or of none."""
        with self._lock:
            self._claim, self._started_at = claim, time.monotonic()

    def _run(self) -> None:
        waited = 0.0
        step = min(1.0, self._timeout_seconds / 4)
        while True:
            time.sleep(step)
            waited += step
            with self._lock:
                claim, started_at = self._claim, self._started_at
            if claim is None:
                continue
            if time.monotonic() - started_at > self._timeout_seconds:
                log.error("analysis_stuck study_instance_uid=%s", claim.study_instance_uid)
                os._exit(EXIT_STUCK)
            if waited >= RENEW_SECONDS:
                waited = 0.0
                self._renew(claim)

    def _renew(self, claim: Claim) -> None:
        try:
            self._worklist.claims.renew(claim)
        except StorageError as error:
            log.error("lease_not_renewed error=%s", error)


class Latest:
    """The settings that the node sent last; without the node the process ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def settings(self) -> Settings:
        """Return them."""
        return self._settings

    def follow(self) -> None:
        """Read until the node is gone."""
        try:
            for line in sys.stdin:
                self._settings = Settings(**json.loads(line))
                logging.getLogger().setLevel(self._settings.log_level)
        finally:
            os._exit(0)


def main() -> int:
    """Load the model, say that the worker is ready, and run studies until the node ends."""
    # Ctrl-C is for the node, which ends its worker.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = Settings(**json.loads(sys.stdin.readline()))
    live_in(settings.timezone)
    configure_logging(settings.log_level)
    latest = Latest(settings)
    threading.Thread(target=latest.follow, name="lifeline", daemon=True).start()
    os.nice(settings.worker_nice)
    from triage_node.models import explain_with, load_model

    start = time.perf_counter()
    try:
        device_uid(settings.data_dir)
        with native_messages_silenced():
            model = load_model(settings.model)
            model.warm_up()
        preload()
    except (ModelError, StorageError) as error:
        _tell(error=str(error))
        return EXIT_MODEL_ERROR
    worklist = Worklist(settings)
    spool = Spool(spool_folder(settings.data_dir))
    name = f"{settings.node_name}:{os.getpid()}"
    is_explained = settings.explanation != "off" or settings.summary_localization
    explain = explain_with(model) if is_explained else None
    policy = policy_for(settings, model.manifest)
    calibrations = calibrations_of(model.manifest)
    runner = Runner(
        name,
        settings,
        spool,
        worklist,
        model,
        policy,
        explain=explain,
        calibrations=calibrations,
        latest_settings=latest.settings,
    )
    _tell(ready=True, device=model.device, model=model.identity.name, version=model.identity.version)
    log.info("worker_ready device=%s seconds=%.1f", model.device, time.perf_counter() - start)
    _work(runner, Lease(worklist, settings.analysis_timeout_seconds))
    return 0


def _work(runner: Runner, lease: Lease) -> None:
    while True:
        try:
            claim = runner.claim()
            if claim is None:
                time.sleep(POLL_SECONDS)
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


def _tell(**message: object) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    sys.exit(main())
