"""The files of a study that is shown, from wherever they lie."""

from pathlib import Path

from triage_node.errors import ObjectStorageAway
from triage_node.storage import Spool
from triage_node.worklist import Worklist


def study_files(spool: Spool, worklist: Worklist, study_instance_uid: str) -> list[Path]:
    """Return the files of what was received of a study.

    Raises
    ------
    ObjectStorageError
        They are not all here, and cannot be fetched now: a part of a study must not pass for the whole.
    """
    received = worklist.stored_instances.received(study_instance_uid)
    paths = spool.instances(study_instance_uid, received)
    if len(paths) < len(received) and worklist.uploads.is_elsewhere(study_instance_uid):
        raise ObjectStorageAway("Not all images of this study have come from the machine that received them.")
    return paths
