"""The DICOM upper layer and DIMSE services, both halves: the listener (SCP) and the requestor (SCU)."""

from triage_node.dimse.command_set import Operation
from triage_node.dimse.listener import Listener
from triage_node.dimse.query_user import QueryUser, querying
from triage_node.dimse.retrieve_user import Selection, SubOperations, get, move
from triage_node.dimse.scu import Sent, echo, store_files
from triage_node.dimse.service import Event, FollowUp, Service, ServiceRequest, ServiceResponse
from triage_node.dimse.status import Status
from triage_node.dimse.store_user import StoreUser
from triage_node.dimse.tls import client_context, reason_of, server_context

__all__ = [
    "Event",
    "FollowUp",
    "Listener",
    "Operation",
    "QueryUser",
    "Selection",
    "Sent",
    "Service",
    "ServiceRequest",
    "ServiceResponse",
    "Status",
    "StoreUser",
    "SubOperations",
    "client_context",
    "echo",
    "get",
    "move",
    "querying",
    "reason_of",
    "server_context",
    "store_files",
]
