"""Who is shown, how old, and when: the rules that need no pixels and no geometry."""

import re
from collections.abc import Iterable
from datetime import date

from pydicom import Dataset

from triage_node.imaging.header import day, text
from triage_node.imaging.policy import Policy
from triage_node.reasons import Reason, ReasonCode

_AGE = re.compile(r"(\d{1,3})([DWMY])")
_YEARS_IN = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}


def patient_reasons(headers: Iterable[Dataset], policy: Policy) -> tuple[Reason, ...]:
    """Return why the patient of these headers is not one to analyze, nothing when suitable or unknown."""
    headers = tuple(headers)
    reasons = []
    if names_several_patients(headers):
        reasons.append(Reason.of(ReasonCode.MIXED_PATIENT))
    age = age_years(headers[0]) if headers else None
    if policy.minimum_age_years is not None and age is not None and age < policy.minimum_age_years:
        reasons.append(Reason.of(ReasonCode.PEDIATRIC))
    return tuple(reasons)


def prior_reasons(header: Dataset, policy: Policy, today: date) -> tuple[Reason, ...]:
    """Return why the study is a prior, nothing when it is recent, its date unknown, or the rule is off."""
    study_date = day(header, "StudyDate")
    if policy.prior_study_days is None or study_date is None:
        return ()
    old = (today - study_date).days > policy.prior_study_days
    return (Reason.of(ReasonCode.PRIOR_STUDY),) if old else ()


def names_several_patients(headers: Iterable[Dataset]) -> bool:
    """Say whether two headers name different patients by Patient ID, birth date, or, where no ID is known, by name.

    The same value in another spelling is the same: case and spaces, forms of a date, empty components of a name. Zeros
    before a number are so where the names agree.
    """
    headers = tuple(headers)
    birth_dates = {day(header, "PatientBirthDate") for header in headers} - {None}
    identifiers = {_identifier(header) for header in headers} - {""}
    names = {_name(header) for header in headers} - {""}
    if len(birth_dates) > 1:
        return True
    if len(identifiers) > 1:
        return len(names) != 1 or len({identifier.lstrip("0") for identifier in identifiers}) > 1
    return not identifiers and len(names) > 1


def age_years(header: Dataset) -> float | None:
    """Return PatientAge (PS3.5 Table 6.2-1, AS), else the age at the study by birth date, None when unknown."""
    match = _AGE.fullmatch(text(header, "PatientAge").upper())
    if match and match[0] != "000Y":  # what scanners write when nobody typed an age
        return int(match[1]) * _YEARS_IN[match[2]]
    born, studied = day(header, "PatientBirthDate"), day(header, "StudyDate")
    if born is None or studied is None or born > studied:
        return None
    return (studied - born).days / 365.25


def _identifier(header: Dataset) -> str:
    return "".join(text(header, "PatientID").split()).casefold()


def _name(header: Dataset) -> str:
    """Return the first group of a name that is not empty, each component in one spelling (PS3.5 6.2.1)."""
    groups = (_components(group) for group in text(header, "PatientName").split("="))
    return next(filter(None, groups), "")


def _components(group: str) -> str:
    return "^".join(" ".join(component.split()) for component in group.casefold().split("^")).rstrip("^")
