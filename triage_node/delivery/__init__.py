"""The outbox: reports on their way to the PACS."""

from triage_node.delivery.dispatcher import Dispatcher
from triage_node.delivery.outage import Reach
from triage_node.delivery.retry import RetryPolicy

__all__ = [
    "Dispatcher",
    "Reach",
    "RetryPolicy",
]
