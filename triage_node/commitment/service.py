"""Storage commitment as the listener offers it, in both roles."""

from collections.abc import Callable, Sequence

from pydicom.dataset import Dataset

from triage_node.commitment.results import ResultFollowUp, Results
from triage_node.dimse import (
    REQUEST_ACTION,
    STORAGE_COMMITMENT,
    WELL_KNOWN_INSTANCE,
    Operation,
    ServiceRequest,
    ServiceResponse,
    Status,
    read_commitment_request,
)
from triage_node.errors import IllegalMove
from triage_node.ingest import Sender
from triage_node.worklist import Worklist

MOST_OWED = 8


class CommitmentService:
    """Take requests for commitment, and the results of requests of ours.

    Parameters
    ----------
    take
        Takes Event Type ID and Event Information of a result, and says what is answered.
    """

    sop_classes = frozenset([STORAGE_COMMITMENT])
    operations = frozenset([Operation.N_ACTION, Operation.N_EVENT_REPORT])

    def __init__(self, worklist: Worklist, results: Results, take: Callable[[int | None, Dataset], Status]) -> None:
        self._worklist = worklist
        self._results = results
        self._take = take

    def answer(self, request: ServiceRequest) -> ServiceResponse:
        """Answer an N-ACTION or an N-EVENT-REPORT."""
        if request.sop_instance_uid != WELL_KNOWN_INSTANCE:
            return ServiceResponse(Status.NO_SUCH_SOP_INSTANCE)
        if request.operation is Operation.N_EVENT_REPORT:
            return ServiceResponse(self._take(request.type_id, request.data_set))
        if request.type_id != REQUEST_ACTION:
            return ServiceResponse(Status.NO_SUCH_ACTION_TYPE)
        return self._begin(request)

    def owed(self, sender: Sender) -> Sequence[ResultFollowUp]:
        """Return results that could not be told to a requestor who is here now."""
        numbers = self._worklist.commitment_transactions.owed(sender.calling_ae_title, MOST_OWED)
        return [ResultFollowUp(number, self._results, self._worklist) for number in numbers]

    def _begin(self, request: ServiceRequest) -> ServiceResponse:
        try:
            transaction_uid, references = read_commitment_request(request.data_set)
        except ValueError as error:
            return ServiceResponse(Status.INVALID_ARGUMENT_VALUE, comment=str(error).capitalize())
        pairs = [(one.sop_class_uid, one.sop_instance_uid) for one in references]
        title = request.sender.calling_ae_title
        try:
            number = self._worklist.commitment_transactions.open(transaction_uid, title, pairs)
        except IllegalMove as error:
            return ServiceResponse(Status.DUPLICATE_TRANSACTION_UID, comment=str(error))
        return ServiceResponse(Status.SUCCESS, follow_up=ResultFollowUp(number, self._results, self._worklist))
