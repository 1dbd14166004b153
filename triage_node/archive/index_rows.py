"""To which study each file of an archive belongs, as rows and as a table."""

import os
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import pyarrow as pa

from triage_node.errors import InvalidInstance
from triage_node.imaging import InstanceNames, Skipped, damaged_instances

SCHEMA = pa.schema(
    [
        ("name", pa.binary()),
        ("study_instance_uid", pa.string()),
        ("series_instance_uid", pa.string()),
        ("sop_instance_uid", pa.string()),
        ("why", pa.string()),
        ("is_damaged", pa.bool_()),
    ]
)
"""`name` is bytes, for the name of a file need not be text; `why` is empty where the file is an instance."""


@dataclass(frozen=True)
class IndexRow:
    """A file, or a study of an archive that has no files, and where it belongs.

    Attributes
    ----------
    why
        Why it is left out; "" of an instance.
    is_damaged
        Whether what is left out calls itself an instance.
    """

    name: bytes
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    sop_instance_uid: str = ""
    why: str = ""
    is_damaged: bool = False

    @classmethod
    def of_instance(cls, name: str, names: InstanceNames) -> "IndexRow":
        """Return the row of an instance."""
        return cls(os.fsencode(name), names.study_instance_uid, names.series_instance_uid, names.sop_instance_uid)

    @classmethod
    def left_out(cls, name: str, why: str, path: Path | None = None) -> "IndexRow":
        """Return the row of what is no instance; of a file at a path it is asked whether it calls itself one."""
        is_damaged = path is not None and bool(damaged_instances([Skipped(path, why)]))
        return cls(os.fsencode(name), why=why, is_damaged=is_damaged)

    @classmethod
    def read(cls, name: str, path: Path) -> "IndexRow":
        """Return the row of a file at a path."""
        try:
            return cls.of_instance(name, InstanceNames.read(path))
        except InvalidInstance as error:
            return cls.left_out(name, str(error), path)


def as_table(rows: Iterable[IndexRow]) -> pa.Table:
    """Return rows as a table of `SCHEMA`."""
    columns = list(zip(*map(astuple, rows), strict=True)) or [()] * len(fields(IndexRow))
    return pa.table([pa.array(column, kind.type) for column, kind in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)
