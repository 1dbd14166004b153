"""The role `delivery`: reports go out, and what belongs to them is asked and told."""

from collections.abc import Callable

from triage_node.commitment import Messenger, Requester, RequestorPeers
from triage_node.config import Settings
from triage_node.delivery import Dispatcher, sender_of
from triage_node.endpoints import Destination
from triage_node.errors import SettingsError
from triage_node.node.commitment import Commitment
from triage_node.node.shared_parts import SharedParts
from triage_node.node_jobs import echo_of, plan_delivery
from triage_node.running_parts import RunningParts

DELIVERY, COMMITMENT = "delivery to ", "commitment of "
"""How the names of duties begin that are about a destination."""


class DeliveryRole:
    """One dispatcher a destination. Of several processes with this role one delivers to a destination at a time.

    So the order of a study's reports, and how long a destination has been down, are one process's to know.
    """

    def __init__(self, parts: SharedParts, commitment: Commitment) -> None:
        self._parts = parts
        settings = parts.settings
        self.dispatchers = RunningParts(self._dispatcher, settings.destinations)
        self.echo = echo_of(lambda: parts.settings, parts.worklist, lambda: self.dispatchers, parts.scheduler)
        duty = parts.duties.add("commitment")
        self._peers = RequestorPeers.of(settings)
        self._messenger = Messenger(parts.worklist, commitment.results, self._peers, parts.caller, duty.is_held)
        self._requesters = RunningParts(lambda one: self._requester(one, commitment), _committing(settings))

    def start(self) -> None:
        """Start delivering."""
        self._messenger.start()
        for dispatcher in self.dispatchers:
            dispatcher.start()
        for requester in self._requesters:
            requester.start()
        self._plan()

    def prepare(self, settings: Settings) -> Callable[[], None]:
        """Make ready what other destinations want; call what is returned to go by them.

        Raises
        ------
        SettingsError
            A file that is needed cannot be used.
        """
        try:
            deliver = self.dispatchers.prepare(settings.destinations)
            ask = self._requesters.prepare(_committing(settings))
        except SettingsError:
            self._keep_duties(self._parts.settings)
            raise

        def use() -> None:
            self._peers.use(settings)
            deliver()
            ask()
            self._keep_duties(settings)
            self._plan()

        return use

    def stop(self) -> None:
        """End after what is under way."""
        dispatchers = self.dispatchers.with_ending
        for dispatcher in dispatchers:
            dispatcher.end()
        for dispatcher in dispatchers:
            dispatcher.stop()
        self._messenger.stop()
        for requester in self._requesters.with_ending:
            requester.stop()

    def _plan(self) -> None:
        parts = self._parts
        plan_delivery(parts.scheduler, parts.settings, parts.worklist, lambda: self.dispatchers.with_ending, self.echo)

    def _keep_duties(self, settings: Settings) -> None:
        """Leave what is about other destinations to others, who may still name them."""
        names = [one.name for one in settings.destinations]
        for kind in (DELIVERY, COMMITMENT):
            self._parts.duties.keep(kind, [f"{kind}{name}" for name in names])

    def _dispatcher(self, destination: Destination) -> Dispatcher:
        parts, settings = self._parts, self._parts.settings
        return Dispatcher(
            destination.name,
            sender_of(destination, parts.caller, parts.spool, settings.finding_codes),
            parts.worklist,
            parts.policy,
            2 * settings.connect_timeout_seconds,
            commitment_seconds=settings.commitment_wait_hours * 3600 if destination.commitment else None,
            is_on_duty=parts.duties.add(f"{DELIVERY}{destination.name}").is_held,
            instruments=parts.instruments,
            traces=parts.traces,
        )

    def _requester(self, destination: Destination, commitment: Commitment) -> Requester:
        parts = self._parts
        duty = parts.duties.add(f"{COMMITMENT}{destination.name}")
        take = commitment.answers.take
        return Requester(destination, parts.worklist, parts.caller, parts.policy, take, is_on_duty=duty.is_held)


def _committing(settings: Settings) -> list[Destination]:
    return [one for one in settings.destinations if one.commitment]
