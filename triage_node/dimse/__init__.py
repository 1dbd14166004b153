"""The DICOM upper layer and DIMSE services, both halves: the listener (SCP) and the requestor (SCU)."""

from triage_node.dimse.command_set import Operation
from triage_node.dimse.listener import Listener
from triage_node.dimse.normalized.commitment_calls import check_commitment, report_commitment, request_commitment
from triage_node.dimse.normalized.service import Event, FollowUp, Service, ServiceRequest, ServiceResponse
from triage_node.dimse.normalized.status import Status
from triage_node.dimse.normalized.storage_commitment import (
    ALL_COMMITTED,
    FAILURES_EXIST,
    REQUEST_ACTION,
    STORAGE_COMMITMENT,
    WELL_KNOWN_INSTANCE,
    CommitmentResult,
    Reference,
    commitment_event,
    new_transaction_uid,
    read_commitment_request,
    read_commitment_result,
)
from triage_node.dimse.port import listening_socket
from triage_node.dimse.query_user import QueryUser, querying
from triage_node.dimse.retrieve_user import Selection, SubOperations, get, move
from triage_node.dimse.scu import Sent, echo, store_files
from triage_node.dimse.store_user import StoreUser
from triage_node.dimse.tls import (
    ServerCertificate,
    Validity,
    chain_end,
    client_context,
    reason_of,
    server_context,
    validities,
)

__all__ = [
    "ALL_COMMITTED",
    "FAILURES_EXIST",
    "REQUEST_ACTION",
    "STORAGE_COMMITMENT",
    "WELL_KNOWN_INSTANCE",
    "CommitmentResult",
    "Event",
    "FollowUp",
    "Listener",
    "Operation",
    "QueryUser",
    "Reference",
    "Selection",
    "Sent",
    "ServerCertificate",
    "Service",
    "ServiceRequest",
    "ServiceResponse",
    "Status",
    "StoreUser",
    "SubOperations",
    "Validity",
    "chain_end",
    "check_commitment",
    "client_context",
    "commitment_event",
    "echo",
    "get",
    "listening_socket",
    "move",
    "new_transaction_uid",
    "querying",
    "read_commitment_request",
    "read_commitment_result",
    "reason_of",
    "report_commitment",
    "request_commitment",
    "server_context",
    "store_files",
    "validities",
]
