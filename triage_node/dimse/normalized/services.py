"""The services of normalized objects that the listener offers beside C-ECHO and C-STORE."""

import io
import logging
import threading
from collections.abc import Iterable, Sequence

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID

from triage_node.dimse.command_set import Command, Operation
from triage_node.dimse.normalized.service import FollowUp, OwingService, Service, ServiceRequest, ServiceResponse
from triage_node.dimse.normalized.status import Status
from triage_node.dimse.pdu import ProtocolError
from triage_node.errors import StorageError
from triage_node.ingest import Sender
from triage_node.logs import origin

log = logging.getLogger(__name__)

# 10,000 references of a storage commitment with the longest UIDs have 1.5 MB.
LONGEST_DATA_SET_BYTES = 2 << 20
UNDEFINED_LENGTH = 0xFFFFFFFF


class GatheredDataSet:
    """The data set of a normalized request, in memory."""

    def __init__(self) -> None:
        self._gathered = bytearray()

    def add(self, fragment: memoryview) -> None:
        """Add a fragment.

        Raises
        ------
        ProtocolError
            It is longer than the node takes.
        """
        self._gathered += fragment
        if len(self._gathered) > LONGEST_DATA_SET_BYTES:
            raise ProtocolError("the data set is longer than the node takes")

    def discard(self) -> None:
        """Forget it."""
        self._gathered = bytearray()

    def decode(self, transfer_syntax: str) -> Dataset:
        """Return it, or raise whatever pydicom raises, and `EOFError` when it is cut off."""
        syntax, file, ends = UID(transfer_syntax), io.BytesIO(self._gathered), [0]

        def note(_tag: BaseTag, _vr: str | None, length: int) -> bool:
            ends.append(file.tell() + (0 if length == UNDEFINED_LENGTH else length))
            return False

        ds = read_dataset(file, syntax.is_implicit_VR, syntax.is_little_endian, stop_when=note)
        if max(ends) > len(self._gathered) or (self._gathered and not ds):
            raise EOFError  # pydicom takes what is there of the last element
        return ds


def encoded_data_set(ds: Dataset, transfer_syntax: str) -> bytes:
    """Return a data set in an uncompressed transfer syntax."""
    syntax, buffer = UID(transfer_syntax), DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = syntax.is_little_endian, syntax.is_implicit_VR
    write_dataset(buffer, ds)
    return buffer.getvalue()


class Services:
    """Services by SOP class. One request after the other is answered, so that many large ones never fill the memory."""

    def __init__(self, services: Iterable[Service] = ()) -> None:
        self._by_class = {sop_class_uid: service for service in services for sop_class_uid in service.sop_classes}
        self._turn = threading.Lock()

    def __contains__(self, sop_class_uid: str) -> bool:
        return sop_class_uid in self._by_class

    def roles(self, sop_class_uid: str, proposed: tuple[bool, bool]) -> tuple[bool, bool]:
        """Return which of the proposed roles of a requestor, SCU and SCP, it may have (PS3.7 D.3.3.4)."""
        operations, (is_user, is_provider) = self._by_class[sop_class_uid].operations, proposed
        takes_requests = bool(operations - {Operation.N_EVENT_REPORT})
        return is_user and takes_requests, is_provider and Operation.N_EVENT_REPORT in operations

    def owed(self, sop_class_uid: str, sender: Sender) -> Sequence[FollowUp]:
        """Return the events that a service owes to who has associated."""
        service = self._by_class[sop_class_uid]
        if not isinstance(service, OwingService):
            return ()
        try:
            return service.owed(sender)
        except Exception as error:  # a border: they go on being owed
            log.error("service_failed error=%s", origin(error))
            return ()

    def answer(
        self, command: Command, abstract_syntax: str, transfer_syntax: str, encoded: GatheredDataSet, sender: Sender
    ) -> ServiceResponse:
        """Have a request on a presentation context answered."""
        service = self._by_class[abstract_syntax]
        if command.sop_class_uid != abstract_syntax:
            return ServiceResponse(Status.NO_SUCH_SOP_CLASS)
        if command.operation not in service.operations:
            return ServiceResponse(Status.UNRECOGNIZED_OPERATION)
        with self._turn:
            try:
                data_set = encoded.decode(transfer_syntax)
                operation = Operation(command.operation)
                identity = (command.sop_class_uid, command.sop_instance_uid, command.type_id)
                return service.answer(ServiceRequest(operation, *identity, data_set, sender))
            except StorageError as error:
                log.error("service_failed operation=%s error=%s", command.operation, error)
                return ServiceResponse(Status.RESOURCE_LIMITATION)
            except Exception as error:  # a border: whatever a peer has sent
                log.error("service_failed operation=%s error=%s", command.operation, origin(error))
                return ServiceResponse(Status.PROCESSING_FAILURE)
