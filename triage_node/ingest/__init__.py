"""The one way in for an instance, whichever way it was sent, and the indexer that gives it its place and row."""

from triage_node.ingest.header import Header
from triage_node.ingest.indexer import Registrar
from triage_node.ingest.ingest import Door, Sender
from triage_node.ingest.rebuild import rebuild_worklist

__all__ = [
    "Door",
    "Header",
    "Registrar",
    "Sender",
    "rebuild_worklist",
]
