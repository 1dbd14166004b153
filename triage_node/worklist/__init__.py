"""The worklist: tables, states and legal moves, and the only writer of state."""

from triage_node.worklist.accounts import User
from triage_node.worklist.audit_trail import Access, AuditFilters
from triage_node.worklist.claims import Claim
from triage_node.worklist.filters import Filters
from triage_node.worklist.holdings import Holding
from triage_node.worklist.outbox import Delivery
from triage_node.worklist.outcome import Outcome, Status
from triage_node.worklist.registration import ReceivedInstance
from triage_node.worklist.roles import Role
from triage_node.worklist.states import DeliveryState, StudyState
from triage_node.worklist.stored_outcome import StoredOutcome
from triage_node.worklist.tokens import Token
from triage_node.worklist.worklist import Worklist

__all__ = [
    "Access",
    "AuditFilters",
    "Claim",
    "Delivery",
    "DeliveryState",
    "Filters",
    "Holding",
    "Outcome",
    "ReceivedInstance",
    "Role",
    "Status",
    "StoredOutcome",
    "StudyState",
    "Token",
    "User",
    "Worklist",
]
