"""What a service of normalized objects is to the listener: requests in, responses out (PS3.7 Section 10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pydicom.dataset import Dataset

from triage_node.dimse.command_set import Operation
from triage_node.ingest import Sender


@dataclass(frozen=True)
class ServiceRequest:
    """An N-EVENT-REPORT, N-SET, N-ACTION or N-CREATE request.

    Parameters
    ----------
    sop_instance_uid
        Affected or Requested SOP Instance UID, empty when there is none.
    type_id
        Event or Action Type ID, None when there is none.
    data_set
        The data set, empty when there is none; reading an element of it may raise whatever pydicom raises.
    """

    operation: Operation
    sop_class_uid: str
    sop_instance_uid: str
    type_id: int | None
    data_set: Dataset
    sender: Sender


@dataclass(frozen=True)
class Event:
    """An N-EVENT-REPORT that we send."""

    type_id: int
    sop_class_uid: str
    sop_instance_uid: str
    data_set: Dataset


class FollowUp(Protocol):
    """An event that a service would report over the association of a request, while its requestor waits there.

    Its methods are called from the association's thread.
    """

    def event(self) -> Event | None:
        """Return the event, None when it cannot be told yet: then it is asked again."""

    def ended(self, status: int | None) -> None:
        """Be told with which status the peer answered the event, None when it was not reported there. Called once."""


@dataclass(frozen=True)
class ServiceResponse:
    """What a request is answered.

    Parameters
    ----------
    status
        PS3.7 Annex C.
    sop_instance_uid
        Affected SOP Instance UID, where it is not that of the request (PS3.7 10.1.5.1.4).
    data_set
        Attribute list, action reply or event reply.
    comment
        Error Comment, of which the first 64 characters go out.
    """

    status: int
    sop_instance_uid: str = ""
    data_set: Dataset | None = None
    comment: str = ""
    follow_up: FollowUp | None = None


class Service(Protocol):
    """A service that an association may be used for; called from the threads of associations, one at a time."""

    @property
    def sop_classes(self) -> frozenset[str]:
        """The SOP classes whose presentation contexts are accepted."""

    @property
    def operations(self) -> frozenset[Operation]:
        """What is taken; an N-EVENT-REPORT comes from a service class provider, all else from a user."""

    def answer(self, request: ServiceRequest) -> ServiceResponse:
        """Answer a request; a `StorageError` is answered as lack of resources, any other error as a failure."""


@runtime_checkable
class OwingService(Service, Protocol):
    """A service whose events may have to wait for the next association of their receiver."""

    def owed(self, sender: Sender) -> Sequence[FollowUp]:
        """Return what is owed to the requestor of an association that may be used for the service."""
