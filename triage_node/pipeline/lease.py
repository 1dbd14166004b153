"""The lease of the study in work."""

import logging
import os
import threading
import time
from collections.abc import Callable

from triage_node.errors import StorageError
from triage_node.logs import origin
from triage_node.worklist import Claim, Worklist

log = logging.getLogger(__name__)

RENEW_SECONDS = 10.0
EXIT_STUCK = 4


class Lease:
    """Keep the lease of the study in work, and end the process when a study takes too long.

    Parameters
    ----------
    end
        Ends the process with an exit code.
    """

    def __init__(self, worklist: Worklist, timeout_seconds: float, end: Callable[[int], object] = os._exit) -> None:
        self._worklist = worklist
        self._timeout_seconds = timeout_seconds
        self._end = end
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
                self._end(EXIT_STUCK)
                return
            if waited >= RENEW_SECONDS:
                waited = 0.0
                self._renew(claim)

    def _renew(self, claim: Claim) -> None:
        try:
            self._worklist.claims.renew(claim)
        except Exception as error:  # a border: a lease that nobody renews gives the study to a second worker
            log.error("lease_not_renewed error=%s", error if isinstance(error, StorageError) else origin(error))
