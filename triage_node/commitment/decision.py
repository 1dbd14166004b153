"""Whether the node commits itself to keep instances (PS3.4 Annex J)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from triage_node.dimse import Status
from triage_node.errors import ObjectStorageError
from triage_node.storage import Spool, hashed
from triage_node.worklist import KeptInstance, Worklist


@dataclass(frozen=True)
class Decision:
    """What can be said of instances now.

    Parameters
    ----------
    failures
        Failure Reasons by SOP Instance UID, as far as they are certain.
    is_final
        False while an instance that was received waits for its row.
    """

    failures: Mapping[str, int]
    is_final: bool


def decide(references: Sequence[tuple[str, str]], worklist: Worklist, spool: Spool) -> Decision:
    """Decide for pairs of SOP Class and SOP Instance UID which are kept.

    One is committed when its file lies in its study's folder, and its row is there and says the same SOP class. One
    whose file still lies in ``incoming/`` was acknowledged and will get its row: it is waited for. One in
    ``quarantine/`` was acknowledged and cannot get a row for now: it fails (0110H), and may be asked for again.
    One that another machine has alone, or of which the bucket cannot be asked now, is waited for.
    """
    # In this order: what is filed between the two looks is seen by the second.
    incoming, quarantined = spool.unregistered()
    rows = worklist.kept_instances.find({uid for _, uid in references})
    failures: dict[str, int] = {}
    is_final = True
    for sop_class_uid, uid in references:
        try:
            kept = [one for one in rows.get(uid, ()) if _file_is_there(one, uid, spool)]
        except ObjectStorageError:  # nobody can say; it may be there
            is_final = False
            continue
        if any(one.sop_class_uid == sop_class_uid for one in kept):
            continue
        if hashed(uid) in incoming and not kept:
            is_final = False
        elif kept:
            failures[uid] = Status.CLASS_INSTANCE_CONFLICT
        elif any(worklist.uploads.is_elsewhere(one.study_instance_uid) for one in rows.get(uid, ())):
            is_final = False
        elif hashed(uid) in quarantined:
            failures[uid] = Status.PROCESSING_FAILURE
        else:
            failures[uid] = Status.NO_SUCH_SOP_INSTANCE
    return Decision(failures, is_final)


def _file_is_there(kept: KeptInstance, sop_instance_uid: str, spool: Spool) -> bool:
    return spool.has(kept.study_instance_uid, sop_instance_uid, kept.result_file)
