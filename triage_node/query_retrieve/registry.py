"""The kinds of query sources, by the scheme of their URL."""

from collections.abc import Callable

from triage_node.endpoints import QuerySource
from triage_node.query_retrieve.dicom import DicomSource
from triage_node.query_retrieve.source import Source
from triage_node.query_retrieve.web import WebSource
from triage_node.user_agent import Caller

SOURCES: dict[str, Callable[[QuerySource, Caller], Source]] = {
    "dicom": DicomSource,
    "dicoms": DicomSource,
    "https": WebSource,
    "http": WebSource,
}


def source_of(source: QuerySource, caller: Caller) -> Source:
    """Return what asks a source; nothing is opened yet."""
    return SOURCES[source.scheme](source, caller)
