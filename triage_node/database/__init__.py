"""The database: engine, tables, migrations, and what differs between SQLite and PostgreSQL."""

from triage_node.database.care import care_for
from triage_node.database.change_feed import last_marker, mark_changes, note_change
from triage_node.database.cursors import LARGEST_PAGE, checked_limit, decode, encode
from triage_node.database.days import checked_day, day_of, start_of
from triage_node.database.engine import Database, make_data_folder
from triage_node.database.notifications import Channel, Waiter, notify, send_notifications
from triage_node.database.outcome_rows import flagged_times, latest_outcome, latest_outcomes
from triage_node.database.reading_group import BY_RANK, Group, Rank, group_of
from triage_node.database.reading_order import decide, in_reading_order, rank_of, withheld_labels
from triage_node.database.row_locks import lock_arrivals, lock_studies
from triage_node.database.skip_scan import distinct_values
from triage_node.database.sqlite_file import damage_of, set_aside
from triage_node.database.states import DONE, LEGAL_MOVES, CommitmentState, DeliveryState, Part, StudyState, WaitsFor
from triage_node.database.tables.account_tables import AuditRow, LockoutRow, SessionRow, TokenRow, UserRow
from triage_node.database.tables.announcement_tables import AnnouncementRow
from triage_node.database.tables.commitment_tables import CommitmentRow
from triage_node.database.tables.count_tables import DailyRow, QueueHourRow, SenderCountRow
from triage_node.database.tables.event_tables import CommentRow, EventRow, VerdictRow
from triage_node.database.tables.lease_tables import JobRunRow, LeaseRow, NodeRow
from triage_node.database.tables.schema import (
    BEING_DELETED,
    HAS_IMAGES,
    UNCOMMITTED,
    Base,
    DeliveryRow,
    InstallationRow,
    InstanceRow,
    OutcomeRow,
    ReasonRow,
    SeriesRow,
    StudyRow,
    as_dict,
)
from triage_node.database.tables.upload_tables import UploadRow
from triage_node.database.tables.workitem_tables import PerformanceRow, PriorityChangeRow, PushedWorkitemRow
from triage_node.database.text_search import folded_name, fts5_query, query_words, search_text, storable, tsquery
from triage_node.database.workitem_uids import workitem_uid

__all__ = [
    "BEING_DELETED",
    "BY_RANK",
    "DONE",
    "HAS_IMAGES",
    "LARGEST_PAGE",
    "LEGAL_MOVES",
    "UNCOMMITTED",
    "AnnouncementRow",
    "AuditRow",
    "Base",
    "Channel",
    "CommentRow",
    "CommitmentRow",
    "CommitmentState",
    "DailyRow",
    "Database",
    "DeliveryRow",
    "DeliveryState",
    "EventRow",
    "Group",
    "InstallationRow",
    "InstanceRow",
    "JobRunRow",
    "LeaseRow",
    "LockoutRow",
    "NodeRow",
    "OutcomeRow",
    "Part",
    "PerformanceRow",
    "PriorityChangeRow",
    "PushedWorkitemRow",
    "QueueHourRow",
    "Rank",
    "ReasonRow",
    "SenderCountRow",
    "SeriesRow",
    "SessionRow",
    "StudyRow",
    "StudyState",
    "TokenRow",
    "UploadRow",
    "UserRow",
    "VerdictRow",
    "Waiter",
    "WaitsFor",
    "as_dict",
    "care_for",
    "checked_day",
    "checked_limit",
    "damage_of",
    "day_of",
    "decide",
    "decode",
    "distinct_values",
    "encode",
    "flagged_times",
    "folded_name",
    "fts5_query",
    "group_of",
    "in_reading_order",
    "last_marker",
    "latest_outcome",
    "latest_outcomes",
    "lock_arrivals",
    "lock_studies",
    "make_data_folder",
    "mark_changes",
    "note_change",
    "notify",
    "query_words",
    "rank_of",
    "search_text",
    "send_notifications",
    "set_aside",
    "start_of",
    "storable",
    "tsquery",
    "withheld_labels",
    "workitem_uid",
]
