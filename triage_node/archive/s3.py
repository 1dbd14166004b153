"""An archive in an object store that speaks S3."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from triage_node.archive.archive import LocalFiles
from triage_node.archive.entries import Batch, Entry, batches
from triage_node.archive.index_rows import IndexRow
from triage_node.archive.patience import with_patience
from triage_node.errors import SettingsError
from triage_node.imaging import WINDOW_BYTES, InstanceNames

AT_ONCE = 32
"""So many objects are asked for at once: most of the time goes by until the first byte."""
OF_THE_OBJECT = frozenset({"NoSuchKey", "AccessDenied", "InvalidObjectState", "404", "403"})
"""What is answered about one object; anything else is said by the store, and may pass."""
EMPTY = "InvalidRange"
EMPTY_FILE = "The file is empty."
REFUSED = "The store does not give the object ({})."


@dataclass(frozen=True)
class S3Archive:
    """List by key, which S3 does in an order that can be taken up anywhere; read the beginnings to sort the objects.

    Who may read, and where the store is if not at Amazon, comes from the environment as boto3 reads it
    (``AWS_PROFILE``, ``AWS_ENDPOINT_URL``).
    """

    url: str

    @property
    def name(self) -> str:
        """The URL."""
        return self.url

    @property
    def _bucket(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def _prefix(self) -> str:
        folder = urlsplit(self.url).path.strip("/")
        return f"{folder}/" if folder else ""

    @cached_property
    def _client(self) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise SettingsError("boto3 is not installed, which reads s3:// archives: pip install boto3.") from error
        return boto3.client("s3", config=Config(max_pool_connections=AT_ONCE))

    def batches(self, after: str) -> Iterator[Batch]:
        """List page by page; the cursor is the key below the prefix."""
        return batches(self._entries(after), after)

    def index(self, batch: Batch) -> list[IndexRow]:
        """Ask for the beginnings of all objects at once, and read those whole that take more."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._row, [one.name for one in batch.entries]))

    def fetch(self, _study_instance_uid: str, names: Sequence[str], folder: Path) -> LocalFiles:
        """Bring the objects here, under names of ours: a key may lead out of the folder."""
        by_path = {folder / f"{number:06d}.dcm": name for number, name in enumerate(names)}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._bring, by_path.values(), by_path))
        return LocalFiles(tuple(by_path), by_path)

    def _entries(self, after: str) -> Iterator[Entry]:
        start = {"StartAfter": self._prefix + after} if after else {}
        while True:
            page = self._asked(partial(self._client.list_objects_v2, Bucket=self._bucket, Prefix=self._prefix, **start))
            keys = [one["Key"] for one in page.get("Contents", ())]
            # A key that ends with a slash is what consoles make of a folder.
            yield from (Entry(key.removeprefix(self._prefix)) for key in keys if not key.endswith("/"))
            if not page.get("IsTruncated") or not keys:
                return
            start = {"StartAfter": keys[-1]}

    def _row(self, name: str) -> IndexRow:
        from botocore.exceptions import ClientError

        try:
            head = self._asked(lambda: self._get(name, Range=f"bytes=0-{WINDOW_BYTES - 1}"))
        except ClientError as error:
            code = _code(error)
            return IndexRow.left_out(name, EMPTY_FILE if code == EMPTY else REFUSED.format(code))
        names = InstanceNames.within(head)
        if names is not None:
            return IndexRow.of_instance(name, names)
        with tempfile.TemporaryDirectory(prefix="triage-scan-") as folder:
            path = Path(folder) / f"object{Path(name).suffix[:8]}"
            self._bring(name, path)
            return IndexRow.read(name, path)

    def _bring(self, name: str, path: Path) -> None:
        """Write an object to a file; of one that is not given there is none."""
        from botocore.exceptions import ClientError

        try:
            path.write_bytes(self._asked(lambda: self._get(name)))
        except ClientError:
            return

    def _get(self, name: str, **part: str) -> bytes:
        answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name, **part)
        content: bytes = answer["Body"].read()
        return content

    def _asked(self, ask: Callable[[], Any]) -> Any:
        return with_patience(ask, _may_pass, self.url)

    def __reduce__(self) -> tuple[type["S3Archive"], tuple[str]]:
        """Go to another process without the connections."""
        return S3Archive, (self.url,)


def _may_pass(error: Exception) -> bool:
    return not isinstance(error, SettingsError) and _code(error) not in OF_THE_OBJECT | {EMPTY, "NoSuchBucket"}


def _code(error: Exception) -> str:
    """Return what S3 calls an error, "" where it was none of S3."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
