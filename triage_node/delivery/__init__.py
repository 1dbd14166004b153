"""The outbox: reports on their way to the PACS."""

from triage_node.delivery.dispatcher import Dispatcher
from triage_node.delivery.notices import check_files
from triage_node.delivery.outage import Reach
from triage_node.delivery.retry import RetryPolicy
from triage_node.delivery.sender import Sender, Sent
from triage_node.delivery.senders import check_destination, sender_of, tell_test
from triage_node.delivery.targets import Target, target_of
from triage_node.user_agent import Caller

__all__ = [
    "Caller",
    "Dispatcher",
    "Reach",
    "RetryPolicy",
    "Sender",
    "Sent",
    "Target",
    "check_destination",
    "check_files",
    "sender_of",
    "target_of",
    "tell_test",
]
