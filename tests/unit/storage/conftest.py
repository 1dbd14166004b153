"""An S3 server, and buckets of it."""

import pytest
from object_storage import KEY, ObjectStorage

from triage_node.storage import Bucket, BucketOptions
from triage_node.storage.bucket import bucket as bucket_module


@pytest.fixture(scope="session")
def object_storage():
    storage = ObjectStorage()
    yield storage
    storage.stop()


@pytest.fixture
def credentials(monkeypatch):
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def options(object_storage, credentials):
    return BucketOptions(object_storage.make_bucket(), "site/a/", object_storage.endpoint, timeout_seconds=2)


@pytest.fixture
def bucket(options, object_storage):
    yield Bucket(options)
    object_storage.is_busy = False


@pytest.fixture
def small_parts(monkeypatch):
    """Have files of 6 MB stored in parts, the smallest that S3 takes."""
    from triage_node.storage.bucket import multipart

    monkeypatch.setattr(bucket_module, "IN_PARTS_BYTES", 6 << 20)
    monkeypatch.setattr(multipart, "PART_BYTES", 5 << 20)
