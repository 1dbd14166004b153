from collections.abc import Iterator

import pytest
from aged import Ward

from triage_node.storage import Spool


@pytest.fixture
def ward(worklist, clock, tmp_path) -> Iterator[Ward]:
    return Ward(worklist, Spool(tmp_path / "data/spool"), clock)
