"""Sites that offer storage commitment, and who asks them."""

from collections.abc import Iterator

import pytest
from commitments import POLICY, Requestor, Site
from ct import head_ct, save
from intakes import store

from triage_node.delivery import RetryPolicy
from triage_node.dimse.normalized.storage_commitment import Reference
from triage_node.endpoints import Peer


@pytest.fixture
def requestor() -> Iterator[Requestor]:
    requestor = Requestor()
    yield requestor
    requestor.stop()


@pytest.fixture
def images(tmp_path):
    """Two images, and the files they are in."""
    images = head_ct(slices=2, size=(16, 16))
    return images, save(images, tmp_path / "images")


@pytest.fixture
def stored(images):
    """Store the images and return their references."""

    def stored(port: int) -> list[Reference]:
        assert [store(port, path) for path in images[1]] == [0, 0]
        return [Reference(str(ds.SOPClassUID), str(ds.SOPInstanceUID)) for ds in images[0]]

    return stored


@pytest.fixture
def start_site(make_settings) -> Iterator:
    """Start sites on one data folder; they are stopped at the end."""
    sites: list[Site] = []

    def start(requestor: Peer | None = None, policy: RetryPolicy = POLICY) -> Site:
        sites.append(Site(make_settings(), requestor, policy))
        return sites[-1]

    yield start
    for site in sites:
        site.stop()
