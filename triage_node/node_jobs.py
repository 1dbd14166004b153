"""The jobs of a node: what is done by the clock, by the names and in the sentences that people read."""

import time
from collections.abc import Callable, Sequence

from triage_node.config import Settings
from triage_node.database import care_for
from triage_node.delivery import Caller, Dispatcher, check_destination
from triage_node.dimse import Listener
from triage_node.endpoints import QuietHours
from triage_node.maintenance import (
    Certificates,
    Daily,
    DailyStatistics,
    DatabaseBackup,
    DiskWatch,
    Done,
    Echo,
    Scheduler,
    certificate_files,
)
from triage_node.pipeline import Supervisor
from triage_node.storage import Spool
from triage_node.worklist import Worklist

Held = Callable[[Callable[[], object]], Callable[[], object]]
Dispatchers = Callable[[], Sequence[Dispatcher]]
"""Those of the settings in force, and those that still have something in hand."""

CERTIFICATE_SECONDS = 6 * 3600.0
DEAD_LETTER_DAYS = 14.0
MOST_DEAD_LETTERS = 1000


def plan_upkeep(
    scheduler: Scheduler, current: Callable[[], Settings], worklist: Worklist, spool: Spool, held: Held
) -> None:
    """Plan what is done for the worklist and the data folder, or plan it anew; times are those of the settings now.

    Parameters
    ----------
    held
        Makes of a job one that is done by one process at a time; a daily one is so anyway.
    """
    settings = current()
    tick_seconds = min(1.0, settings.series_quiet_seconds / 4, settings.study_quiet_seconds / 4)
    does = "Decides which series and studies are complete, and puts those in line."
    scheduler.every(tick_seconds, held(worklist.study_completion.advance), "study completion", does)
    disk = DiskWatch(spool, worklist.upkeep_notes.note)
    scheduler.every(
        10, held(disk.check), "disk", "Measures the free space: warns, and says when nothing is taken any more."
    )
    does = "Notes how long the queues are, for the statistics."
    scheduler.every(30, held(worklist.queue_history.look), "queues", does)
    certificates = Certificates(lambda: certificate_files(current()), worklist.upkeep_notes.note_once, time.time)
    does = "Tells of certificates that end within 30 days: of the listener, the pages, destinations and authorities."
    scheduler.every(CERTIFICATE_SECONDS, certificates.run, "certificates", does)
    _plan_database(scheduler, settings, worklist)
    _plan_statistics(scheduler, settings, worklist)


def plan_listener(scheduler: Scheduler, listener: Listener) -> None:
    """Plan what is done for the listener."""
    if listener.certificate is not None:
        does = "Takes up a new certificate of the listener."
        scheduler.every(5, listener.certificate.follow, "new certificate", does)


def plan_worker(scheduler: Scheduler, supervisor: Supervisor) -> None:
    """Plan what is done for the inference process."""
    scheduler.every(0.5, supervisor.check, "worker", "Starts the inference process again when it has ended.")
    scheduler.every(5, supervisor.kill_if_stuck, "stuck worker", "Ends an analysis that takes too long.")


def plan_delivery(
    scheduler: Scheduler, settings: Settings, worklist: Worklist, dispatchers: Dispatchers, echo: Echo
) -> None:
    """Plan what is done for reports and their destinations, or plan it anew."""
    does = "Keeps what is being sent, and takes back what nobody sends any more."
    scheduler.every(5, lambda: _keep_deliveries(worklist, dispatchers), "deliveries", does)
    does = "Tries the way to each destination, without a report, also while there is nothing to send."
    scheduler.every(settings.echo_seconds or None, echo.run, "destination echo", does)
    does = f"Sends once more what was given up in the last {DEAD_LETTER_DAYS:.0f} days, where somebody answers."
    window = _within(settings.dead_letter_hours, settings)
    scheduler.daily(window, lambda: _send_dead_letters(worklist, dispatchers), "dead letters", does)


def echo_of(
    current: Callable[[], Settings], worklist: Worklist, dispatchers: Dispatchers, scheduler: Scheduler
) -> Echo:
    """Return what tries the destinations of the settings in force."""
    return Echo(
        lambda: current().destinations,
        lambda one: check_destination(one, Caller.of(current())),
        lambda name: any(one.is_sending for one in dispatchers() if one.reach.destination == name),
        worklist.upkeep_notes.note,
        lambda: scheduler.is_stopping,
    )


def _plan_database(scheduler: Scheduler, settings: Settings, worklist: Worklist) -> None:
    is_stopping: Callable[[], bool] = lambda: scheduler.is_stopping  # noqa: E731
    backup = DatabaseBackup(settings, worklist.database, is_stopping, time.time)
    does = f"Copies the database while it is in use, reads the copy, and keeps the last {settings.backup_keep}."
    at = Daily(settings.backup_time, settings.zone) if settings.backup_enabled else None
    scheduler.daily(at, backup.run, "database backup", does)
    does = "Gives back the room of deleted rows, writes the log back, and counts for the planning of queries."
    care = lambda: Done(care_for(worklist.database, is_stopping))  # noqa: E731
    scheduler.daily(_within(settings.database_hours, settings), care, "database care", does)


def _plan_statistics(scheduler: Scheduler, settings: Settings, worklist: Worklist) -> None:
    daily = DailyStatistics(worklist.statistics, worklist.upkeep_notes.note, settings.zone)
    at = Daily(settings.statistics_time, settings.zone)
    scheduler.daily(at, daily.sum_up, "daily statistics", "Sums up yesterday in an event.")
    does = "Compares scores and scanners of the last 30 days with those of the 90 days before."
    alert = settings.drift_alert
    scheduler.daily(at if alert != "off" else None, lambda: daily.drift(alert), "drift", does)


def _within(hours: QuietHours | None, settings: Settings) -> Daily | None:
    return None if hours is None else Daily.within(hours, settings.zone)


def _keep_deliveries(worklist: Worklist, dispatchers: Dispatchers) -> None:
    """Prolong the leases of what is being sent, and take back what nobody sends any more."""
    for dispatcher in dispatchers():
        dispatcher.renew()
    worklist.outbox.release_expired()


def _send_dead_letters(worklist: Worklist, dispatchers: Dispatchers) -> Done:
    reaches = [one.reach for one in dispatchers()]
    answering = [one.destination for one in reaches if one.answers is not False]
    sent = worklist.dead_letters.send_again(answering, DEAD_LETTER_DAYS, MOST_DEAD_LETTERS)
    words = [f"{number} reports for {name} are sent once more" for name, number in sent.items()]
    return Done("; ".join(words) or "nothing was given up that could be sent once more")
