"""When a report was made, in the one time zone that governs an object (PS3.3 C.12.1, Timezone Offset From UTC)."""

from datetime import datetime, timezone, tzinfo

from pydicom.dataset import Dataset

from triage_node.report import header
from triage_node.zone import fixed, offset_text


def stamp(ds: Dataset, at: datetime) -> None:
    """Write when an object was made, and in which offset from UTC all its dates and times are."""
    ds.InstanceCreationDate = ds.ContentDate = at.strftime("%Y%m%d")
    ds.InstanceCreationTime = ds.ContentTime = at.strftime("%H%M%S")
    ds.TimezoneOffsetFromUTC = offset_text(at)


def in_zone_of(source: Dataset, at: datetime) -> datetime:
    """Return a moment in the offset in which the times copied from a source are.

    The offset an object declares is that of all its dates and times, those of the study included, which are copied as
    they are. So where the source declares one, it is the report's. Where it declares none, its times are local times of
    the zone of `at`, and the offset is the one that was in force there when the study began: across a change to or
    from summer time the report's time is then said in the study's offset, and every time in the object stays true.
    """
    declared = header.offset(source, "TimezoneOffsetFromUTC")
    if declared:
        return at.astimezone(fixed(declared))
    return at.astimezone(_offset_at(_begin(source), at))


def _begin(source: Dataset) -> datetime | None:
    """Return when the study began, as far as it is known, without a time zone."""
    day, time = header.date(source, "StudyDate"), header.time(source, "StudyTime")
    try:
        return datetime.strptime(day + time.partition(".")[0].ljust(6, "0"), "%Y%m%d%H%M%S")
    except ValueError:
        return None


def _offset_at(local: datetime | None, at: datetime) -> tzinfo:
    """Return the offset in force at a local time; of an hour that comes twice the one that `at` is in."""
    own = at.utcoffset()
    assert own is not None and at.tzinfo is not None
    if local is None:
        return timezone(own)
    try:
        offsets = [local.replace(tzinfo=at.tzinfo, fold=fold).utcoffset() for fold in (0, 1)]
    except (OverflowError, ValueError, OSError):
        return timezone(own)
    return timezone(own if own in offsets or offsets[0] is None else offsets[0])
