"""The DICOM upper layer and DIMSE services, both halves: the listener (SCP) and the requestor (SCU)."""

from triage_node.dimse.listener import Listener
from triage_node.dimse.port import listening_socket
from triage_node.dimse.scu import Sent, echo, store_files
from triage_node.dimse.store_user import StoreUser
from triage_node.dimse.tls import ServerCertificate, client_context, reason_of, server_context

__all__ = [
    "Listener",
    "Sent",
    "ServerCertificate",
    "StoreUser",
    "client_context",
    "echo",
    "listening_socket",
    "reason_of",
    "server_context",
    "store_files",
]
