"""C-MOVE and C-GET as a service class user of Query/Retrieve, Study Root (PS3.4 Annex C)."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from pynetdicom import build_context, evt
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from triage_node.dimse.requestor import associate
from triage_node.dimse.requests import Requests
from triage_node.endpoints import Peer
from triage_node.errors import PeerBusy, PeerRefused, PeerUnreachable
from triage_node.ingest import SOP_CLASS_NOT_SUPPORTED, file_start, is_storage

SYNTAXES = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    RLELossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
]
"""Each is proposed in a context of its own: a source then sends as it has stored."""
MOST_CLASSES = 12
"""With these syntaxes so many fit into the 128 contexts of an association, beside C-GET's own."""

# Each response may take as long as an answer; all those to one request together may not.
ANSWERS_OF_PATIENCE = 15
PENDING = 0xFF00
SUB_OPERATIONS_FAILED = 0xB000
DESTINATION_UNKNOWN = 0xA801
# PS3.4 Table C.4-2: out of resources, for the number of matches and for sub-operations.
BUSY = frozenset([0xA700, 0xA701, 0xA702])

Store = Callable[[bytes], int]
"""Takes a file, and returns the status of its C-STORE."""


@dataclass(frozen=True)
class SubOperations:
    """How far a retrieval has come, in instances."""

    completed: int
    failed: int


@dataclass(frozen=True)
class Selection:
    """Instances of one series that are to be retrieved."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uids: Sequence[str]

    def identifier(self) -> Dataset:
        """Return the identifier of a request (PS3.4 C.4.2.1.4)."""
        ds = Dataset()
        ds.QueryRetrieveLevel = "IMAGE"
        ds.StudyInstanceUID = self.study_instance_uid
        ds.SeriesInstanceUID = self.series_instance_uid
        ds.SOPInstanceUID = list(self.sop_instance_uids)
        return ds


def move(
    peer: Peer,
    selections: Iterable[Selection],
    destination: str,
    calling_ae_title: str,
    timeout_seconds: float,
    answer_seconds: float,
) -> Iterator[SubOperations]:
    """Have instances sent to an AE title by C-MOVE, a request a selection, and yield how far it is.

    Raises
    ------
    PeerRefused
        The peer does not know the destination, or refuses.
    PeerError
        It cannot be reached, falls silent or is busy.
    """
    model = StudyRootQueryRetrieveInformationModelMove
    with associate(peer, [build_context(model)], calling_ae_title, timeout_seconds, answer_seconds) as requests:
        progress = _Progress(requests, peer, destination, ANSWERS_OF_PATIENCE * answer_seconds)
        for one in selections:
            identifier = one.identifier()
            yield from progress.follow(
                lambda assoc, number, ds=identifier: assoc.send_c_move(ds, destination, model, number)  # type: ignore[misc]
            )


def get(
    peer: Peer,
    selections: Iterable[Selection],
    sop_class_uids: Iterable[str],
    store: Store,
    largest_bytes: int,
    calling_ae_title: str,
    timeout_seconds: float,
    answer_seconds: float,
) -> Iterator[SubOperations]:
    """Retrieve instances by C-GET over the same association, a request a selection, and yield how far it is.

    Parameters
    ----------
    sop_class_uids
        The classes of the instances.
    store
        Keeps an instance, which comes as the bytes of a file, in memory.
    largest_bytes
        A peer that sends more at once is hung up on.

    Raises
    ------
    PeerError
        As of `move`.
    """
    model = StudyRootQueryRetrieveInformationModelGet
    classes = [uid for uid in dict.fromkeys(sop_class_uids) if is_storage(uid)][:MOST_CLASSES]
    contexts = [build_context(model), *(build_context(uid, syntax) for uid, syntax in product(classes, SYNTAXES))]
    who = calling_ae_title, timeout_seconds, answer_seconds
    roles, handlers = _provider_roles(classes), [(evt.EVT_C_STORE, _handler(peer, store))]
    with associate(peer, contexts, *who, roles, handlers, largest_bytes) as requests:
        progress = _Progress(requests, peer, calling_ae_title, ANSWERS_OF_PATIENCE * answer_seconds)
        for one in selections:
            identifier = one.identifier()
            yield from progress.follow(
                lambda assoc, number, ds=identifier: assoc.send_c_get(ds, model, number)  # type: ignore[misc]
            )


def _provider_roles(sop_class_uids: Iterable[str]) -> list[SCP_SCU_RoleSelectionNegotiation]:
    """Propose that we are the provider of storage, to whom the peer stores (PS3.4 C.5.3, PS3.7 D.3.3.4)."""
    roles = []
    for sop_class_uid in sop_class_uids:
        role = SCP_SCU_RoleSelectionNegotiation()
        role.sop_class_uid, role.scu_role, role.scp_role = UID(sop_class_uid), False, True
        roles.append(role)
    return roles


def _handler(peer: Peer, store: Store) -> Callable[[evt.Event], int]:
    def keep(event: evt.Event) -> int:
        request = event.request
        if not is_storage(str(request.AffectedSOPClassUID)) or request.DataSet is None:
            return SOP_CLASS_NOT_SUPPORTED
        uids = str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID)
        start = file_start(*uids, str(event.context.transfer_syntax), peer.ae_title)
        return store(start + request.DataSet.getvalue())

    return keep


class _Progress:
    """The sub-operations of several requests, added up; each request may take so long."""

    def __init__(self, requests: Requests, peer: Peer, destination: str, patience_seconds: float) -> None:
        self._requests = requests
        self._peer = peer
        self._destination = destination
        self._patience_seconds = patience_seconds
        self._before = SubOperations(0, 0)

    def follow(self, send: Callable[..., Iterator[tuple[Dataset, Dataset | None]]]) -> Iterator[SubOperations]:
        """Send a request, and yield how far all are with each of its responses."""
        deadline = time.monotonic() + self._patience_seconds
        for status, command, _ in self._requests.stream(send):
            if time.monotonic() > deadline:
                raise PeerUnreachable(f"{self._peer} does not come to an end of a retrieval.")
            so_far = SubOperations(
                self._before.completed + _count(command, "Completed") + _count(command, "Warning"),
                self._before.failed + _count(command, "Failed"),
            )
            if status != PENDING:
                self._judge(status)
                self._before = so_far
                yield so_far
                return
            yield so_far
        raise PeerUnreachable(f"{self._peer} did not answer a retrieval to its end.")

    def _judge(self, status: int) -> None:
        """Sort the last status (PS3.4 Tables C.4-2 and C.4-3); that some failed, their number says."""
        if status in (0x0000, SUB_OPERATIONS_FAILED):
            return
        if status == DESTINATION_UNKNOWN:
            raise PeerRefused(
                f"{self._peer} does not know the move destination {self._destination} (0x{status:04X}): add this AE "
                "title with its host and port there."
            )
        if status in BUSY:
            raise PeerBusy(f"{self._peer} answered 0x{status:04X}: it cannot retrieve now.")
        raise PeerRefused(f"{self._peer} answered 0x{status:04X}: it refuses the retrieval.")


def _count(command: Dataset, what: str) -> int:
    return int(command.get(f"NumberOf{what}Suboperations") or 0)
