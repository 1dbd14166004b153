"""A spool as a node leaves it, its database lost: studies with what was found in each."""

import io
from pathlib import Path
from typing import Any

from ct import head_ct

from triage_node.findings import LABELS, Decision, Label, ModelIdentity
from triage_node.outcome import Outcome, Status
from triage_node.storage import ResultContent, Spool
from triage_node.storage.layout import hashed

MODEL = ModelIdentity("net", "1", "ab")


def fill(spool: Spool, studies: int, slices: int = 2) -> list[str]:
    """Store studies, each with one outcome; return their UIDs."""
    return [fill_study(spool, seed, slices) for seed in range(studies)]


def fill_study(spool: Spool, seed: int, slices: int = 2) -> str:
    """Store one study and its outcome; every third is flagged."""
    images = head_ct(slices=slices, size=(8, 8), seed=seed)
    uid = str(images[0].StudyInstanceUID)
    for image in images:
        buffer = io.BytesIO()
        image.save_as(buffer, enforce_file_format=True)
        incoming = spool.keep([buffer.getvalue()], uid, str(image.SOPInstanceUID))
        spool.file(incoming, uid, str(image.SOPInstanceUID))
        spool.forget(incoming)
    keep_outcome(spool, uid, Decision.NOT_FLAGGED if seed % 3 else Decision.FLAGGED, 1_700_000_000.0 + seed)
    return uid


def keep_outcome(spool: Spool, uid: str, decision: Decision, created_at: float, **more: Any) -> Path:
    """Store an outcome of a study; return its folder."""
    report = f"2.25.{int(hashed(f'{uid} {created_at}'), 16)}"
    flagged = (Label.SUBDURAL, Label.ANY) if decision is Decision.FLAGGED else ()
    outcome = Outcome(
        Status.ANALYZED,
        MODEL,
        decision=decision,
        probabilities=dict.fromkeys(LABELS, 0.5),
        flagged=flagged,
        report_sop_instance_uid=report,
    )
    stored = outcome.as_dict() | {"revision": 1, "created_at": created_at} | more
    result = spool.result(uid, hashed(report))
    result.keep(ResultContent(stored, {1: b"report"}))
    return result.folder
