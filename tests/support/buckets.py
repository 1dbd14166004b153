"""Fixtures: an S3 server, and buckets of it."""

from collections.abc import Iterator

import pytest
from object_storage import KEY, ObjectStorage

from triage_node.storage import Bucket, BucketOptions


@pytest.fixture(scope="session")
def object_storage() -> Iterator[ObjectStorage]:
    """Start a server for all tests."""
    storage = ObjectStorage()
    yield storage
    storage.stop()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the credentials in the environment."""
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def options(object_storage: ObjectStorage, credentials: None) -> BucketOptions:
    """Make a bucket, and return how it is reached."""
    return BucketOptions(object_storage.make_bucket(), "site/a/", object_storage.endpoint, timeout_seconds=2)


@pytest.fixture
def bucket(options: BucketOptions, object_storage: ObjectStorage) -> Iterator[Bucket]:
    """Open the bucket; a server that was told to be busy answers again after the test."""
    yield Bucket(options)
    object_storage.is_busy = False
