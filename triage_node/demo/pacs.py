"""A stand-in PACS: it keeps the reports it receives in memory, with the time of their arrival."""

import threading
import time
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from triage_node.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

SUCCESS = 0x0000


@dataclass(frozen=True)
class Arrival:
    """A report and when it was stored, in seconds of the monotonic clock."""

    report: Dataset
    at_seconds: float


class StandInPACS:
    """Store whatever comes on a free port of loopback."""

    ae_title = "DEMOPACS"

    def __init__(self) -> None:
        self._arrivals: dict[str, Arrival] = {}
        self._changed = threading.Condition()
        ae = AE(ae_title=self.ae_title)
        ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        ae.supported_contexts = AllStoragePresentationContexts
        ae.add_supported_context(Verification)
        handlers = [(evt.EVT_C_STORE, self._on_store)]
        self._server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)

    @property
    def address(self) -> str:
        """The PACS as a destination, ``AET@HOST:PORT``."""
        return f"{self.ae_title}@127.0.0.1:{self._server.server_address[1]}"

    def wait_for(self, study_instance_uid: str, timeout_seconds: float) -> Arrival | None:
        """Return the report of a study when it has come, None when it has not come in time."""
        with self._changed:
            self._changed.wait_for(lambda: study_instance_uid in self._arrivals, timeout_seconds)
            return self._arrivals.get(study_instance_uid)

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()

    def _on_store(self, event: evt.Event) -> int:
        report = event.dataset
        report.file_meta = event.file_meta
        with self._changed:
            self._arrivals[str(report.StudyInstanceUID)] = Arrival(report, time.monotonic())
            self._changed.notify_all()
        return SUCCESS
