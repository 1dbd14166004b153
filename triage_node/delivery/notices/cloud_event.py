"""A notice as CloudEvents 1.0, in the structured mode of its JSON format."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from triage_node.delivery.notices.notice import DISCLAIMER, Notice, Occasion

MEDIA_TYPE = "application/cloudevents+json"
TYPE = "triage_node.study."


def cloud_event(notice: Notice, text: str, public_url: str = "") -> bytes:
    """Return the event, the same bytes whenever the notice is told.

    Parameters
    ----------
    text
        The notice in words.
    """
    event = {
        "specversion": "1.0",
        "id": notice.id,
        "source": public_url or f"/triage-node/{quote(notice.node, safe='')}",
        "type": TYPE + (notice.decision if notice.occasion is Occasion.RESULT else notice.occasion),
        "subject": notice.study_instance_uid,
        "time": datetime.fromtimestamp(notice.created_at, UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": _data(notice, text),
    }
    return json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")


def _data(notice: Notice, text: str) -> dict[str, Any]:
    data = {
        "study_instance_uid": notice.study_instance_uid,
        "report_sop_instance_uid": notice.report_sop_instance_uid,
        "revision": notice.revision,
        "decision": notice.decision,
        "flagged": list(notice.flagged),
        "uncertain": list(notice.uncertain),
        "probabilities": dict(notice.probabilities) or None,
        "reasons": list(notice.reasons),
        "model": notice.model,
        "node": notice.node,
        "link": notice.link or None,
        "escalated_after_minutes": notice.escalated_after_minutes,
        "text": text,
        "disclaimer": DISCLAIMER,
    }
    if notice.patient is None:
        return data
    return data | {"patient": asdict(notice.patient), "study_time": notice.study_time}
