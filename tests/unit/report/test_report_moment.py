"""All dates and times of a report are true in the one offset from UTC that it declares (PS3.3 C.12.1)."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from triage_node.commands.options import moment
from triage_node.errors import SettingsError
from triage_node.report import build_connection_test, build_picture, build_report
from triage_node.zone import MachineZone, fixed, live_in

NEW_YORK, BERLIN, KATHMANDU = "America/New_York", "Europe/Berlin", "Asia/Kathmandu"


def moment_of(ds):
    """The moment an object says, by its offset."""
    local = datetime.strptime(ds.ContentDate + ds.ContentTime, "%Y%m%d%H%M%S")
    return local.replace(tzinfo=fixed(ds.TimezoneOffsetFromUTC)).astimezone(UTC)


@pytest.fixture
def at_home(flagged, make_source):
    def make(zone: str, at: datetime, **values):
        return build_report(
            replace(flagged, created_at=at.astimezone(ZoneInfo(zone)), sources=(make_source(**values),))
        )

    return make


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (NEW_YORK, ("20260301", "203500", "-0500")),
        (BERLIN, ("20260302", "023500", "+0100")),
        (KATHMANDU, ("20260302", "072000", "+0545")),
        ("UTC", ("20260302", "013500", "+0000")),
    ],
)
def test_a_report_is_made_at_the_local_time_of_the_node(at_home, zone, expected):
    report = at_home(zone, datetime(2026, 3, 2, 1, 35, tzinfo=UTC))
    for name in ("Content", "InstanceCreation"):
        written = (report[f"{name}Date"].value, report[f"{name}Time"].value, report.TimezoneOffsetFromUTC)
        assert written == expected
    assert (report.StudyDate, report.StudyTime) == ("20260301", "101500")


def test_the_offset_of_the_source_governs_its_own_times(at_home):
    report = at_home(BERLIN, datetime(2026, 3, 2, 1, 35, tzinfo=UTC), TimezoneOffsetFromUTC="-0330")
    assert (report.ContentDate, report.ContentTime, report.TimezoneOffsetFromUTC) == ("20260301", "220500", "-0330")


@pytest.mark.parametrize("offset", ["+0530 ", "-0000", "+1400", "-1200"])
def test_an_offset_of_the_range_of_the_standard_is_taken(at_home, offset):
    at = datetime(2026, 3, 2, 1, 35, tzinfo=UTC)
    report = at_home(BERLIN, at, TimezoneOffsetFromUTC=offset)
    assert report.TimezoneOffsetFromUTC == offset.strip().replace("-0000", "+0000")
    assert moment_of(report) == at


@pytest.mark.parametrize("offset", ["-1230", "+1430", "0530", "+05:30", "Z", "+0560"])
def test_an_offset_that_is_none_leaves_the_node_s_zone(at_home, offset):
    report = at_home(BERLIN, datetime(2026, 3, 2, 1, 35, tzinfo=UTC), TimezoneOffsetFromUTC=offset)
    assert (report.ContentTime, report.TimezoneOffsetFromUTC) == ("023500", "+0100")


@pytest.mark.parametrize(
    ("study", "offset"),
    [
        ("20261025 015900", "+0200"),  # summer time
        ("20261025 023000", "+0100"),  # an hour that comes twice: the one of the report
        ("20261025 033000", "+0100"),
        ("20260701 1015", "+0200"),
        ("20260328 10", "+0100"),
        ("20261024 ", "+0200"),
        (" 101500", "+0100"),
        ("00010101 101500", "+0053"),
    ],
)
def test_across_summer_time_the_offset_is_that_of_the_study(at_home, study, offset):
    day, time_of_day = study.split(" ")
    at = datetime(2026, 10, 25, 2, 45, tzinfo=UTC)
    report = at_home(BERLIN, at, StudyDate=day or None, StudyTime=time_of_day or None)
    assert report.TimezoneOffsetFromUTC == offset
    assert abs(moment_of(report) - at) <= timedelta(minutes=1)
    assert (report.StudyDate, report.StudyTime) == (day, time_of_day)


def test_the_picture_is_made_at_the_same_moment_as_its_report(at_home):
    report = at_home(NEW_YORK, datetime(2026, 3, 2, 1, 35, tzinfo=UTC))
    picture = build_picture(report, np.zeros((8, 8, 3), np.uint8))
    for keyword in ("ContentDate", "ContentTime", "InstanceCreationDate", "InstanceCreationTime"):
        assert picture[keyword] == report[keyword]
    assert picture.TimezoneOffsetFromUTC == "-0500"


def test_a_connection_test_says_the_local_time():
    test = build_connection_test("TRIAGE", "2.25.1", datetime(2026, 7, 1, 23, 30, tzinfo=ZoneInfo(NEW_YORK)))
    assert (test.ContentDate, test.ContentTime, test.TimezoneOffsetFromUTC) == ("20260701", "233000", "-0400")


@pytest.fixture
def process_zone(monkeypatch):
    monkeypatch.setenv("TZ", os.environ.get("TZ", "UTC"))
    yield live_in
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("name", [NEW_YORK, BERLIN, KATHMANDU, "Australia/Lord_Howe"])
def test_the_machine_s_zone_knows_its_summer_time(process_zone, name):
    process_zone(name)
    machine, named = MachineZone(), ZoneInfo(name)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for hour in range(0, 366 * 24, 1):
        at = start + timedelta(hours=hour, minutes=15)
        one, other = at.astimezone(machine), at.astimezone(named)
        assert (one.replace(tzinfo=None), one.utcoffset()) == (other.replace(tzinfo=None), other.utcoffset())


def test_a_terminal_shows_the_time_of_the_node_s_zone(process_zone):
    process_zone(KATHMANDU)
    assert moment(1_700_000_000) == "2023-11-15 03:58:20"


def test_a_zone_that_the_machine_has_no_file_of_is_said(monkeypatch):
    monkeypatch.setattr("zoneinfo.TZPATH", ())
    with pytest.raises(SettingsError, match="no data of the time zone Asia/Kathmandu"):
        live_in(KATHMANDU)
