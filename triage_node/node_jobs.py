"""The jobs of a node: what is done by the clock, by the names and in the sentences that people read."""

from typing import TYPE_CHECKING

from triage_node.database import care_for
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

if TYPE_CHECKING:
    from triage_node.node import Node

CERTIFICATE_SECONDS = 6 * 3600.0
DEAD_LETTER_DAYS = 14.0
MOST_DEAD_LETTERS = 1000


def plan_jobs(scheduler: Scheduler, node: "Node", echo: Echo) -> None:
    """Plan everything that a node does by the clock."""
    _plan_vital(scheduler, node)
    _plan_looks(scheduler, node, echo)
    _plan_daily(scheduler, node)


def _plan_vital(scheduler: Scheduler, node: "Node") -> None:
    """Plan what runs every few seconds."""
    settings, worklist, every = node.settings, node.worklist, scheduler.every
    tick_seconds = min(1.0, settings.series_quiet_seconds / 4, settings.study_quiet_seconds / 4)
    every(
        tick_seconds,
        worklist.study_completion.advance,
        "study completion",
        "Decides which series and studies are complete, and puts those in line.",
    )
    every(0.5, node.supervisor.check, "worker", "Starts the inference process again when it has ended.")
    every(5, node.supervisor.kill_if_stuck, "stuck worker", "Ends an analysis that takes too long.")
    every(5, node.keep_deliveries, "deliveries", "Keeps what is being sent, and takes back what nobody sends any more.")
    disk = DiskWatch(node.spool, worklist.upkeep_notes.note)
    every(10, disk.check, "disk", "Measures the free space: warns, and says when nothing is taken any more.")
    every(30, worklist.queue_history.look, "queues", "Notes how long the queues are, for the statistics.")
    if node.listener.certificate is not None:
        every(5, node.listener.certificate.follow, "new certificate", "Takes up a new certificate of the listener.")


def _plan_looks(scheduler: Scheduler, node: "Node", echo: Echo) -> None:
    """Plan what looks whether all is well."""
    settings, notes = node.settings, node.worklist.upkeep_notes
    if settings.echo_seconds and settings.destinations:
        does = "Tries the way to each destination, without a report, also while there is nothing to send."
        scheduler.every(settings.echo_seconds, echo.run, "destination echo", does)
    certificates = Certificates(certificate_files(settings), notes.note_once, node.clock)
    does = "Tells of certificates that end within 30 days: of the listener, the pages, destinations and authorities."
    scheduler.every(CERTIFICATE_SECONDS, certificates.run, "certificates", does)


def _plan_daily(scheduler: Scheduler, node: "Node") -> None:
    """Plan what has its time of the day."""
    settings, zone, worklist = node.settings, node.settings.zone, node.worklist
    if settings.backup_enabled:
        backup = DatabaseBackup(settings, worklist.database, lambda: scheduler.is_stopping, node.clock)
        does = f"Copies the database while it is in use, reads the copy, and keeps the last {settings.backup_keep}."
        scheduler.daily(Daily(settings.backup_time, zone), backup.run, "database backup", does)
    if settings.database_hours is not None:
        does = "Gives back the room of deleted rows, writes the log back, and counts for the planning of queries."
        window = Daily.within(settings.database_hours, zone)
        scheduler.daily(window, lambda: _care(scheduler, node), "database care", does)
    statistics = DailyStatistics(worklist.statistics, worklist.upkeep_notes.note, zone, node.clock)
    at = Daily(settings.statistics_time, zone)
    scheduler.daily(at, statistics.sum_up, "daily statistics", "Sums up yesterday in an event.")
    if settings.drift_alert != "off":
        does = "Compares scores and scanners of the last 30 days with those of the 90 days before."
        scheduler.daily(at, lambda: statistics.drift(settings.drift_alert), "drift", does)
    if settings.dead_letter_hours is not None:
        does = "Sends once more what was given up in the last 14 days, to destinations that answer."
        window = Daily.within(settings.dead_letter_hours, zone)
        scheduler.daily(window, lambda: _send_dead_letters(node), "dead letters", does)


def _care(scheduler: Scheduler, node: "Node") -> Done:
    return Done(care_for(node.worklist.database, lambda: scheduler.is_stopping))


def _send_dead_letters(node: "Node") -> Done:
    reaches = [one.reach for one in node.dispatchers]
    answering = [one.destination for one in reaches if one.answers is not False]
    sent = node.worklist.dead_letters.send_again(answering, DEAD_LETTER_DAYS, MOST_DEAD_LETTERS)
    words = [f"{number} reports for {name} are sent once more" for name, number in sent.items()]
    return Done("; ".join(words) or "nothing was given up that could be sent once more")
