"""Names of people as they are read (PS3.5 6.2.1), and how old somebody was."""

from datetime import date

GROUPS = 3
"""Alphabetic, ideographic and phonetic, with an equals sign between."""


def person_name(value: str) -> str:
    """Return a name in its scripts: "Yamada, Tarou (山田 太郎)"; empty without one."""
    first, *others = [_shown(group, is_alphabetic=not number) for number, group in enumerate(value.split("=")[:GROUPS])]
    # Who reads the ideographs needs no help to pronounce them.
    ideographic = others[0] if others else ""
    phonetic = others[1] if len(others) > 1 else ""
    other = ideographic or phonetic
    return f"{first} ({other})" if first and other else first or other


def age_at(birth_date: str, study_date: str) -> str:
    """Return an age in years, in months below two years; empty when a date (DA) is none, or the order is wrong."""
    born, studied = _date(birth_date), _date(study_date)
    if born is None or studied is None or studied < born:
        return ""
    months = (studied.year - born.year) * 12 + studied.month - born.month - (studied.day < born.day)
    return f"{months // 12}" if months >= 24 else f"{months} mo"


def day(value: str) -> str:
    """Return a date (DA) as ISO 8601, or what is there of it."""
    found = _date(value)
    return found.isoformat() if found else value.strip()


def hour(value: str) -> str:
    """Return a time (TM) to the minute, or what is there of it."""
    digits = value.strip().partition(".")[0]
    return f"{digits[:2]}:{digits[2:4]}" if len(digits) >= 4 and digits.isdecimal() else digits


def _shown(group: str, *, is_alphabetic: bool) -> str:
    family, given, middle, prefix, suffix = (*[part.strip() for part in group.split("^")], *[""] * 5)[:5]
    rest = " ".join(part for part in (prefix, given, middle) if part)
    # A comma says which is the family name; where it comes first anyway, none is written.
    name = (", " if is_alphabetic else " ").join(part for part in (family, rest) if part)
    return f"{name}, {suffix}" if name and suffix else name or suffix


def _date(value: str) -> date | None:
    digits = value.strip().replace(".", "")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])) if len(digits) == 8 else None
    except ValueError:
        return None
