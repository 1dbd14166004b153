"""The job that deletes what is old, and the oldest images when the disk is low."""

import logging
import time
from collections.abc import Callable

from triage_node.database import Part
from triage_node.errors import StorageError
from triage_node.retention.pace import Pace
from triage_node.retention.policy import RetentionPolicy
from triage_node.retention.study_deletion import StudyDeletion
from triage_node.retention.tally import Tally
from triage_node.retention.trusted_clock import TrustedClock
from triage_node.storage import RECOVERY, Level, Spool
from triage_node.worklist import Criteria, Deletion, Worklist

log = logging.getLogger(__name__)

AT_ONCE = 50
RUN_SECONDS = 20.0
"""So long a run lasts; what is left is left to the next."""


class Retention:
    """Delete by the policy.

    Parameters
    ----------
    clock
        What goes by age waits until it is trusted; what goes because the disk is low does not: it is the oldest by any
        clock.
    """

    def __init__(
        self, worklist: Worklist, spool: Spool, policy: RetentionPolicy, pace: Pace, clock: TrustedClock | None = None
    ) -> None:
        self._deletions = worklist.deletions
        self._spool = spool
        self._policy = policy
        self._pace = pace
        self._clock = clock or TrustedClock()
        self._study_deletion = StudyDeletion(worklist, spool, pace)

    def use(self, policy: RetentionPolicy) -> None:
        """Delete by another policy from the next step on."""
        self._policy = policy

    def end(self) -> None:
        """Begin nothing more; what is being deleted is gone on with at the next start."""
        self._pace.end()

    def run(self) -> Tally:
        """Go on with what was cut off, then delete what is due.

        Raises
        ------
        StorageError
            Something could not be deleted; everything else was, and that is tried again by the next run.
        """
        tally, end_at = Tally(), time.monotonic() + RUN_SECONDS
        for deletion in self._deletions.unfinished():
            self._finish(deletion, tally)
        is_time = lambda: not self._pace.is_ended and time.monotonic() < end_at  # noqa: E731
        self._by_age(tally, is_time)
        self._for_room(tally, is_time)
        if not tally.is_empty:
            log.info("retention_deleted %s", tally.words)
        if tally.failed:
            raise StorageError(f"Of {tally.failed} studies not all could be deleted; the log says why.")
        return tally

    def _by_age(self, tally: Tally, is_time: Callable[[], bool]) -> None:
        if not self._clock.is_trusted:
            return
        for rule in self._policy.ages:
            self._delete(self._policy.by_age(rule, self._clock()), rule.words, tally, is_time)

    def _for_room(self, tally: Tally, is_time: Callable[[], bool]) -> None:
        """Delete until the disk is well again, and no more than what makes it so: some file systems free later."""
        criteria, space = self._policy.for_room(self._clock()), self._spool.space()
        if criteria is None or space.level is Level.OK:
            return
        enough = tally.size_bytes + space.warn * RECOVERY - space.free

        def is_wanted() -> bool:
            return is_time() and tally.size_bytes < enough and self._spool.space().level is not Level.OK

        self._delete(criteria, self._policy.room_words, tally, is_wanted)

    def _delete(self, criteria: Criteria, why: str, tally: Tally, is_wanted: Callable[[], bool]) -> None:
        while is_wanted() and (due := self._deletions.due(criteria, AT_ONCE)):
            before = tally.studies.total() + tally.failed
            for uid in due:
                if not is_wanted():
                    return
                deletion = self._deletions.begin(uid, criteria, why)
                if deletion is not None:
                    self._finish(deletion, tally)
            if tally.studies.total() + tally.failed == before:
                return  # none of them is due any more; others are seen by the next run

    def _finish(self, deletion: Deletion, tally: Tally) -> None:
        try:
            files = self._study_deletion.finish(deletion)
        except StorageError as error:
            log.error("not_deleted study_instance_uid=%s error=%s", deletion.study_instance_uid, error)
            tally.failed += 1
            return
        tally.studies[deletion.part] += 1
        if deletion.part is Part.IMAGES:
            tally.files += files
            tally.size_bytes += deletion.size_bytes
