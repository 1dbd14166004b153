"""The tests of uploading have an S3 server."""

from buckets import bucket, credentials, object_storage, options

__all__ = ["bucket", "credentials", "object_storage", "options"]
