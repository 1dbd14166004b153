"""The database: engine, tables, migrations, and what differs between SQLite and PostgreSQL."""

from triage_node.database.states import DeliveryState, StudyState

__all__ = [
    "DeliveryState",
    "StudyState",
]
