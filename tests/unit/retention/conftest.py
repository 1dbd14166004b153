from collections.abc import Iterator

import pytest
from aged import Ward
from buckets import bucket, credentials, object_storage, options

from triage_node.storage import Spool

__all__ = ["bucket", "credentials", "object_storage", "options"]


@pytest.fixture
def ward(worklist, clock, tmp_path) -> Iterator[Ward]:
    return Ward(worklist, Spool(tmp_path / "data/spool"), clock)
