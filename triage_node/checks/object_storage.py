"""The bucket: whether it takes, shows and deletes an object."""

from collections.abc import Iterator

from triage_node.checks.result import Result, tried
from triage_node.config import Settings
from triage_node.storage import Bucket, BucketOptions


def check_object_storage(settings: Settings) -> Iterator[Result]:
    """Store a small object and delete it again; nothing without a bucket."""
    options = BucketOptions.of(settings)
    if options is not None:
        yield tried("object storage", lambda: Bucket(options).check())
