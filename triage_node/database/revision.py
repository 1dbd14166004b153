"""Which version's tables a database has, compared with those of this version."""

from dataclasses import dataclass

import alembic.util
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


@dataclass(frozen=True)
class Revision:
    """The migration that a database was brought to last, and the last one that this version knows.

    ``found`` is empty while there are no tables; ``is_known`` tells whether this version has that migration.
    """

    found: str
    known: str
    is_known: bool

    @property
    def is_empty(self) -> bool:
        """Whether there are no tables yet."""
        return not self.found

    @property
    def is_older(self) -> bool:
        """Whether the next start brings them up."""
        return not self.is_empty and self.is_known and self.found != self.known

    @property
    def is_newer(self) -> bool:
        """Whether another version wrote it, which only a newer one can be."""
        return not self.is_empty and not self.is_known

    @property
    def too_new(self) -> str:
        """Say why a newer one cannot be used, and the way out."""
        return (
            f"It was written by a newer version ({self.found}, this one knows {self.known}): install that version "
            "again, or restore the backup from before."
        )


def revision_of(connection: Connection, config: Config) -> Revision:
    """Compare what a database says of itself with the migrations there are."""
    scripts = ScriptDirectory.from_config(config)
    found = MigrationContext.configure(connection).get_current_revision() or ""
    try:
        is_known = bool(found) and scripts.get_revision(found) is not None
    except alembic.util.CommandError:
        is_known = False
    return Revision(found, scripts.get_current_head() or "", is_known)
