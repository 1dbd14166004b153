"""The worklist: tables, states and legal moves, and the only writer of state."""

from triage_node.worklist.claims import Claim
from triage_node.worklist.outbox import Delivery
from triage_node.worklist.outcome import Outcome, Status
from triage_node.worklist.registration import ReceivedInstance
from triage_node.worklist.states import DeliveryState, StudyState
from triage_node.worklist.worklist import Worklist

__all__ = ["Claim", "Delivery", "DeliveryState", "Outcome", "ReceivedInstance", "Status", "StudyState", "Worklist"]
