"""The words of a triage device: it notifies and never diagnoses (21 CFR 892.2080)."""

from collections.abc import Iterable

from triage_node.findings import LABELS, Decision, Label
from triage_node.reasons import short_words
from triage_node.report.content import ReportContent

MANUFACTURER = "triage-node"

DISCLAIMER = "Notification only, not for diagnosis. Read the images as always."
NOT_FLAGGED = "not flagged by the algorithm"
NOT_ANALYZED = "Not analyzed"

FINDING_WORDS: dict[Label, str] = {
    Label.EPIDURAL: "epidural hemorrhage",
    Label.INTRAPARENCHYMAL: "intraparenchymal hemorrhage",
    Label.INTRAVENTRICULAR: "intraventricular hemorrhage",
    Label.SUBARACHNOID: "subarachnoid hemorrhage",
    Label.SUBDURAL: "subdural hemorrhage",
    Label.ANY: "intracranial hemorrhage",
}

SERIES_DESCRIPTIONS: dict[Decision | None, str] = {
    Decision.FLAGGED: "TRIAGE: suspected hemorrhage",
    Decision.UNCERTAIN: "TRIAGE: uncertain",
    Decision.NOT_FLAGGED: "TRIAGE: not flagged",
    None: "TRIAGE: not analyzed",
}


def series_description(content: ReportContent) -> str:
    """Return what an image list shows; an uncertain answer says in a few words why it is not more certain."""
    text = SERIES_DESCRIPTIONS[content.decision]
    if content.prediction is None or content.decision is not Decision.UNCERTAIN or not content.prediction.cautions:
        return text
    return f"{text}, {short_words(content.prediction.cautions[0].code)}"[:64]


def finding_list(labels: Iterable[Label]) -> str:
    """Return the findings in words; *any* is said only where no type can be named."""
    ordered = [label for label in LABELS if label in set(labels)]
    types = [label for label in ordered if label is not Label.ANY]
    return ", ".join(FINDING_WORDS[label] for label in types or ordered)


def summary_text(content: ReportContent) -> str:
    """Return the sentence a reader sees first, always with the disclaimer."""
    return " ".join([*_statements(content), DISCLAIMER])


def _statements(content: ReportContent) -> list[str]:
    prediction = content.prediction
    if prediction is None:
        return [f"{NOT_ANALYZED}.", *(reason.message for reason in content.reasons)]
    if prediction.decision is Decision.NOT_FLAGGED:
        return [f"{NOT_FLAGGED.capitalize()}."]
    doubts = ", ".join(dict.fromkeys(short_words(caution.code) for caution in prediction.cautions))
    uncertain = f"Uncertain ({doubts})" if doubts and not prediction.flagged else "Uncertain"
    labels_by_answer = {"Suspected": prediction.flagged, uncertain: prediction.uncertain}
    found = [f"{word}: {finding_list(labels)}." for word, labels in labels_by_answer.items() if labels]
    return [*found, *(reason.message for reason in prediction.cautions)]
