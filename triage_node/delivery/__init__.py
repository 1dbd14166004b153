"""The outbox: reports on their way to the PACS."""

from triage_node.delivery.courier import Courier
from triage_node.delivery.line import Reach
from triage_node.delivery.retry import RetryPolicy

__all__ = ["Courier", "Reach", "RetryPolicy"]
