"""The DIMSE listener: C-ECHO and C-STORE of every storage class in every transfer syntax."""

import logging
from typing import Any

from pynetdicom import AE, AllStoragePresentationContexts, _config, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from triage_node.config import Settings
from triage_node.errors import InvalidInstance, StorageError
from triage_node.intake.door import Door, Sender
from triage_node.intake.transport import BoundedSocket
from triage_node.logs import origin

log = logging.getLogger(__name__)

MAXIMUM_PDU_BYTES = 131072
HIGH_PRIORITY = 1

# PS3.4 Table B.2-1
SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
DATA_SET_DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
# PS3.7 C.5.15
PROCESSING_FAILURE = 0x0110


class Listener:
    """Take associations and hand each instance to the door.

    Everything that is a storage class is accepted, in the transfer syntax the sender likes best: a PACS forwards whole
    studies, and refusing one class can make it drop all. What is a head CT is judged later.

    Parameters
    ----------
    settings
        AE title, address, allow list, limits.
    door
        Where instances go.
    """

    def __init__(self, settings: Settings, door: Door) -> None:
        self._settings = settings
        self._door = door
        self._server: Any = None

    @property
    def port(self) -> int:
        """The port that is listened on, also when a free one was asked for."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Listen; returns at once.

        Raises
        ------
        StorageError
            The address cannot be bound.
        """
        # Module settings are the library's only way to say these; both concern acceptors alone.
        _config.UNRESTRICTED_STORAGE_SERVICE = True
        _config.LOG_HANDLER_LEVEL = "none"
        logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
        address = (self._settings.dicom_host, self._settings.dicom_port)
        try:
            self._server = self._application_entity().start_server(
                address,
                block=False,
                evt_handlers=[
                    (evt.EVT_CONN_OPEN, self._on_connected),
                    (evt.EVT_REJECTED, self._on_rejected),
                    (evt.EVT_C_STORE, self._on_store),
                ],
            )
        except OSError as error:
            raise StorageError(f"Cannot listen on {address[0]}:{address[1]}: {error.strerror}.") from error

    def stop(self) -> None:
        """End every association and stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    def _application_entity(self) -> AE:
        ae = AE(ae_title=self._settings.ae_title)
        ae.supported_contexts = AllStoragePresentationContexts
        ae.add_supported_context(Verification)
        ae.maximum_pdu_size = MAXIMUM_PDU_BYTES
        ae.maximum_associations = self._settings.maximum_associations
        ae.network_timeout = self._settings.association_idle_seconds
        ae.dimse_timeout = self._settings.association_idle_seconds
        ae.acse_timeout = self._settings.connect_timeout_seconds
        allowed = self._settings.allowed_calling_ae_titles
        if allowed and "*" not in allowed:
            ae.require_calling_aet = [title.strip() for title in allowed]
        return ae

    def _on_connected(self, event: evt.Event) -> None:
        limit = self._settings.maximum_instance_mb << 20
        event.assoc.dul.socket = BoundedSocket.adopt(event.assoc.dul.socket, limit)

    def _on_rejected(self, event: evt.Event) -> None:
        request = event.assoc.requestor.primitive
        title = str(getattr(request, "calling_ae_title", ""))
        why = "too many associations" if self._settings.allows(title) else "its AE title is not on the allow list"
        sender = Sender(title.strip(), str(event.assoc.requestor.address))
        self._door.refuse(f"The association was rejected: {why}.", sender)

    def _on_store(self, event: evt.Event) -> int:
        sender = _sender(event, urgent=event.request.Priority == HIGH_PRIORITY)
        try:
            self._door.receive(event.encoded_dataset(), sender)
        except StorageError:
            return OUT_OF_RESOURCES
        except InvalidInstance as error:
            return DATA_SET_DOES_NOT_MATCH if "announced" in error.data else CANNOT_UNDERSTAND
        except Exception as error:
            log.error("store_failed error=%s", origin(error))
            return PROCESSING_FAILURE
        return SUCCESS


def _sender(event: evt.Event, *, urgent: bool = False) -> Sender:
    requestor = event.assoc.requestor
    return Sender(str(requestor.ae_title).strip(), str(requestor.address), urgent)
