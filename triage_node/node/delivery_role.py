"""The role `delivery`: reports go out, and what belongs to them is asked and told."""

from triage_node.commitment import Messenger, Requester, RequestorPeers
from triage_node.delivery import Dispatcher, sender_of
from triage_node.endpoints import Destination
from triage_node.node.commitment import Commitment
from triage_node.node.shared_parts import SharedParts

KEEP_SECONDS = 5.0


class DeliveryRole:
    """One dispatcher a destination. Of several processes with this role one delivers to a destination at a time.

    So the order of a study's reports, and how long a destination has been down, are one process's to know.
    """

    def __init__(self, parts: SharedParts, commitment: Commitment) -> None:
        self._parts = parts
        settings = parts.settings
        self.dispatchers = [self._dispatcher(one) for one in settings.destinations]
        duty = parts.duties.add("commitment")
        peers = RequestorPeers.of(settings)
        self._askers: list[Messenger | Requester] = [
            Messenger(parts.worklist, commitment.results, peers, parts.caller, duty.is_held),
            *(self._requester(one, commitment) for one in settings.destinations if one.commitment),
        ]

    def start(self) -> None:
        """Start delivering."""
        for part in (*self.dispatchers, *self._askers):
            part.start()
        self._parts.scheduler.every(KEEP_SECONDS, self._keep_deliveries)

    def stop(self) -> None:
        """End after what is under way."""
        for dispatcher in self.dispatchers:
            dispatcher.end()
        for part in (*self.dispatchers, *self._askers):
            part.stop()

    def _keep_deliveries(self) -> None:
        """Prolong the leases of what is being sent, and take back what nobody sends any more."""
        for dispatcher in self.dispatchers:
            dispatcher.renew()
        self._parts.worklist.outbox.release_expired()

    def _dispatcher(self, destination: Destination) -> Dispatcher:
        parts, settings = self._parts, self._parts.settings
        return Dispatcher(
            destination.name,
            sender_of(destination, parts.caller, parts.spool, settings.finding_codes),
            parts.worklist,
            parts.policy,
            2 * settings.connect_timeout_seconds,
            commitment_seconds=settings.commitment_wait_hours * 3600 if destination.commitment else None,
            is_on_duty=parts.duties.add(f"delivery to {destination.name}").is_held,
        )

    def _requester(self, destination: Destination, commitment: Commitment) -> Requester:
        parts = self._parts
        duty = parts.duties.add(f"commitment of {destination.name}")
        take = commitment.answers.take
        return Requester(destination, parts.worklist, parts.caller, parts.policy, take, is_on_duty=duty.is_held)
