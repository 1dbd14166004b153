"""A PostgreSQL database dumped by the server's own programs, read through, and put into an empty one."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from triage_node.backup.progress import Progress
from triage_node.database import Database
from triage_node.errors import StorageError

DUMP, RESTORE = "pg_dump", "pg_restore"
LOOK_SECONDS = 0.5


def dump_postgresql(database: Database, target: Path, progress: Progress) -> dict[str, int]:
    """Dump a database as it is at one moment, and return how many rows each table has then.

    Raises
    ------
    StorageError
        ``pg_dump`` is not installed, older than the server, or cannot do it.
    """
    progress("dumping the database", 0, 0)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
        tables = connection.exec_driver_sql(query).scalars().all()
        count = "SELECT count(*) FROM "
        rows = {name: connection.exec_driver_sql(f'{count}"{name}"').scalar_one() for name in tables}
        _run(database, [DUMP, "--format=custom", f"--snapshot={snapshot}", f"--file={target}"], progress)
    return rows


def check_dump(path: Path, progress: Progress) -> dict[str, int]:
    """Read a dump through, and return how many rows each table has.

    Raises
    ------
    StorageError
        ``pg_restore`` is not installed, or the dump is damaged.
    """
    progress("verifying the database", 0, 0)
    rows: dict[str, int] = {}
    with _reading([_program(RESTORE), "--data-only", "--file=-", str(path)]) as script:
        table = ""
        for line in script:
            if table and line == b"\\.\n":
                table = ""
            elif table:
                rows[table] += 1
                if not rows[table] % 10_000:
                    progress("verifying the database", 0, 0)
            elif line.startswith(b"COPY "):
                table = line.split()[1].decode().rpartition(".")[2].strip('"')
                rows[table] = 0
    return rows


def restore_dump(database: Database, path: Path, progress: Progress) -> None:
    """Put a dump into an empty database, all of it or nothing.

    Raises
    ------
    StorageError
        The database has tables, or ``pg_restore`` cannot do it.
    """
    with database.engine.connect() as connection:
        query = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
        if connection.exec_driver_sql(query).scalar_one():
            raise StorageError("The database that database_url names has tables already; name an empty one.")
    progress("restoring the database", 0, 0)
    name = f"--dbname={_uri(database)}"
    options = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    _run(database, [RESTORE, *options, name, str(path)], progress, names_database=True)


def _run(database: Database, command: Sequence[str], progress: Progress, *, names_database: bool = False) -> None:
    """Run a program to its end, or end it when the progress says so; the password is in its environment only."""
    arguments = [_program(command[0]), *command[1:]]
    if not names_database:
        arguments.append(f"--dbname={_uri(database)}")
    environment = {**os.environ, "PGPASSWORD": database.url.password or os.environ.get("PGPASSWORD", "")}
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, env=environment) as process:
        try:
            said = _awaited(process, progress)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise StorageError(f"{command[0]} failed: {said}.")


def _awaited(process: "subprocess.Popen[bytes]", progress: Progress) -> str:
    while True:
        try:
            _, errors = process.communicate(timeout=LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            progress("working on the database", 0, 0)
            continue
        return " ".join(errors.decode(errors="replace").split()).rstrip(".")


@contextmanager
def _reading(command: Sequence[str]) -> Iterator[IO[bytes]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        errors: list[bytes] = []
        reader = threading.Thread(target=lambda: errors.append(process.stderr.read()), daemon=True)  # type: ignore[union-attr]
        reader.start()
        try:
            yield process.stdout
        except BaseException:
            process.kill()
            raise
        process.wait()
        reader.join()
    if process.returncode:
        said = " ".join(b"".join(errors).decode(errors="replace").split()).rstrip(".")
        raise StorageError(f"The dump {command[-1]} cannot be read: {said}.")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise StorageError(
            f"{name} is not installed here: install the client programs of PostgreSQL (Debian: postgresql-client), "
            "or back the server up by its own means and set backup_enabled to false."
        )
    return found


def _uri(database: Database) -> str:
    """Return the address as libpq has it, without the password."""
    return database.url.set(drivername="postgresql", password=None).render_as_string()
