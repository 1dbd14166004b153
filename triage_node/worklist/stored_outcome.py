"""An outcome as it was stored beside the pixels, checked before it becomes a row: a disk may give back anything."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from triage_node.database import OutcomeRow
from triage_node.findings import LABELS, Decision, ModelIdentity
from triage_node.outcome import Outcome, Status
from triage_node.reasons import Reason, ReasonCode
from triage_node.storage import StoredResult

COLUMNS = {column.name for column in OutcomeRow.__table__.columns} - {"id", "study_id", "folder"}
NEEDED = COLUMNS & {
    "status", "decision", "reasons", "probabilities", "flagged", "uncertain", "model", "seconds", "revision",
    "created_at", "series_instance_uid",
}  # fmt: skip


@dataclass(frozen=True)
class StoredOutcome:
    """Where it lies, and its content as `Outcome.as_dict` made it; of a damaged one only since when it is there."""

    result: StoredResult
    written_at: float
    content: Mapping[str, Any] | None
    damage: str = ""

    @classmethod
    def of(cls, result: StoredResult, written_at: float, content: Any, damage: str = "") -> "StoredOutcome":
        """Return an outcome with what the worklist knows of its content; what is not as it should be is damage."""
        damage = damage or _damage(content)
        if damage:
            return cls(result, written_at, None, damage)
        return cls(result, written_at, {key: content[key] for key in COLUMNS & set(content)})

    @property
    def created_at(self) -> float:
        """When the analysis ended; of a damaged one when it was written."""
        return self.written_at if self.content is None else float(self.content["created_at"])

    def row(self, study_id: int, revision: int) -> OutcomeRow:
        """Return the row; a damaged outcome is an analysis that failed, never a lasting older answer."""
        if self.content is not None:
            return OutcomeRow(study_id=study_id, folder=self.result.name, **self.content)
        reason = Reason.of(ReasonCode.ANALYSIS_FAILED, f"(its stored outcome is damaged: {self.damage})")
        failed = Outcome(Status.FAILED, ModelIdentity("", "", ""), reasons=(reason,))
        return OutcomeRow(
            study_id=study_id, revision=revision, folder=None, created_at=self.created_at, **failed.as_dict()
        )


def _damage(content: Any) -> str:
    """Return what is wrong with an outcome, "" when nothing is."""
    if not isinstance(content, dict):
        return "it holds no outcome"
    if missing := sorted(NEEDED - set(content)):
        return f"it lacks {', '.join(missing)}"
    wrong = [name for name, is_right in _checks(content).items() if not is_right]
    return f"it has a wrong {', '.join(wrong)}" if wrong else ""


def _checks(content: dict[str, Any]) -> dict[str, bool]:
    status, decision, scores = content["status"], content["decision"], content["probabilities"]
    report, withheld = content.get("report_sop_instance_uid"), content.get("withheld") or []
    return {
        "status": status in list(Status) and (status == Status.ANALYZED) == (decision is not None),
        "decision": decision is None or decision in list(Decision),
        "probabilities": decision is None if scores is None else _are_scores(scores),
        "reasons": _is_list(content["reasons"], dict) and all(_is_reason(one) for one in content["reasons"]),
        "flagged": _is_list(content["flagged"], str) and set(content["flagged"]) <= set(LABELS),
        "uncertain": _is_list(content["uncertain"], str) and set(content["uncertain"]) <= set(LABELS),
        "withheld": _is_list(withheld, str) and set(withheld) <= set(LABELS),
        "model": isinstance(content["model"], dict),
        "seconds": isinstance(content["seconds"], dict) and all(map(_is_number, content["seconds"].values())),
        "image_distance": isinstance(content.get("image_distance"), dict | None),
        "revision": type(content["revision"]) is int and 0 <= content["revision"] < 2**31,
        "created_at": _is_number(content["created_at"]),
        "series_instance_uid": _is_uid(content["series_instance_uid"]),
        "report_sop_instance_uid": _is_uid(report),
    }


def _are_scores(scores: Any) -> bool:
    if not isinstance(scores, dict) or set(scores) != set(LABELS):
        return False
    return all(_is_number(score) and 0 <= score <= 1 for score in scores.values())


def _is_reason(reason: dict[str, Any]) -> bool:
    return isinstance(reason.get("code"), str) and len(reason["code"]) <= 32 and isinstance(reason.get("message"), str)


def _is_list(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) for one in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_uid(value: Any) -> bool:
    return value is None or (isinstance(value, str) and 0 < len(value) <= 64)
