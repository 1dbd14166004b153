"""Items of code sequences (PS3.3 Table 8.8-1): our own, and those of a source made fit for a report."""

from collections.abc import Iterable

from pydicom.dataset import Dataset

from triage_node.findings import Code
from triage_node.report import header

LIMITS = {"CodeValue": 16, "LongCodeValue": 1024, "URNCodeValue": 1024}
"""Characters of each kind of code value (PS3.5 6.2)."""


def code_item(code: Code) -> Dataset:
    """Return the item of a code of ours."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme, code.meaning
    return item


def carried_codes(received: Iterable[Dataset]) -> list[Dataset]:
    """Return the items that hold a whole code, with what names it and nothing else."""
    return [item for each in received if (item := _carried(each)) is not None]


def _carried(received: Dataset) -> Dataset | None:
    values = {keyword: header.identifier(received, keyword, limit) for keyword, limit in LIMITS.items()}
    known = {keyword: value for keyword, value in values.items() if value}
    scheme = header.identifier(received, "CodingSchemeDesignator", 16)
    meaning = header.description(received, "CodeMeaning")
    if len(known) != 1 or not meaning or not (scheme or "URNCodeValue" in known):
        return None
    item = Dataset()
    version = header.identifier(received, "CodingSchemeVersion", 16)
    named = {"CodingSchemeDesignator": scheme, "CodingSchemeVersion": version, "CodeMeaning": meaning}
    for keyword, value in (known | named).items():
        if value:
            setattr(item, keyword, value)
    return item
