"""Who may sign in and what they did: accounts, sessions, tokens, lockouts, the audit trail."""

from triage_node.identity.accounts import User
from triage_node.identity.audit_trail import Access, AuditFilters
from triage_node.identity.roles import Role
from triage_node.identity.tokens import Token

__all__ = [
    "Access",
    "AuditFilters",
    "Role",
    "Token",
    "User",
]
