"""A query source of pynetdicom on loopback, whose answers a test decides: it may lie, be silent, or send nothing."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)


class QueryPacs:
    """It has ``instances``, and ``lists`` them; ``count`` is what it says of their number, None for not a word.

    ``sent`` are the SOP Instance UIDs that were retrieved, ``queries`` the levels that were searched.
    """

    ae_title = "QUERYPACS"

    def __init__(self, instances: Sequence[Dataset], destinations: dict[str, tuple[str, int]] | None = None) -> None:
        self.instances = list(instances)
        self.destinations = destinations or {}
        self.count: Callable[[int], object] | None = lambda number: number
        self.before: Callable[[], Any] = lambda: None
        self.lists = True
        self.find: Callable[[Dataset], Iterator[tuple[int, Dataset | None]]] | None = None
        self.queries: list[str] = []
        self.sent: list[str] = []
        ae = AE(ae_title=self.ae_title)
        for model in (
            StudyRootQueryRetrieveInformationModelFind,
            StudyRootQueryRetrieveInformationModelGet,
            StudyRootQueryRetrieveInformationModelMove,
        ):
            ae.add_supported_context(model)
        for context in AllStoragePresentationContexts:
            ae.add_supported_context(context.abstract_syntax, scu_role=True, scp_role=True)
            ae.add_requested_context(context.abstract_syntax) if len(ae.requested_contexts) < 100 else None
        handlers = [(evt.EVT_C_FIND, self._find), (evt.EVT_C_GET, self._get), (evt.EVT_C_MOVE, self._move)]
        self._server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        self.port = self._server.server_address[1]

    @property
    def url(self) -> str:
        """As a source."""
        return f"dicom://{self.ae_title}@127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Serve no more; it may be stopped before the test's end."""
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    def _find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        self.before()
        asked = event.identifier
        self.queries.append(asked.QueryRetrieveLevel)
        if self.find is not None:
            yield from self.find(asked)
            return
        if not self.lists and asked.QueryRetrieveLevel != "STUDY":
            yield 0xA900, None
            return
        keyword = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}
        key = keyword[asked.QueryRetrieveLevel]
        found = [ds for ds in self.instances if _matches(ds, asked)]
        for uid in dict.fromkeys(str(ds[key].value) for ds in found):
            of_it = [ds for ds in found if str(ds[key].value) == uid]
            answer = Dataset()
            for element in asked:
                if element.keyword in of_it[0]:
                    answer[element.tag] = of_it[0][element.tag]
            answer.QueryRetrieveLevel = asked.QueryRetrieveLevel
            if self.count is not None and asked.QueryRetrieveLevel == "STUDY":
                answer.NumberOfStudyRelatedInstances = self.count(len(of_it))
            yield 0xFF00, answer
        yield 0x0000, None

    def _wanted(self, asked: Dataset) -> list[Dataset]:
        uids = asked.SOPInstanceUID
        uids = {str(uids)} if isinstance(uids, str) else {str(uid) for uid in uids}
        wanted = [ds for ds in self.instances if str(ds.SOPInstanceUID) in uids]
        self.sent += [str(ds.SOPInstanceUID) for ds in wanted]
        return wanted

    def _get(self, event: evt.Event) -> Iterator[Any]:
        wanted = self._wanted(event.identifier)
        yield len(wanted)
        for ds in wanted:
            yield 0xFF00, ds

    def _move(self, event: evt.Event) -> Iterator[Any]:
        address = self.destinations.get(event.move_destination)
        if address is None:
            yield None, None
            return
        wanted = self._wanted(event.identifier)
        classes = {ds.SOPClassUID for ds in wanted}
        contexts = [one for one in AllStoragePresentationContexts if one.abstract_syntax in classes]
        yield (*address, {"contexts": contexts})
        yield len(wanted)
        for ds in wanted:
            yield 0xFF00, ds


def _matches(ds: Dataset, asked: Dataset) -> bool:
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "AccessionNumber"):
        value = asked.get(keyword)
        if value and str(ds.get(keyword, "")) != str(value):
            return False
    return True
