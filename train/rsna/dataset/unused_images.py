"""The images that could not be used, with why: a table, never a silence."""

import csv
from pathlib import Path

from triage_node.complete_file import complete_file
from triage_node.train.rsna.shards.shard import read_table

REFUSED_FILE = "refused.csv"
COLUMNS = ("sop_instance_uid", "series_instance_uid", "reason")


def write_refusals(folder: Path) -> Path:
    """Write the refused images of a folder of shards as CSV."""
    path = folder / REFUSED_FILE
    with complete_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(COLUMNS)
        for table in sorted(folder.glob("shard-*.parquet")):
            found = read_table(table).select(COLUMNS).to_pylist()
            rows.writerows([row[name] for name in COLUMNS] for row in found if row["reason"])
    return path
