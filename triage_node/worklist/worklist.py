"""The worklist as the rest of the node holds it."""

import time
from collections.abc import Callable
from functools import partial

from triage_node.config import Settings
from triage_node.database import Channel, Database, Waiter, make_data_folder, mark_changes, send_notifications
from triage_node.errors import StorageError
from triage_node.identity import Accounts, AuditTrail, Limits, Lockouts, Passwords, Sessions, Tokens
from triage_node.search import Search, StoredInstances, Workitems
from triage_node.statistics import QueueHistory, Statistics, StudyQueues, recount_if_missing, write_counts
from triage_node.storage import Layout, spool_folder, spool_name
from triage_node.worklist.announcements import Announcements
from triage_node.worklist.claims import Claims
from triage_node.worklist.clock_change import ClockChange
from triage_node.worklist.commitment.kept_instances import KeptInstances
from triage_node.worklist.commitment.requests import CommitmentRequests
from triage_node.worklist.commitment.transactions import Transactions
from triage_node.worklist.judged_studies import JudgedStudies
from triage_node.worklist.nodes.installation import Installation
from triage_node.worklist.nodes.leases import Leases
from triage_node.worklist.outbox.outbox import Outbox
from triage_node.worklist.outbox.outbox_state import OutboxState
from triage_node.worklist.outbox.resending import Resending
from triage_node.worklist.outbox.routing import Routing
from triage_node.worklist.outbox.schedule import Schedule
from triage_node.worklist.reader_actions import ReaderActions
from triage_node.worklist.rebuilding import Rebuilding
from triage_node.worklist.registration import Registration
from triage_node.worklist.retention.deletable import Deletables
from triage_node.worklist.retention.deleted_parts import DeletedParts
from triage_node.worklist.retention.deletions import Deletions
from triage_node.worklist.retention.stock import Stock
from triage_node.worklist.senders.sender_counts import SenderCounts
from triage_node.worklist.study_completion import StudyCompletion, Timers
from triage_node.worklist.study_details import StudyDetails
from triage_node.worklist.study_lists import StudyLists
from triage_node.worklist.upkeep.dead_letters import DeadLetters
from triage_node.worklist.upkeep.holding import Holding
from triage_node.worklist.upkeep.job_runs import JobRuns
from triage_node.worklist.upkeep.notes import Notes
from triage_node.worklist.uploads.uploads import Uploads
from triage_node.worklist.workitems.performances import Performances
from triage_node.worklist.workitems.priority_changes import PriorityChanges
from triage_node.worklist.workitems.pushed_workitems import PushedWorkitems
from triage_node.worklist.workitems.study_progress import StudiesInProgress

LEASE_SECONDS = 60.0
CHECK_SECONDS = 5.0


