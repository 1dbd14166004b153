"""Settings of storage."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, model_validator

from triage_node.config.quantities import Megabytes, Percent


class StorageSettings(BaseModel):
    """The data folder, its disk, and the database."""

    data_dir: Path = Field(Path("triage-data"), description="spool, results and the SQLite file live here")
    database_url: str | None = Field(None, description="SQLAlchemy URL of the worklist; default SQLite in `data_dir`")
    database_url_file: Path | None = Field(
        None, description="file that holds the `database_url`, for its password; unused where that is set"
    )
    disk_reserve_mb: Megabytes = Field(
        512, description="MiB; with less free space, senders are refused (0xA700), until a quarter more is free"
    )
    disk_reserve_percent: Percent = Field(0.0, description="likewise, in percent of the disk; whichever is more counts")
    disk_warn_mb: Megabytes = Field(
        10_240, description="MiB; with less free space the node warns, with less than twice the reserve in any case"
    )
    disk_warn_percent: Percent = Field(5.0, description="likewise, in percent of the disk; whichever is more counts")

    @model_validator(mode="before")
    @classmethod
    def _read_database_url(cls, data: Any) -> Any:
        path = data.get("database_url_file")
        if path is None or data.get("database_url") is not None:
            return data
        try:
            url = Path(path).read_text().strip()
        except (OSError, ValueError) as error:
            raise ValueError(f"database_url_file: {path} cannot be read: {error}") from error
        if not url:
            raise ValueError(f"database_url_file: {path} is empty")
        return data | {"database_url": url}

    @property
    def is_on_server(self) -> bool:
        """Whether the database is on a server, so that several processes and machines may do the node's work."""
        return self.database_url is not None and not self.database_url.startswith("sqlite")

    @property
    def effective_database_url(self) -> str:
        """The worklist's SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'worklist.sqlite'}"
