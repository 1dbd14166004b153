"""Reading the settings anew while the node runs: what can change changes, what cannot is said, and nothing is lost."""

import logging
import threading
import time
from collections.abc import Callable, Iterable

from triage_node.config import Settings, in_force, without_secrets
from triage_node.errors import StorageError, TriageError
from triage_node.logs import origin
from triage_node.web.machinery import Reload
from triage_node.worklist import Worklist

log = logging.getLogger(__name__)

ACTOR = "settings"

Prepare = Callable[[Settings], Callable[[], None]]


class Reloading:
    """Have the node go by other settings.

    First everything is made and read that they name, where a mistake shows; only then does anything change.

    Parameters
    ----------
    settings
        Those that the node started with.
    prepare
        Makes ready what other settings want, or raises `SettingsError`; what it returns has the node go by them.

    Attributes
    ----------
    settings
        Those in force.
    last
        What came of the last time, None before the first.
    """

    def __init__(
        self, settings: Settings, worklist: Worklist, prepare: Prepare, clock: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings
        self.last: Reload | None = None
        self._worklist = worklist
        self._prepare = prepare
        self._clock = clock
        self._lock = threading.Lock()

    def reload(self, read: Callable[[], Settings]) -> Reload:
        """Read the settings and take up what can be; with a mistake in them everything stays as it was.

        Parameters
        ----------
        read
            Reads them, or raises `SettingsError`.
        """
        with self._lock:
            try:
                self.last = self._take_up(read())
            except TriageError as error:
                self.last = self._refused(str(error))
            except Exception as error:  # a border: a signal must not end the node
                self.last = self._refused(origin(error))
            return self.last

    def _take_up(self, wanted: Settings) -> Reload:
        before, (settings, waiting) = self.settings, in_force(self.settings, wanted)
        changed = tuple(name for name in Settings.model_fields if getattr(settings, name) != getattr(before, name))
        use = self._prepare(settings)
        self.settings = settings
        try:
            use()
        except Exception as error:  # a border: there may be no thread left, and nobody can go back either
            return self._refused(f"{origin(error)}; restart the node", "taken in part")
        self._settle(before, changed, waiting)
        if waiting:
            log.warning("settings_want_restart names=%s", ",".join(waiting))
        log.info("settings_reloaded changed=%s", ",".join(changed) or "none")
        logging.getLogger().setLevel(settings.log_level)
        return Reload(self._clock(), changed, waiting)

    def _settle(self, before: Settings, changed: tuple[str, ...], waiting: tuple[str, ...]) -> None:
        """Let go what waited for something that is not wanted any more, and leave an event."""
        sentences = [f"Changed: {', '.join(changed)}." if changed else "Nothing changed."]
        if waiting:
            sentences.append(f"In force after a restart only: {', '.join(waiting)}.")
        try:
            self._worklist.schedule.recover()
            sentences += self._owed({one.name for one in before.destinations}.difference(self._names()))
            self._worklist.registration.reject("settings_reloaded", " ".join(sentences), actor=ACTOR)
        except StorageError as error:
            log.error("event_lost error=%s", error)

    def _names(self) -> Iterable[str]:
        return [one.name for one in self.settings.destinations]

    def _owed(self, gone: Iterable[str]) -> list[str]:
        """Say what destinations were still to get that are named no more: it is kept for when they are again."""
        names = sorted(gone)
        sentences = []
        for state in self._worklist.outbox_state.destinations(tuple(names))[: len(names)]:
            number = state.waiting + state.scheduled
            log.warning("destination_removed destination=%s undelivered=%d", state.destination, number)
            sentences.append(
                f"{state.destination} gets nothing any more"
                + (f"; {number} reports for it are kept, and go when it is named again." if number else ".")
            )
        return sentences

    def _refused(self, error: str, state: str = "not taken, those from before are in force") -> Reload:
        why = without_secrets(error)
        try:
            message = f"The settings were read anew and {state}: {why}"
            self._worklist.registration.reject("settings_not_reloaded", message, actor=ACTOR)
        except StorageError as error:
            log.error("event_lost error=%s", error)
        log.error("settings_not_reloaded error=%s", why)
        return Reload(self._clock(), error=why)