class Worklist:
    """One database and the few things that may be done with it.

    Parameters
    ----------
    settings
        Timers, attempts, maximum wait and the database's URL.
    clock
        Seconds since 1970; by default the database's: this machine's, or that of its server.
    steady
        Seconds of a clock that nobody can set, for everything that lasts; by default the machine's, beside a ``clock``
        of one's own that one.
    node
        Who delivers, unlike any other that does; by default the node's name.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] | None = None,
        steady: Callable[[], float] | None = None,
        node: str | None = None,
    ) -> None:
        steady = steady or (time.monotonic if clock in (None, time.time) else clock)
        timers = Timers(settings.series_quiet_seconds, settings.study_quiet_seconds, settings.study_maximum_seconds)
        if settings.database_url is None:
            make_data_folder(settings.data_dir)
        self.database = Database(
            settings.effective_database_url,
            before_commit=(write_counts, send_notifications, mark_changes),
            layout=Layout.of(settings.data_dir),
        )
        clock = self.clock = clock or self.database.clock
        self.installation = Installation(self.database)
        self.leases = Leases(self.database, clock)
        spool = partial(spool_name, spool_folder(settings.data_dir)) if settings.storage_url else None
        self.uploads = Uploads(self.database, clock, spool, settings.node_name)
        self.registration = Registration(self.database, clock, self.uploads)
        self.announcements = Announcements(self.database, clock)
        self.study_completion = StudyCompletion(self.database, clock, timers, steady)
        self.routing = Routing(self.database, settings.destinations)
        self.schedule = Schedule(self.database, clock, steady, settings.destinations, settings.zone)
        told = [one.name for one in settings.workitem_servers if one.priorities]
        meeting = self.routing, self.schedule, told, self.uploads
        self.claims = Claims(self.database, clock, LEASE_SECONDS, settings.analysis_attempts, steady, *meeting)
        self.outbox = Outbox(self.database, clock, steady, node or settings.node_name, LEASE_SECONDS, self.uploads)
        self.outbox_state = OutboxState(self.database, clock)
        self.commitment_transactions = Transactions(self.database, clock)
        self.commitment_requests = CommitmentRequests(self.database, clock)
        self.kept_instances = KeptInstances(self.database)
        self.clock_change = ClockChange(self.database, clock)
        self.dead_letters = DeadLetters(self.database, clock)
        self.holding = Holding(self.database, clock)
        self.job_runs = JobRuns(self.database, settings.node_name)
        self.upkeep_notes = Notes(self.database, clock)
        self.sender_counts = SenderCounts(self.database, clock)
        self.reader_actions = ReaderActions(self.database, clock)
        self.judged_studies = JudgedStudies(self.database)
        self.resending = Resending(self.database, clock)
        self.rebuilding = Rebuilding(self.database, clock, self.registration, self.routing)
        self.deletions = Deletions(self.database, clock)
        self.deleted_parts = DeletedParts(self.database)
        self.deletables = Deletables(self.database, clock)
        self.stock = Stock(self.database, clock)
        self.study_details = StudyDetails(self.database, clock, settings.maximum_wait_minutes * 60)
        self.stored_instances = StoredInstances(self.database)
        self.study_lists = StudyLists(self.database, clock, settings.maximum_wait_minutes * 60)
        self.study_queues = StudyQueues(self.database, clock)
        self.search = Search(self.database)
        self.workitems = Workitems(self.database)
        self.pushed_workitems = PushedWorkitems(self.database, clock)
        self.performances = Performances(self.database, clock)
        self.priority_changes = PriorityChanges(self.database, clock)
        self.studies_in_progress = StudiesInProgress(self.database)
        self.statistics = Statistics(self.database)
        self.queue_history = QueueHistory(self.database, clock)
        limits = Limits(settings.web_idle_minutes * 60, settings.web_session_hours * 3600)
        lockouts = Lockouts(self.database, clock)
        self.accounts = Accounts(self.database, clock, lockouts, Passwords(), settings.data_dir)
        self.sessions = Sessions(self.database, clock, limits)
        self.tokens = Tokens(self.database, clock)
        self.audit_trail = AuditTrail(self.database, clock)

    def use(self, settings: Settings) -> None:
        """Go by the destinations of other settings from now on."""
        self.routing.use(settings.destinations)
        self.schedule.use(settings.destinations)

    def look_for_damage(self, seconds: float = CHECK_SECONDS) -> None:
        """Look at the SQLite file for at most some seconds; nothing on a server.

        Raises
        ------
        DatabaseDamaged
            It is damaged; the sentence says what to do.
        """
        self.database.look_for_damage(seconds)

    def prepare(self, *, is_alone: bool = True) -> None:
        """Create or migrate the tables.

        Parameters
        ----------
        is_alone
            Whether nobody else uses the database now: only then what is missing is counted anew.

        Raises
        ------
        StorageError
            The database cannot be used.
        """
        self.database.migrate()
        if is_alone:
            recount_if_missing(self.database)

    def listen(self) -> None:
        """Hear of work that others tell of from now on, instead of asking for it often."""
        self.database.notifications.start()

    def waiter(self, channel: Channel) -> Waiter:
        """Return what waits for work of a kind."""
        return Waiter(self.database.notifications, channel)

    def answers(self) -> bool:
        """Tell whether the database can be read now, could be written to the last time, and was never found damaged."""
        if self.database.damage:
            return False
        try:
            self.study_details.is_empty()
        except StorageError:
            return False
        return not self.database.refusal

    def close(self) -> None:
        """Close the database."""
        self.database.close()
