"""What sends to each kind of destination."""

from triage_node.delivery.objects import ObjectSender
from triage_node.delivery.sender import Sender
from triage_node.delivery.targets import target_of
from triage_node.destinations import Destination
from triage_node.storage import Spool
from triage_node.user_agent import Caller


def sender_of(destination: Destination, caller: Caller, spool: Spool) -> Sender:
    """Return what sends to a destination; nothing is opened yet."""
    return ObjectSender(target_of(destination, caller), spool, destination.objects, destination.report_style)
