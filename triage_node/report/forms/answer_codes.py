"""The codes with which a report says something of a label, as they stand in it: a site may have set its own."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from triage_node.findings import Code, Label
from triage_node.report import codes
from triage_node.report.content_items import children, coded, named, same_code
from triage_node.report.header import text_of
from triage_node.report.summary import label_groups, label_of

PRESENCES = (codes.SUSPECTED, codes.PRESENT, codes.UNDETERMINED)


@dataclass(frozen=True)
class CodeRead:
    """A code of a report (PS3.3 8.8): Code Value, Coding Scheme Designator, Code Meaning."""

    value: str
    scheme: str
    meaning: str

    @classmethod
    def of(cls, code: Code | None) -> "CodeRead | None":
        """Return a code without what our tables say of it."""
        return None if code is None else cls(code.value, code.scheme, code.meaning)


@dataclass(frozen=True)
class AnswerCodes:
    """What is asked, where it would be, and the answer; the answer is None for a label that is not flagged."""

    finding: CodeRead
    site: CodeRead | None
    presence: CodeRead | None


def answer_codes(report: Dataset) -> dict[Label, AnswerCodes]:
    """Return the codes of each label that the report has a group of (PS3.16 TID 1501)."""
    return dict(_found(report))


def _found(report: Dataset) -> Iterator[tuple[Label, AnswerCodes]]:
    for group in label_groups(report):
        label, answer = label_of(group), next(filter(_is_answer, (group, *children(group))), None)
        if label is not None and answer is not None:
            yield label, _codes(group, answer)


def _is_answer(item: Dataset) -> bool:
    """Tell whether an item is the answer of its group: a presence, or the words of a label that is not flagged."""
    if text_of(item, "ValueType") == "TEXT":
        return "not flagged" in text_of(item, "TextValue")
    return any(same_code(coded(item, "ConceptCodeSequence"), presence) for presence in PRESENCES)


def _codes(group: Dataset, answer: Dataset) -> AnswerCodes:
    sites = (coded(item, "ConceptCodeSequence") for item in named(children(group), codes.FINDING_SITE))
    finding = CodeRead.of(coded(answer, "ConceptNameCodeSequence"))
    assert finding is not None
    return AnswerCodes(finding, CodeRead.of(next(sites, None)), CodeRead.of(coded(answer, "ConceptCodeSequence")))
