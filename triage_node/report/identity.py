"""UIDs made from what a report says, so that the same result is the same object."""

from collections.abc import Iterable, Iterator

from triage_node.findings import LABELS, Label
from triage_node.report.content import ReportContent
from triage_node.report.header import uid_of
from triage_node.report.uids import hashed_uid

TEMPLATE_VERSION = "1"
"""Raised by hand with every change of what `build_report` writes for the same content."""

LANGUAGE = "en-US"
"""The language of every text of the report (RFC 5646, PS3.16 CID 5000)."""


def series_uid(content: ReportContent) -> str:
    """Return the Series Instance UID: a hash of all that makes this result this result.

    Sorted source UIDs, model name, version and manifest hash, template version, language, parameters, codes, what
    was said of each label, the cautions and, when not analyzed, why. Neither the time nor a score enters.
    """
    return hashed_uid("triage-node report", *_facts(content))


def instance_uid(series_instance_uid: str, sop_class_uid: str) -> str:
    """Return the SOP Instance UID of the report of that series in one SOP class."""
    return hashed_uid(series_instance_uid, sop_class_uid)


def tracking_uid(series_instance_uid: str, label: Label) -> str:
    """Return the Tracking Unique Identifier of a label's group (PS3.16 TID 1501 row 3)."""
    return hashed_uid(series_instance_uid, "tracking", label)


def _facts(content: ReportContent) -> Iterator[str]:
    yield from (f"template={TEMPLATE_VERSION}", f"language={LANGUAGE}")
    yield from _named("model", (content.model.name, content.model.version, content.model.sha256))
    yield from _named("source", sorted({uid_of(source, "SOPInstanceUID") for source in content.sources}))
    yield from _named("parameter", sorted(f"{name}={value}" for name, value in content.parameters.items()))
    yield from _named("code", (repr(content.finding_codes[label]) for label in LABELS))
    yield from _named("reason", (f"{reason.code}: {reason.message}" for reason in content.reasons))
    if content.prediction is not None:
        yield from _named("said", (f"{label}={content.decision_for(label)}" for label in LABELS))
        yield from _named("caution", (f"{one.code}: {one.message}" for one in content.prediction.cautions))


def _named(name: str, values: Iterable[str]) -> Iterator[str]:
    return (f"{name}={value}" for value in values)
