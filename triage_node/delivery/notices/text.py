"""A notice in words: by a template of the site, or by ours."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from string import Template

from triage_node.delivery.notices.notice import DISCLAIMER, NOT_ANALYZED, Notice, Occasion
from triage_node.errors import SettingsError
from triage_node.findings import Decision, Label

LARGEST_TEMPLATE_BYTES = 64 << 10
DECISIONS = {
    Decision.FLAGGED: "flagged",
    Decision.UNCERTAIN: "uncertain",
    Decision.NOT_FLAGGED: "not flagged by the algorithm",
    NOT_ANALYZED: "not analyzed",
}
"""What is said of a study, in words."""

OURS = """$headline

Decision: $decision
Suspected: $flagged
Uncertain: $uncertain
Scores: $scores
Reasons: $reasons
Result of: $time
Model: $model
Study: $study_instance_uid
$link

$disclaimer
"""
OURS_WITH_PATIENT = OURS.replace(
    "Study: ",
    "Patient: $patient_name, ID $patient_id, born $patient_birth_date, sex $patient_sex\n"
    "Accession number: $accession_number\nStudy of: $study_time, $study_description\nStudy: ",
)


class NoticeText:
    """The text of notices, made by a template whose placeholders are known before the first notice.

    Parameters
    ----------
    template
        A file in UTF-8; None for ours.
    patient_data
        Whether placeholders of the patient may stand in it.

    Raises
    ------
    SettingsError
        The file cannot be read, or has a placeholder that is none.
    """

    def __init__(self, template: Path | None, patient_data: bool) -> None:
        if template is None:
            self._template = Template(OURS_WITH_PATIENT if patient_data else OURS)
            return
        self._template = Template(_content(template))
        _check(self._template, template, patient_data)

    def text(self, notice: Notice) -> str:
        """Return a notice in words, always with the disclaimer."""
        text = self._template.substitute(values_of(notice))
        return text if DISCLAIMER in text else f"{text.rstrip()}\n\n{DISCLAIMER}\n"


def headline(notice: Notice) -> str:
    """Return what is told in one line, without a word on the patient."""
    found = DECISIONS[notice.decision]
    if notice.flagged or notice.uncertain:
        found += f", suspected: {_types(notice.flagged or notice.uncertain)}"
    if notice.occasion is Occasion.UNACKNOWLEDGED:
        found += f"; not acknowledged after {notice.escalated_after_minutes:g} min"
    return f"Head CT {found}"


def values_of(notice: Notice) -> dict[str, str]:
    """Return what each placeholder of a template stands for."""
    return _values_of_result(notice) | _values_of_patient(notice)


def _values_of_result(notice: Notice) -> dict[str, str]:
    scores = ", ".join(f"{label} {score:.0%}" for label, score in notice.probabilities.items())
    minutes = notice.escalated_after_minutes
    return {
        "headline": headline(notice),
        "decision": DECISIONS[notice.decision],
        "flagged": _types(notice.flagged) or "none",
        "uncertain": _types(notice.uncertain) or "none",
        "scores": scores or "none",
        "reasons": " ".join(notice.reasons) or "none",
        "time": datetime.fromtimestamp(notice.created_at).astimezone().isoformat(" ", "seconds"),
        "model": notice.model,
        "node": notice.node,
        "revision": str(notice.revision),
        "study_instance_uid": notice.study_instance_uid,
        "report_sop_instance_uid": notice.report_sop_instance_uid,
        "link": notice.link,
        "minutes": "" if minutes is None else f"{minutes:g}",
        "id": notice.id,
        "disclaimer": DISCLAIMER,
    }


def _values_of_patient(notice: Notice) -> dict[str, str]:
    patient = notice.patient
    return {
        "patient_name": _spoken(patient.name) if patient else "",
        "patient_id": patient.identifier if patient else "",
        "patient_birth_date": _written(patient.birth_date) if patient else "",
        "patient_sex": patient.sex if patient else "",
        "accession_number": patient.accession_number if patient else "",
        "study_description": patient.study_description if patient else "",
        "study_time": _written(notice.study_time),
    }


def _types(labels: Sequence[Label]) -> str:
    """Return labels as a text; *any* is said only where no type can be named."""
    return ", ".join([label for label in labels if label is not Label.ANY] or labels)


def _spoken(name: str) -> str:
    """Return a PN as people read it: components with spaces, groups in brackets."""
    first, *others = [" ".join(group.split("^")).split() for group in name.split("=")]
    return " ".join([*first, *(f"({' '.join(words)})" for words in others if words)])


def _written(digits: str) -> str:
    """Return a date, or a date and time, as people write it; what is none stays as it is."""
    return re.sub(r"^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(?:\d\d)?)?$", _date_and_time, digits, flags=re.ASCII)


def _date_and_time(found: re.Match[str]) -> str:
    year, month, day, hour, minute = found.groups()
    return f"{year}-{month}-{day}" + (f" {hour}:{minute}" if hour else "")


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_TEMPLATE_BYTES + 1)
        if len(content) > LARGEST_TEMPLATE_BYTES:
            raise SettingsError(f"The template {path} is larger than {LARGEST_TEMPLATE_BYTES >> 10} KiB.")
        return content.decode()
    except OSError as error:
        raise SettingsError(f"The template {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"The template {path} is no text in UTF-8.") from error


def _check(template: Template, path: Path, patient_data: bool) -> None:
    if not template.is_valid():
        raise SettingsError(f"The template {path} has a $ that begins no placeholder; a dollar sign is written $$.")
    of_result, of_patient = PLACEHOLDERS
    for name in template.get_identifiers():
        if name in of_patient and not patient_data:
            raise SettingsError(f"The template {path} has ${name}, which wants patient_data = true.")
        if name not in of_result | of_patient:
            known = ", ".join(sorted(of_result | of_patient))
            raise SettingsError(f"The template {path} has ${name}; there are {known}.")


_NOBODY = Notice("", Occasion.RESULT, "", "", "", 0, NOT_ANALYZED, (), (), 0.0, "")
PLACEHOLDERS = frozenset(_values_of_result(_NOBODY)), frozenset(_values_of_patient(_NOBODY))
"""Those that tell of a result, and those that tell of a patient."""
