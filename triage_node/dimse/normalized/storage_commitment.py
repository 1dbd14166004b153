"""What requests and results of the Storage Commitment Push Model say (PS3.4 Annex J)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydicom import DataElement, config
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag
from pydicom.uid import generate_uid

from triage_node.dimse.normalized.service import Event
from triage_node.ingest import is_uid

STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"
WELL_KNOWN_INSTANCE = "1.2.840.10008.1.20.1.1"
REQUEST_ACTION = 1
ALL_COMMITTED, FAILURES_EXIST = 1, 2
TRANSACTION_UID, SOP_CLASS_UID, SOP_INSTANCE_UID = Tag(0x0008, 0x1195), Tag(0x0008, 0x1150), Tag(0x0008, 0x1155)


@dataclass(frozen=True, order=True)
class Reference:
    """An instance by its SOP Class and SOP Instance UID."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True)
class CommitmentResult:
    """What became of a transaction; ``failed`` has the Failure Reason of each (PS3.3 C.14)."""

    transaction_uid: str
    committed: frozenset[Reference]
    failed: Mapping[Reference, int]


def new_transaction_uid() -> str:
    """Return a UID that nobody can guess."""
    return str(generate_uid(prefix=None))


def commitment_request(transaction_uid: str, references: Collection[Reference]) -> Dataset:
    """Return the Action Information of a request (PS3.4 Table J.3-1)."""
    ds = Dataset()
    ds.add(DataElement(TRANSACTION_UID, "UI", transaction_uid, validation_mode=config.IGNORE))
    ds.ReferencedSOPSequence = list(map(_item, references))
    return ds


def read_commitment_request(ds: Dataset) -> tuple[str, list[Reference]]:
    """Return Transaction UID and references of a request, each reference once.

    Raises
    ------
    ValueError
        It has no Transaction UID, no reference, or one that names no instance.
    """
    references = list(dict.fromkeys(_references(ds.get("ReferencedSOPSequence"))))
    if not references:
        raise ValueError("no instance is referenced")
    return _transaction_uid(ds), references


def commitment_event(transaction_uid: str, references: Sequence[Reference], failures: Mapping[str, int]) -> Event:
    """Return the event that tells a result (PS3.4 Table J.3-2).

    Parameters
    ----------
    failures
        Failure Reasons by SOP Instance UID; what has none is committed.
    """
    ds = Dataset()
    ds.add(DataElement(TRANSACTION_UID, "UI", transaction_uid, validation_mode=config.IGNORE))
    committed = [one for one in references if one.sop_instance_uid not in failures]
    failed = [one for one in references if one.sop_instance_uid in failures]
    if committed:
        ds.ReferencedSOPSequence = list(map(_item, committed))
    if failed:
        ds.FailedSOPSequence = list(map(_item, failed))
        for item, one in zip(ds.FailedSOPSequence, failed, strict=True):
            item.FailureReason = failures[one.sop_instance_uid]
    return Event(FAILURES_EXIST if failed else ALL_COMMITTED, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, ds)


def read_commitment_result(ds: Dataset) -> CommitmentResult:
    """Return what an event says; what is named in both lists has failed.

    Raises
    ------
    ValueError
        It has no Transaction UID, or a reference that names no instance.
    """
    sequence = ds.get("FailedSOPSequence")
    reasons = [int(item.get("FailureReason") or 0) for item in sequence or ()]
    failed = dict(zip(_references(sequence), reasons, strict=True))
    committed = frozenset(_references(ds.get("ReferencedSOPSequence"))) - failed.keys()
    return CommitmentResult(_transaction_uid(ds), committed, failed)


def _transaction_uid(ds: Dataset) -> str:
    uid = _uid(ds, TRANSACTION_UID)
    if not is_uid(uid):
        raise ValueError("the Transaction UID is missing or no UID")
    return uid


def _references(sequence: Iterable[Dataset] | None) -> Iterator[Reference]:
    for item in sequence or ():
        reference = Reference(_uid(item, SOP_CLASS_UID), _uid(item, SOP_INSTANCE_UID))
        if not is_uid(reference.sop_instance_uid) or not is_uid(reference.sop_class_uid):
            raise ValueError("a reference names no instance")
        yield reference


def _uid(ds: Dataset, tag: BaseTag) -> str:
    """Return a UID as it was sent: what pydicom warns of may name an instance all the same."""
    element = ds.get_item(tag)
    value = element.value if element is not None else None
    return value.decode("latin-1").rstrip("\0 ") if isinstance(value, bytes) else str(value or "")


def _item(reference: Reference) -> Dataset:
    ds = Dataset()
    ds.add(DataElement(SOP_CLASS_UID, "UI", reference.sop_class_uid, validation_mode=config.IGNORE))
    ds.add(DataElement(SOP_INSTANCE_UID, "UI", reference.sop_instance_uid, validation_mode=config.IGNORE))
    return ds
