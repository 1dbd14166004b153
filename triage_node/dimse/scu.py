"""C-ECHO, and C-STORE of files, as a service class user."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pynetdicom import build_context
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from triage_node.dimse.requestor import associate
from triage_node.dimse.requests import Requests
from triage_node.endpoints import Peer
from triage_node.errors import InvalidInstance, PeerBusy, PeerRefused, PeerUnreachable

# PS3.8 9.3.2.2: presentation context identifiers are odd numbers from 1 to 255.
MAXIMUM_CONTEXTS = 128


def echo(peer: Peer, calling_ae_title: str, timeout_seconds: float) -> float:
    """Send a C-ECHO and return the seconds until its answer.

    Raises
    ------
    PeerError
        The peer cannot be reached or does not take it.
    """
    start = time.monotonic()
    with associate(peer, [build_context(Verification)], calling_ae_title, timeout_seconds) as requests:
        requests.echo()
    return time.monotonic() - start


@dataclass(frozen=True)
class Sent:
    """What became of one file: the error is empty when the peer stored it."""

    path: Path
    error: str = ""


def store_files(
    peer: Peer,
    paths: Iterable[Path],
    calling_ae_title: str,
    timeout_seconds: float,
    answer_seconds: float | None = None,
) -> Iterator[Sent]:
    """Store files as they are, over as few associations as their SOP classes and transfer syntaxes allow.

    Raises
    ------
    PeerError
        No association could be had.
    """
    groups: dict[tuple[str, str], list[Path]] = {}
    for path in paths:
        try:
            groups.setdefault(_context_of(path), []).append(path)
        except InvalidInstance as error:
            yield Sent(path, str(error))
    keys = list(groups)
    for start in range(0, len(keys), MAXIMUM_CONTEXTS):
        chosen = keys[start : start + MAXIMUM_CONTEXTS]
        contexts = [build_context(sop_class_uid, syntax) for sop_class_uid, syntax in chosen]
        files = [path for key in chosen for path in groups[key]]
        with associate(peer, contexts, calling_ae_title, timeout_seconds, answer_seconds) as requests:
            yield from _store_over_one(requests, files, peer)


def _store_over_one(requests: Requests, paths: Sequence[Path], peer: Peer) -> Iterator[Sent]:
    for path in paths:
        if not requests.is_open:
            raise PeerUnreachable(f"{peer} dropped the association.")
        try:
            requests.store(dcmread(path))
            yield Sent(path)
        except (PeerRefused, PeerBusy) as error:
            yield Sent(path, str(error))
        except (ValueError, AttributeError) as error:
            yield Sent(path, f"{peer} does not accept {path.name}: {error}")


def _context_of(path: Path) -> tuple[str, str]:
    try:
        ds = dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID"])
        return str(ds.SOPClassUID), str(ds.file_meta.TransferSyntaxUID)
    except Exception as error:
        raise InvalidInstance(f"{path} is not a DICOM instance.") from error
