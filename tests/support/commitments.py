"""A node's listener with storage commitment, and a requestor on loopback that pynetdicom plays."""

from intakes import Intake
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, build_context, evt
from pynetdicom.sop_class import StorageCommitmentPushModel

from triage_node.commitment import Answers, CommitmentService, Messenger, RequestorPeers, Results
from triage_node.config import Settings
from triage_node.delivery import Caller, RetryPolicy
from triage_node.dimse import WELL_KNOWN_INSTANCE
from triage_node.dimse.normalized.storage_commitment import Reference, commitment_request
from triage_node.endpoints import Peer
from triage_node.storage import Spool
from triage_node.worklist import Worklist

POLICY = RetryPolicy(0.05, 0.1, 3600)
CALLER = Caller("TRIAGE", 3.0, 3.0)


class Site(Intake):
    """An intake that offers storage commitment; results go to ``requestor`` when it has an address."""

    def __init__(self, settings: Settings, requestor: Peer | None = None, policy: RetryPolicy = POLICY) -> None:
        spool, worklist = Spool(settings.data_dir / "spool", 1 << 20), Worklist(settings)
        worklist.prepare()
        self.answers, self.results = Answers(worklist), Results(worklist, spool, policy)
        self.own, self.is_stopped = worklist, False
        super().__init__(settings, [CommitmentService(worklist, self.results, self.answers.take)])
        peers = RequestorPeers([requestor] if requestor else [])
        self.messenger = Messenger(worklist, self.results, peers, CALLER)
        self.messenger.start()

    def stop(self) -> None:
        if self.is_stopped:
            return
        self.is_stopped = True
        super().stop()
        self.messenger.stop()
        self.own.close()


class Requestor:
    """Asks for commitment; takes results over its own association and, as a server, over others."""

    def __init__(self, ae_title: str = "STORER") -> None:
        self.results: list[tuple[int, Dataset]] = []
        self.status = 0x0000
        self.ae = AE(ae_title=ae_title)
        self.ae.dimse_timeout = 10
        self.ae.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
        self.server = None
        self.handlers = [(evt.EVT_N_EVENT_REPORT, self._take)]

    def listen(self, port: int = 0) -> Peer:
        self.server = self.ae.start_server(("127.0.0.1", port), block=False, evt_handlers=self.handlers)
        return Peer(self.ae.ae_title, "127.0.0.1", self.server.server_address[1])

    def associate(self, port: int):
        context = build_context(StorageCommitmentPushModel, ExplicitVRLittleEndian)
        return self.ae.associate("127.0.0.1", port, contexts=[context], evt_handlers=self.handlers)

    def ask(self, port: int, references: list[Reference], transaction_uid: str = "", ds: Dataset | None = None) -> int:
        """Ask over an association that is released at once; return the status."""
        assoc = self.associate(port)
        try:
            return self.ask_over(assoc, references, transaction_uid, ds)
        finally:
            assoc.release()

    def ask_over(self, assoc, references, transaction_uid="", ds=None) -> int:
        ds = ds or commitment_request(transaction_uid or generate_uid(), references)
        return assoc.send_n_action(ds, 1, StorageCommitmentPushModel, WELL_KNOWN_INSTANCE)[0].Status

    def _take(self, event: evt.Event) -> tuple[int, None]:
        if self.status == 0x0000:
            self.results.append((event.event_type, event.event_information))
        return self.status, None

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()


def committed(ds: Dataset) -> set[str]:
    return {str(item.ReferencedSOPInstanceUID) for item in ds.get("ReferencedSOPSequence", ())}


def failed(ds: Dataset) -> dict[str, int]:
    return {str(item.ReferencedSOPInstanceUID): item.FailureReason for item in ds.get("FailedSOPSequence", ())}
