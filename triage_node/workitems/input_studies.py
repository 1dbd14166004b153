"""The studies that workitems are about: retrieved where they are not here yet."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from triage_node.endpoints import CREDENTIALS, TLS, Endpoint, QuerySource
from triage_node.errors import InvalidInstance, PeerError, StorageError
from triage_node.ingest import SUCCESS, Ingest, Sender, status_of
from triage_node.query_retrieve import Source, source_of
from triage_node.user_agent import Caller
from triage_node.workitems.workitem import HIGH, Workitem
from triage_node.worklist import Worklist

log = logging.getLogger(__name__)


class InputStudies:
    """Ask the query sources for a study, and the server of its workitem where that has the images, too."""

    def __init__(
        self,
        sources: Sequence[QuerySource],
        caller: Caller,
        worklist: Worklist,
        ingest: Ingest,
    ) -> None:
        self.sources = sources
        self._caller = caller
        self._worklist = worklist
        self._ingest = ingest

    def retrieve(
        self, study_instance_uid: str, workitem: Workitem, server: Endpoint | None, is_ending: Callable[[], bool]
    ) -> int:
        """Retrieve a study from the first that has it; return how many instances came.

        Parameters
        ----------
        server
            Who manages the workitem, where that is another.
        is_ending
            Whether the node ends: then the retrieval is broken off.
        """
        for source in [*self.sources, *_image_servers(workitem, server)]:
            if is_ending():
                break
            try:
                sender = Sender(source.name, source.url, workitem.priority == HIGH)
                if completed := self._retrieve(source, study_instance_uid, sender, is_ending):
                    return completed
            except PeerError as error:
                log.info("workitem_input_not_retrieved source=%s error=%s", source.name, error)
        return 0

    def _retrieve(
        self, settings: QuerySource, study_instance_uid: str, sender: Sender, is_ending: Callable[[], bool]
    ) -> int:
        source: Source = source_of(settings, self._caller)
        if not source.count(study_instance_uid):
            return 0
        received = self._worklist.announcements.received(study_instance_uid)
        missing = [
            one
            for one in source.instances(study_instance_uid)
            if one.sop_instance_uid not in received.sop_instance_uids
            and one.series_instance_uid not in received.own_series
        ]
        completed = 0

        def keep(content: bytes) -> int:
            try:
                self._ingest.receive(content, sender, study_instance_uid)
            except (InvalidInstance, StorageError) as error:
                return status_of(error)
            return SUCCESS

        for so_far in source.retrieve(study_instance_uid, missing, keep):
            completed = so_far.completed
            if is_ending():
                break
        values = (settings.name, study_instance_uid, completed, len(missing))
        log.info("workitem_input_retrieved source=%s study_instance_uid=%s completed=%d of=%d", *values)
        return completed


def _image_servers(workitem: Workitem, server: Endpoint | None) -> Iterator[QuerySource]:
    """Yield the DICOMweb servers that a workitem names, if they are its own server: no other gets its credentials.

    Nor is anything else called that a workitem names: it may be an address of the hospital's inner network.
    """
    if server is None:
        return
    options: dict[str, Any] = {name: getattr(server, name) for name in TLS | CREDENTIALS}
    given = {name: value for name, value in options.items() if value is not None}
    for url in dict.fromkeys(_studies_address(one) for one in workitem.retrieve_urls):
        if url and _origin(url) == _origin(server.url):
            try:
                yield QuerySource(url=url, name=f"images of {server.name}"[:100], **given)
            except ValidationError:
                log.info("workitem_input_not_retrieved source=%s error=%s", server.name, "no address of studies")


def _studies_address(retrieve_url: str) -> str:
    """Return the address of all studies of which a Retrieve URL (PS3.18 10.4) names one."""
    before, studies, _ = retrieve_url.partition("/studies/")
    return f"{before}/studies" if studies else ""


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return "", None, None
