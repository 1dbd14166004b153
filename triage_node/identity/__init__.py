"""Who may sign in and what they did: accounts, sessions, tokens, lockouts, the audit trail."""

from triage_node.identity.accounts import FIRST_ADMINISTRATOR, Accounts, User
from triage_node.identity.audit_trail import Access, AuditEntry, AuditFilters, AuditTrail
from triage_node.identity.lockouts import Lockouts, network_of
from triage_node.identity.passwords import Passwords, one_time_password
from triage_node.identity.roles import Role
from triage_node.identity.sessions import Limits, Sessions
from triage_node.identity.tokens import Token, Tokens

__all__ = [
    "FIRST_ADMINISTRATOR",
    "Access",
    "Accounts",
    "AuditEntry",
    "AuditFilters",
    "AuditTrail",
    "Limits",
    "Lockouts",
    "Passwords",
    "Role",
    "Sessions",
    "Token",
    "Tokens",
    "User",
    "network_of",
    "one_time_password",
]
