"""A PostgreSQL server of the test's own, on loopback or another address of this machine."""

import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from programs import free_port, need
from sqlalchemy import create_engine


def newest(program: str) -> str:
    """A program of the newest server; Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return str(found[-1]) if found else need(program)


class PostgreSQL:
    """A server that can be stopped, killed and started again; it refuses to run as root.

    Parameters
    ----------
    folder
        One beside pytest's own, which only root may enter.
    options
        More of the server's, each ``NAME=VALUE``.
    host
        The address at which it listens.
    """

    def __init__(self, folder: Path, options: Sequence[str] = ("fsync=off",), host: str = "127.0.0.1") -> None:
        self._folder, self._host = folder, host
        self._prefix: list[str] = []
        self._options = " ".join(f"-c {option}" for option in options)
        self.port = free_port()
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
            self._prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self._run(newest("initdb"), "-A", "trust", "-U", "triage")
        with (folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {host}/24 trust\n")
        self.start()

    @property
    def url(self) -> str:
        """As `database_url`."""
        return self.url_through(self.port)

    def url_through(self, port: int) -> str:
        """As `database_url`, by way of another port."""
        return f"postgresql+psycopg://triage@{self._host}:{port}/postgres"

    def start(self) -> None:
        """Start it, or start it again with what it had."""
        options = f"-h {self._host} -p {self.port} -k {self._folder} {self._options}"
        self._run(newest("pg_ctl"), "-o", options, "-w", "-t", "60", "start")

    def stop(self) -> None:
        """End it: sessions are cut, what was committed stays."""
        self._run(newest("pg_ctl"), "-m", "fast", "stop")

    def kill(self) -> None:
        """End it as a power cut would."""
        pid = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        self._run(newest("pg_ctl"), "-m", "immediate", "stop")
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self._prefix, program, "-D", self._folder / "data", *arguments]
        with (self._folder / "log").open("a") as log:
            ended = subprocess.run([str(part) for part in command], cwd=self._folder, stdout=log, stderr=log)
        assert ended.returncode == 0, (self._folder / "log").read_text()


def new_database(server: str) -> str:
    """Return the address of an empty database on a server."""
    name = f"triage_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return f"{server.rpartition('/')[0]}/{name}"
