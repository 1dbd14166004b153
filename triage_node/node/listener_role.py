"""The role `listener`: instances and notices come in over DICOM."""

from collections.abc import Callable

from triage_node.commitment import CommitmentService
from triage_node.config import Settings
from triage_node.dimse import Listener
from triage_node.ingest import Ingest
from triage_node.node.commitment import Commitment
from triage_node.node.shared_parts import SharedParts
from triage_node.notifications import AvailabilityService, ProcedureStepService

CERTIFICATE_SECONDS = 5.0


class ListenerRole:
    """The DICOM listener and its services. Any number of them may run."""

    def __init__(self, parts: SharedParts, ingest: Ingest, commitment: Commitment) -> None:
        self._scheduler = parts.scheduler
        worklist = parts.worklist
        services = (
            CommitmentService(worklist, commitment.results, commitment.answers.take),
            ProcedureStepService(worklist),
            AvailabilityService(worklist),
        )
        self.listener = Listener(parts.settings, ingest, services)

    def start(self) -> None:
        """Listen.

        Raises
        ------
        AddressUnavailable
            A port is in use, or an address is not this machine's.
        """
        self.listener.start()
        if self.listener.certificate is not None:
            self._scheduler.every(CERTIFICATE_SECONDS, self.listener.certificate.follow)

    def prepare(self, settings: Settings) -> Callable[[], None]:
        """Read what other settings name; call what is returned to go by them.

        Raises
        ------
        SettingsError
            The certificate cannot be used.
        """
        return self.listener.prepare(settings)

    def stop(self) -> None:
        """Take nothing any more."""
        self.listener.stop()
