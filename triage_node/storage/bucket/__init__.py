"""Copies of instances and results in a bucket of an object storage that speaks S3."""

from triage_node.storage.bucket.bucket import Bucket, BucketState
from triage_node.storage.bucket.copies import Copies
from triage_node.storage.bucket.local_copies import LocalCopies, note_use
from triage_node.storage.bucket.options import BucketOptions
from triage_node.storage.bucket.stored_object import Kept, StoredObject
from triage_node.storage.bucket.study_copies import StudyCopies

__all__ = [
    "Bucket",
    "BucketOptions",
    "BucketState",
    "Copies",
    "Kept",
    "LocalCopies",
    "StoredObject",
    "StudyCopies",
    "note_use",
]
