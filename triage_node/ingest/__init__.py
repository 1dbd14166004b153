"""The one way in for an instance, whichever way it was sent, and the indexer that gives it its place and row."""

from triage_node.ingest.file_meta import PREFIX_END, file_start, without_preamble
from triage_node.ingest.header import Header, is_uid
from triage_node.ingest.indexer import Indexer
from triage_node.ingest.ingest import Ingest
from triage_node.ingest.rebuild import Rebuilt, rebuild_study, rebuild_worklist
from triage_node.ingest.refusal_log import QUIET_SECONDS
from triage_node.ingest.sender import Sender
from triage_node.ingest.sop_classes import VERIFICATION, is_storage
from triage_node.ingest.statuses import (
    OUT_OF_RESOURCES,
    REFUSAL_REASONS,
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
    UNRECOGNIZED_OPERATION,
    status_of,
)

__all__ = [
    "OUT_OF_RESOURCES",
    "PREFIX_END",
    "QUIET_SECONDS",
    "REFUSAL_REASONS",
    "SOP_CLASS_NOT_SUPPORTED",
    "SUCCESS",
    "UNRECOGNIZED_OPERATION",
    "VERIFICATION",
    "Header",
    "Indexer",
    "Ingest",
    "Rebuilt",
    "Sender",
    "file_start",
    "is_storage",
    "is_uid",
    "rebuild_study",
    "rebuild_worklist",
    "status_of",
    "without_preamble",
]
