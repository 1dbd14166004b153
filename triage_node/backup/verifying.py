"""Is a backup whole? Digests, the database read through, its rows counted."""

from pathlib import Path

from triage_node.backup.inventory import Inventory, sha256_of
from triage_node.backup.postgresql_dump import check_dump
from triage_node.backup.progress import Progress, nothing_said
from triage_node.backup.sqlite_copy import check_sqlite
from triage_node.errors import StorageError


def verify_backup(folder: Path, progress: Progress = nothing_said) -> Inventory:
    """Read a backup through and return what it says of itself.

    Raises
    ------
    StorageError
        It is damaged, or no backup; the sentence says what is wrong.
    """
    inventory = Inventory.read(folder)
    for name, digest in inventory.sha256.items():
        progress(f"reading {name}", 0, 0)
        if Path(name).name != name:
            raise StorageError(f"The backup {folder} is damaged: it names a file {name!r} outside of it.")
        if not (folder / name).is_file() or sha256_of(folder / name) != digest:
            raise StorageError(f"The backup {folder} is damaged: {name} is not what was written.")
    path = folder / inventory.database_file
    if inventory.database_file not in inventory.sha256:
        raise StorageError(f"The backup {folder} is damaged: it has no database.")
    rows = check_sqlite(path, progress) if inventory.database == "sqlite" else check_dump(path, progress)
    wrong = [name for name, number in inventory.rows.items() if rows.get(name) != number]
    if wrong:
        raise StorageError(f"The backup {folder} is damaged: rows are missing in {', '.join(wrong)}.")
    files = sum(path.is_file() for path in (folder / "spool").rglob("*"))
    if files != inventory.files:
        raise StorageError(f"The backup {folder} is damaged: {files} of {inventory.files} files are in its spool.")
    return inventory
