"""A large file becomes an object in parts: one that is cut off leaves nothing that anybody could read."""

import base64
import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from triage_node.storage.bucket.options import BucketOptions

PART_BYTES = 16 << 20
"""Not less than 5 MiB, and 10,000 parts at most: S3's limits; a file of 160 GB."""


def put_in_parts(client: Any, path: Path, arguments: dict[str, Any], condition: dict[str, str]) -> None:
    """Store a file in parts, each with its checksum, and end the whole or nothing.

    Parameters
    ----------
    arguments
        Bucket, key, metadata and encryption.
    condition
        What must be so that the object appears (``IfNoneMatch``).

    Raises
    ------
    Exception
        Whatever the client raises; the parts are removed then, as far as the storage answers.
    """
    place = {"Bucket": arguments["Bucket"], "Key": arguments["Key"]}
    started = client.create_multipart_upload(**arguments, ChecksumAlgorithm="SHA256")
    place |= {"UploadId": started["UploadId"]}
    try:
        parts = [_put_part(client, place, number, part) for number, part in enumerate(_parts(path), 1)]
        client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, **condition)
    except BaseException:
        with suppress(Exception):  # what cannot be removed now is removed at the next start
            client.abort_multipart_upload(**place)
        raise


def abort_leftovers(client: Any, options: BucketOptions, older_than: float) -> int:
    """Remove the parts that a process left which was killed; return how many objects were begun.

    Parameters
    ----------
    older_than
        Seconds since 1970; what was begun later may be at work.
    """
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=options.name, Prefix=options.prefix)
    begun = [one for page in pages for one in page.get("Uploads", ()) if one["Initiated"].timestamp() < older_than]
    for one in begun:
        client.abort_multipart_upload(Bucket=options.name, Key=one["Key"], UploadId=one["UploadId"])
    return len(begun)


def _parts(path: Path) -> Any:
    with path.open("rb") as file:
        while part := file.read(PART_BYTES):
            yield part


def _put_part(client: Any, place: dict[str, Any], number: int, content: bytes) -> dict[str, Any]:
    checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
    answer = client.upload_part(**place, PartNumber=number, Body=content, ChecksumSHA256=checksum)
    return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}
