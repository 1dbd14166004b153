"""A bucket: objects by key, whole or not there, each compared with its checksum."""

import base64
import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from triage_node.complete_file import partial_file, storage_errors
from triage_node.errors import InvalidInstance, ObjectStorageAway, ObjectStorageError, ObjectStorageRefused
from triage_node.storage.bucket.answering import Answering
from triage_node.storage.bucket.client import check_installed, client_of
from triage_node.storage.bucket.multipart import abort_leftovers, put_in_parts
from triage_node.storage.bucket.options import BucketOptions
from triage_node.storage.bucket.refusals import code_of, sentence_of, status_of
from triage_node.storage.bucket.stored_object import CHECKSUM, Kept, StoredObject, sha256_of

log = logging.getLogger(__name__)

IN_PARTS_BYTES = 16 << 20
"""A file of this size and more is stored in parts."""
READ_BYTES = 1 << 20
MOST_DELETED = 1000
"""In one request, by S3."""
NOT_THERE = frozenset({"NoSuchKey", "404", "NotFound"})
TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
LEFT_OVER_SECONDS = 86_400.0


@dataclass(frozen=True)
class BucketState:
    """How a bucket is: whether it did what it was last asked for, None before the first time, and why it did not."""

    name: str
    answers: bool | None
    message: str = ""
    away_seconds: float = 0.0


