"""UIDs made from what is written, so that the same result is the same object and any other is another."""

import hashlib
from io import BytesIO

from pydicom.dataset import Dataset

from triage_node.findings import Label
from triage_node.report.uids import hashed_uid

LANGUAGE = "en-US"
"""The language of every text of the report (RFC 5646, PS3.16 CID 5000)."""


def content_uid(ds: Dataset) -> str:
    """Return a UID from all that is written in an object so far.

    What is to be left out of it, its own UIDs and the time at which it is made, is written afterwards.
    """
    buffer = BytesIO()
    ds.save_as(buffer, implicit_vr=False, little_endian=True)
    return hashed_uid("triage-node object", hashlib.sha256(buffer.getvalue()).hexdigest())


def instance_uid(series_instance_uid: str, sop_class_uid: str) -> str:
    """Return the SOP Instance UID of the report of that series in one SOP class."""
    return hashed_uid(series_instance_uid, sop_class_uid)


def tracking_uid(study_instance_uid: str, label: Label) -> str:
    """Return the Tracking Unique Identifier of a label's group (PS3.16 TID 1501 row 3).

    It is the same in every revision: what is followed is the finding of a study, whichever images it was seen in.
    """
    return hashed_uid(study_instance_uid, "tracking", label)
