"""Two machines that share a database and a bucket, each with a data folder of its own: the tests' settings of them."""

from pathlib import Path
from typing import Any

from triage_node.storage import BucketOptions


def shared_settings(folder: Path, options: BucketOptions, endpoint: str) -> dict[str, Any]:
    """Return what both have alike."""
    return {
        "database_url": f"sqlite:///{folder / 'shared.sqlite'}",
        "storage_url": f"s3://{options.name}/site",
        "storage_endpoint": endpoint,
        "storage_timeout_seconds": 2.0,
    }
