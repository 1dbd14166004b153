"""The UID under which a study is a workitem: the same for ever, also when the worklist is rebuilt."""

import hashlib


def workitem_uid(study_instance_uid: str) -> str:
    """Return a UID under ``2.25`` from a hash of the study's (PS3.5 B.2)."""
    digest = hashlib.sha256(f"workitem\n{study_instance_uid}".encode("utf-8", "surrogateescape")).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
