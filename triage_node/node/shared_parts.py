"""What the roles of one process share: settings, spool, worklist, scheduler, and the process's name."""

import re
import secrets
import socket
from collections.abc import Callable
from functools import wraps

from triage_node.config import Settings
from triage_node.delivery import Caller, RetryPolicy
from triage_node.instrumentation import Instruments, traces_to
from triage_node.maintenance import Scheduler
from triage_node.node.duties import Duties, Duty
from triage_node.storage import RestoreMark, Spool, Watermarks, device_uid, hold
from triage_node.uploading import Uploader
from triage_node.worklist import Worklist

LONGEST_HOST = 40
GONE_SECONDS = 60.0
"""A process that was not seen for so long holds no lease any more."""


class SharedParts:
    """What every role stands on.

    Attributes
    ----------
    name
        Of this process, in every claim: ``AE@HOST`` where it is alone, and else unlike any other's, now or before.
    is_shared
        Whether other processes may do the node's work, too: the database is on a server.

    Raises
    ------
    StorageError
        The data folder or the database cannot be used, or another node uses the folder.
    SettingsError
        Traces are wanted, and what sends them is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.is_shared = settings.is_on_server
        RestoreMark(settings.data_dir).check()
        self.lock = hold(settings.data_dir, shares=self.is_shared)
        token = secrets.token_hex(3)
        self.name = f"{settings.node_name}/{token}" if self.is_shared else settings.node_name
        inbox = f"{_host()}-{token}" if self.is_shared else None
        self.spool = Spool.of(settings, Watermarks.of(settings), inbox)
        self.worklist = Worklist(settings, node=self.name)
        self.uploader = Uploader.of(settings, self.spool, self.worklist)
        self.duties = Duties(self.worklist.leases, self.name, settings.roles, is_shared=self.is_shared)
        # Where several machines go by the server's clock, each may set its own as it likes.
        self.scheduler = Scheduler(
            None if self.is_shared else self.worklist.clock_change.follow, runs=self.worklist.job_runs
        )
        self.policy = RetryPolicy(
            settings.retry_first_seconds, settings.retry_longest_seconds, settings.retry_give_up_hours * 3600
        )
        self.caller = Caller.of(settings)
        self.instruments = Instruments()
        self.traces = traces_to(settings.otel_endpoint, "triage-node", self.name)

    def prepare(self) -> None:
        """Make the tables, and note to whom database and folder belong; let others in then.

        Raises
        ------
        StorageError
            The database cannot be prepared, or the folder is that of another.
        SettingsError
            The database belongs to another data folder.
        """
        self.worklist.look_for_damage()
        self.worklist.prepare(is_alone=False)
        if self.is_alone():
            self.worklist.prepare()
        has_bucket, installation = self.settings.storage_url is not None, self.worklist.installation
        # With a bucket each machine has a folder of its own, and all are one device.
        own = device_uid(self.settings.data_dir, installation.owner if has_bucket else None)
        if self.settings.database_url is not None:
            installation.check(own, is_in_bucket=has_bucket)

    def is_alone(self) -> bool:
        """Tell whether no other process does the node's work: that of one folder, or of several with one bucket."""
        if not self.lock.is_alone:
            return False
        if not self.is_shared or self.settings.storage_url is None:
            return True
        now = self.worklist.clock()
        return all(now - one.seen_at >= GONE_SECONDS for one in self.worklist.leases.nodes())

    def let_others_in(self) -> None:
        """Have others share folder and database, which are prepared."""
        if self.is_shared:
            self.lock.share(self.worklist.installation.database_uid)
            self.worklist.listen()

    def when_held(self, duty: Duty, job: Callable[[], object]) -> Callable[[], None]:
        """Return a job that does nothing while another process has its duty; its name stays."""

        @wraps(job)
        def run() -> None:
            if duty.is_held():
                job()

        return run

    def use(self, settings: Settings) -> None:
        """Go by other settings from now on."""
        self.settings = settings
        self.worklist.use(settings)
        self.spool.use(Watermarks.of(settings))

    def close(self) -> None:
        """Send the last spans, and let database and folder go."""
        self.traces.close()
        self.spool.close()
        self.worklist.close()
        self.lock.close()


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9-]", "_", socket.gethostname())[:LONGEST_HOST]
