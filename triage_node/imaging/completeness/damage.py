"""Files that were instances and can no longer be read: one of them may be the missing slice of a series."""

from collections.abc import Iterable
from pathlib import Path

from triage_node.imaging.series import COPY, NAMESAKE, Series, Skipped
from triage_node.reasons import Reason, ReasonCode

_MAGIC, _MAGIC_OFFSET = b"DICM", 128
_SUFFIXES = frozenset({".dcm", ".dicom", ".ima"})
_MOST_NAMED = 3


def damaged_instances(skipped: Iterable[Skipped]) -> tuple[Skipped, ...]:
    """Return the files that call themselves DICOM, by their first bytes (PS3.10 7.1) or by their name."""
    return tuple(one for one in skipped if _calls_itself_dicom(one))


def damaged_beside(series: Series, skipped: Iterable[Skipped]) -> tuple[Skipped, ...]:
    """Return the damaged instances in the folders of a series: what they belonged to nobody can tell."""
    folders = {instance.path.parent for instance in series.instances}
    return damaged_instances(one for one in skipped if one.path.parent in folders)


def damage_caution(damaged: tuple[Skipped, ...]) -> Reason:
    """Return the caution that names the damaged files beside a series."""
    named = ", ".join(one.path.name for one in damaged[:_MOST_NAMED])
    more = f" and {len(damaged) - _MOST_NAMED} more" if len(damaged) > _MOST_NAMED else ""
    files = "1 file is" if len(damaged) == 1 else f"{len(damaged)} files are"
    state = "left out" if any(one.why == NAMESAKE for one in damaged) else "damaged"
    detail = f"{files} {state} and may belong to the series: {named}{more}. {damaged[0].why}"
    return Reason.of(ReasonCode.SLICES_MISSING, detail)


def _calls_itself_dicom(skipped: Skipped) -> bool:
    name = skipped.path.name
    if skipped.why == COPY:
        return False
    # A media directory is read by nobody here; files with ._ before their name are what macOS leaves beside others.
    if name.upper() == "DICOMDIR" or "DICOMDIR" in skipped.why or name.startswith("._"):
        return False
    return skipped.path.suffix.lower() in _SUFFIXES or _begins_as_dicom(skipped.path)


def _begins_as_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(_MAGIC_OFFSET)
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False
