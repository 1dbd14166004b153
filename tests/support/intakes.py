"""The intake alone, in the test's own process: listener, ingest, indexer, no model."""

from collections.abc import Iterable
from pathlib import Path

from pydicom.filereader import read_file_meta_info
from pynetdicom import AE, _config, build_context

from triage_node.config import Settings
from triage_node.dimse import Listener, Service
from triage_node.ingest import Indexer, Ingest
from triage_node.instrumentation import Instruments
from triage_node.storage import Spool, Watermarks
from triage_node.worklist import Worklist


class Intake:
    """What comes in is kept and registered; nothing is analyzed."""

    def __init__(self, settings: Settings, services: Iterable[Service] = ()) -> None:
        self.spool = Spool.of(settings, Watermarks.of(settings))
        self.worklist = Worklist(settings)
        self.worklist.prepare()
        self.indexer = Indexer(self.spool, self.worklist)
        self.instruments, maximum_bytes = Instruments(), settings.maximum_instance_mb << 20
        self.ingest = Ingest(self.spool, self.worklist, self.indexer, maximum_bytes, instruments=self.instruments)
        self.listener = Listener(settings, self.ingest, services, self.instruments)
        self.indexer.start()
        self.listener.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.listener.port

    @property
    def tls_port(self) -> int:
        """Where it listens over TLS."""
        return self.listener.tls_port

    def events(self, code: str) -> list[str]:
        """Return the messages of the events of a code."""
        return [event.message for event in self.worklist.study_details.events(code)]

    def counted(self, series: str, **labels: str) -> float | None:
        """Return what was counted of a series."""
        return self.instruments.registry.get_sample_value(f"triage_{series}", labels)

    def stop(self) -> None:
        """End it."""
        self.listener.stop()
        self.indexer.stop()
        self.worklist.close()


def store(port: int, path: Path, priority: int = 2, calling: str = "TESTER") -> int | None:
    """Send a file's bytes as they are, however odd, under the UIDs of its meta information; return the status.

    None when the association does not come about, or ends without an answer.
    """
    meta = read_file_meta_info(path)
    ae = AE(ae_title=calling)
    _config.STORE_SEND_CHUNKED_DATASET = True
    context = build_context(meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID)
    assoc = ae.associate("127.0.0.1", port, contexts=[context])
    try:
        if not assoc.is_established:
            return None
        return assoc.send_c_store(path, priority=priority).get("Status")
    finally:
        _config.STORE_SEND_CHUNKED_DATASET = False
        assoc.release()
