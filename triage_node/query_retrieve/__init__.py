"""Query/Retrieve as a user (PS3.4 Annex C, PS3.18 10.4 and 10.6): which instances a study has elsewhere, and those."""

from triage_node.query_retrieve.querier import Querier, QuerierState
from triage_node.query_retrieve.registry import source_of
from triage_node.query_retrieve.source import Retrieved, Source, SourceInstance, SourceStudy
from triage_node.query_retrieve.web import WebSource

__all__ = [
    "Querier",
    "QuerierState",
    "Retrieved",
    "Source",
    "SourceInstance",
    "SourceStudy",
    "WebSource",
    "source_of",
]
