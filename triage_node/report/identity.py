"""UIDs made from what is written, so that the same result is the same object and any other is another."""

import hashlib
from collections.abc import Iterable
from io import BytesIO

import numpy as np
from pydicom.dataset import Dataset

from triage_node.findings import Label
from triage_node.report.evidence import ReferencedInstance
from triage_node.report.uids import hashed_uid

LANGUAGE = "en-US"
"""The language of every text of the report (RFC 5646, PS3.16 CID 5000)."""


def content_uid(ds: Dataset, evidence: Iterable[ReferencedInstance] = ()) -> str:
    """Return a UID from all that is written in an object so far, and from its evidence.

    What is to be left out of it, its own UIDs and the time at which it is made, is written afterwards. So is the
    evidence, since encoding hundreds of references takes longer than all the rest.
    """
    buffer = BytesIO()
    ds.save_as(buffer, implicit_vr=False, little_endian=True)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    return hashed_uid("triage-node object", digest, *("\t".join(each) for each in evidence))


def instance_uid(series_instance_uid: str, sop_class_uid: str) -> str:
    """Return the SOP Instance UID of the report of that series in one SOP class."""
    return hashed_uid(series_instance_uid, sop_class_uid)


def picture_uid(report: str, pixels: np.ndarray, sources: Iterable[tuple[str, str]]) -> str:
    """Return the SOP Instance UID of the picture that goes with a report.

    Report and picture name each other, so neither UID can be made from all that its object holds: the picture's is made
    from what the report says but the picture, and the report's from that and from the picture's.

    Parameters
    ----------
    report
        UID of what the report says but the picture.
    pixels
        ``(rows, columns, 3) uint8``.
    sources
        SOP class and instance UIDs of the slices it shows.
    """
    digest = hashlib.sha256(np.ascontiguousarray(pixels, np.uint8).tobytes()).hexdigest()
    return hashed_uid(report, "picture", str(pixels.shape), digest, *(uid for pair in sources for uid in pair))


def picture_series_uid(sop_instance_uid: str) -> str:
    """Return the Series Instance UID of a picture: it has a series to itself."""
    return hashed_uid(sop_instance_uid, "series")


def tracking_uid(study_instance_uid: str, label: Label) -> str:
    """Return the Tracking Unique Identifier of a label's group (PS3.16 TID 1501 row 3).

    It is the same in every revision: what is followed is the finding of a study, whichever images it was seen in.
    """
    return hashed_uid(study_instance_uid, "tracking", label)
