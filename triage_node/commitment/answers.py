"""What destinations answer to our requests for storage commitment."""

import logging

from pydicom.dataset import Dataset

from triage_node.dimse import ALL_COMMITTED, FAILURES_EXIST, Reference, Status, read_commitment_result
from triage_node.worklist import Worklist

log = logging.getLogger(__name__)


class Answers:
    """Take results, over whichever association they come."""

    def __init__(self, worklist: Worklist) -> None:
        self._requests = worklist.commitment_requests

    def take(self, event_type_id: int | None, ds: Dataset) -> Status:
        """Note a result, and return what its N-EVENT-REPORT is answered.

        Raises
        ------
        StorageError
            The database refused.
        """
        if event_type_id not in (ALL_COMMITTED, FAILURES_EXIST):
            return Status.NO_SUCH_EVENT_TYPE
        try:
            result = read_commitment_result(ds)
        except ValueError:
            return Status.INVALID_ARGUMENT_VALUE
        committed = {_pair(one) for one in result.committed}
        failed = {_pair(one): reason for one, reason in result.failed.items()}
        is_known = self._requests.answered(result.transaction_uid, committed, failed)
        values = (result.transaction_uid, len(committed), len(failed), is_known)
        log.info("commitment_answered transaction=%s committed=%d failed=%d known=%s", *values)
        return Status.SUCCESS if is_known else Status.NO_SUCH_ARGUMENT


def _pair(reference: Reference) -> tuple[str, str]:
    return reference.sop_class_uid, reference.sop_instance_uid