class Bucket:
    """Store, fetch, list and delete objects; threads may share it.

    It cannot be made without the extra (`SettingsError`).

    Every method raises `ObjectStorageAway` when the storage does not answer, and `ObjectStorageRefused` when a person
    must act; at once, and without asking, while it was found so a moment ago.
    """

    def __init__(self, options: BucketOptions, make_client: Callable[[BucketOptions], Any] = client_of) -> None:
        check_installed()
        self.options = options
        self._make_client = make_client
        self._lock = threading.Lock()
        self._client: Any = None
        self._is_closed = False
        self._answering = Answering()

    @property
    def state(self) -> BucketState:
        """How it is."""
        refusal = self._answering.refusal
        answers = False if refusal is not None else self._answering.has_answered or None
        message = "" if refusal is None else str(refusal)
        return BucketState(str(self.options), answers, message, self._answering.away_seconds)

    @property
    def wait_seconds(self) -> float:
        """How long it will not be asked, as it was found away."""
        return self._answering.wait_seconds

    def prepare(self) -> None:
        """Make the client, so that what is wrong in the settings is said before anything is promised.

        Raises
        ------
        SettingsError
            A file of the settings cannot be used.
        """
        self._ask(lambda _: None)

    def close(self) -> None:
        """Send nothing any more, also nothing again."""
        self._is_closed = True

    def put(self, path: Path, key: str, *, replace: bool = False) -> Kept:
        """Store a file under a key, whole or not at all; an `OSError` of the file passes.

        Parameters
        ----------
        replace
            Whether what is there under that key goes.
        """
        content = path.read_bytes() if path.stat().st_size < IN_PARTS_BYTES else None
        checksum = sha256_of(path) if content is None else hashlib.sha256(content).hexdigest()
        condition = {} if replace else {"IfNoneMatch": "*"}
        arguments = {
            "Bucket": self.options.name,
            "Key": self._name(key),
            "Metadata": {CHECKSUM: checksum},
            **self.options.encryption_arguments,
        }
        with self._asking("store an object", TAKEN) as ask:
            if content is None:
                ask(lambda client: put_in_parts(client, path, arguments, condition))
            else:
                sent = base64.b64encode(bytes.fromhex(checksum)).decode()
                ask(lambda client: client.put_object(**arguments, **condition, ChecksumSHA256=sent, Body=content))
            return Kept.NEW
        there = self.head(key)
        return Kept.SAME if there is not None and there.sha256 == checksum else Kept.OTHER

    def get(self, key: str, path: Path) -> bool:
        """Fetch an object into a file, which appears when it is complete; False when there is no such object.

        Raises
        ------
        InvalidInstance
            Its content is not what was stored.
        StorageError, StorageFull
            The file cannot be written.
        """
        for is_last in (False, False, True):
            with self._asking("fetch an object", NOT_THERE) as ask:
                if ask(partial(self._fetch, key=key, path=path, is_last=is_last)):
                    return True
                continue
            return False
        raise InvalidInstance(f"The object {self._name(key)} in {self.options} is damaged.")

    def head(self, key: str) -> StoredObject | None:
        """Return what the storage says of an object; None when there is none."""
        with self._asking("look at an object", NOT_THERE) as ask:
            answer = ask(lambda client: client.head_object(Bucket=self.options.name, Key=self._name(key)))
            return StoredObject.of(answer)
        return None

    def sizes(self, prefix: str) -> dict[str, int]:
        """Return the keys that begin so, and the size of each object in bytes."""

        def pages(client: Any) -> dict[str, int]:
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=self.options.name, Prefix=self._name(prefix)
            )
            return {one["Key"]: one["Size"] for page in pages for one in page.get("Contents", ())}

        with self._asking("list objects") as ask:
            start = len(self.options.prefix)
            return {key[start:]: size for key, size in ask(pages).items()}
        return {}

    def folders(self, prefix: str) -> list[str]:
        """Return what stands between a prefix and the next slash in the keys that begin with it."""

        def pages(client: Any) -> list[str]:
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=self.options.name, Prefix=self._name(prefix), Delimiter="/"
            )
            return [one["Prefix"] for page in pages for one in page.get("CommonPrefixes", ())]

        with self._asking("list objects") as ask:
            start = len(self._name(prefix))
            return [key[start:].rstrip("/") for key in ask(pages)]
        return []

    def delete(self, keys: Collection[str]) -> None:
        """Delete objects; one that is not there is no fault."""
        names = [self._name(key) for key in keys]
        for begin in range(0, len(names), MOST_DELETED):
            wanted = {"Objects": [{"Key": one} for one in names[begin : begin + MOST_DELETED]], "Quiet": True}
            with self._asking("delete objects") as ask:
                answer = ask(partial(_delete, name=self.options.name, wanted=wanted))
                if errors := answer.get("Errors"):
                    raise ObjectStorageRefused(f"{self.options} refuses to delete: {errors[0].get('Code', '')}.")

    def abort_leftovers(self) -> int:
        """Remove what was begun in parts a day ago and never ended; return how many objects that were."""
        with self._asking("remove parts") as ask:
            return int(ask(lambda client: abort_leftovers(client, self.options, time.time() - LEFT_OVER_SECONDS)))
        return 0

    def check(self) -> str:
        """Store, list, fetch and delete a small object; return what is to be said of it."""
        key = f"check/{os.urandom(8).hex()}"
        with self._asking("store an object") as ask:
            ask(lambda client: client.put_object(
                Bucket=self.options.name, Key=self._name(key), Body=b"check", **self.options.encryption_arguments
            ))  # fmt: skip
        there = self.sizes("check/").get(key)
        is_there = self.head(key) is not None
        self.delete([key])
        if there != len(b"check") or not is_there:
            raise ObjectStorageRefused(f"{self.options} does not show what was just stored: the node needs that.")
        is_plain = (self.options.endpoint or "").startswith("http://")
        return f"{self.options} takes, shows and deletes objects" + (", over HTTP, unencrypted" if is_plain else "")

    def _fetch(self, client: Any, key: str, path: Path, is_last: bool) -> bool:
        """Fetch an object; False when it did not come as it was stored, and may the next time."""
        from botocore.exceptions import HTTPClientError, IncompleteReadError

        answer = client.get_object(Bucket=self.options.name, Key=self._name(key))
        try:
            with storage_errors("keep a copy"), partial_file(path) as unfinished, closing(answer["Body"]) as body:
                _write_checked(unfinished, body, StoredObject.of(answer))
        except (HTTPClientError, IncompleteReadError):
            if is_last:
                raise
            return False
        except _DamagedError:
            log.error("object_damaged key=%s", self._name(key))
            return False
        return True

    def _name(self, key: str) -> str:
        return f"{self.options.prefix}{key}"

    @contextmanager
    def _asking(self, action: str, expected: Collection[str] = ()) -> Iterator[Callable[[Callable[[Any], Any]], Any]]:
        """Yield what asks with a client; an answer that is expected ends the block, and every failure is a sentence."""
        from botocore.exceptions import BotoCoreError, ClientError

        self._answering.check()
        try:
            yield self._ask
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and code_of(error) in expected and status_of(error) < 500:
                self._answering.note_answer()
                return
            refusal = sentence_of(error, self.options, action)
            if isinstance(refusal, ObjectStorageRefused):
                self._forget_client()
            self._note(refusal)
            raise refusal from error
        self._answering.note_answer()

    def _ask(self, request: Callable[[Any], Any]) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._make_client(self.options)
                self._client.meta.events.register("request-created.s3", self._check_open)
            client = self._client
        return request(client)

    def _check_open(self, **_: object) -> None:
        if self._is_closed:
            raise ObjectStorageAway("The node stops; nothing is asked of the object storage any more.")

    def _forget_client(self) -> None:
        """Read the credentials again the next time."""
        with self._lock:
            self._client = None

    def _note(self, refusal: ObjectStorageError) -> None:
        if self._answering.refusal is None:
            log.error("object_storage_away why=%r", str(refusal))
        self._answering.note_failure(refusal)


def _delete(client: Any, name: str, wanted: dict[str, Any]) -> Any:
    return client.delete_objects(Bucket=name, Delete=wanted)


class _DamagedError(Exception):
    """What was fetched is not what was stored."""


def _write_checked(path: Path, body: Any, expected: StoredObject) -> None:
    """Write what comes, readable by the owner only; a copy need not survive a power cut."""
    digest, size_bytes = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for part in body.iter_chunks(READ_BYTES):
            digest.update(part)
            size_bytes += len(part)
            file.write(part)
    if size_bytes != expected.size_bytes or (expected.sha256 and digest.hexdigest() != expected.sha256):
        raise _DamagedError
