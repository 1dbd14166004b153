"""Whose worklist it is: the images of its studies lie in one data folder, and it belongs to whoever has that."""

import uuid

from sqlalchemy import insert, select, update

from triage_node.database import Database, InstallationRow
from triage_node.errors import RowRefused, SettingsError

ONLY = 1


class Installation:
    """The data folder that a database belongs to, known by the UID of its device."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def check(self, device_uid: str, *, is_in_bucket: bool = False) -> None:
        """Take a database that belongs to nobody yet, and refuse one that belongs to another data folder.

        A node would claim studies whose images, and reports whose files, lie with the other, and bury them as missing.

        Parameters
        ----------
        is_in_bucket
            Whether all folders of the database have one bucket: then what lies in one of them alone is claimed there
            only (`Uploads`), and any folder may belong to it.

        Raises
        ------
        SettingsError
            It belongs to another.
        """
        owner = self.owner or self._took(device_uid)
        if owner != device_uid and not is_in_bucket:
            raise SettingsError(
                f"database_url: the worklist belongs to another data folder (device {owner}, here {device_uid}). "
                "Nodes that share a database share the folder of its images, or a bucket (storage_url); others need a "
                "database of their own. "
                "If that folder is lost or got a new device-uid, `triage-node rebuild` makes the worklist its own."
            )

    def take_over(self, device_uid: str) -> None:
        """Make a database the one of this data folder, on a person's word."""
        self._took(device_uid)
        with self._database.write() as session:
            session.execute(update(InstallationRow).values(device_uid=device_uid))

    @property
    def database_uid(self) -> str:
        """The UID of a database that belongs to somebody.

        Raises
        ------
        StorageError
            The database does not say.
        """
        with self._database.read() as session:
            return session.scalar(select(InstallationRow.database_uid)) or ""

    @property
    def owner(self) -> str | None:
        """The UID of the device that it belongs to, None while that is nobody."""
        with self._database.read() as session:
            return session.scalar(select(InstallationRow.device_uid))

    def _took(self, device_uid: str) -> str | None:
        try:
            with self._database.write() as session:
                own = f"2.25.{uuid.uuid4().int}"  # PS3.5 B.2
                session.execute(insert(InstallationRow).values(id=ONLY, device_uid=device_uid, database_uid=own))
        except RowRefused:
            pass  # another was first
        return self.owner
