"""Destinations that are told of results, as the settings write them; quiet hours by the clock on the wall."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from triage_node.config import Settings, read_settings
from triage_node.endpoints import Destination, RoutedResult
from triage_node.endpoints.notice_options import QuietHours
from triage_node.errors import SettingsError

HOOK = {"url": "webhook+https://h/x", "secret_file": "/s"}
MAIL = {"url": "smtp://h", "mail_from": "a@b.c", "mail_to": ["d@e.f"]}

TABLE = """
timezone = "Europe/Berlin"
public_url = "https://triage.example"

[[destinations]]
name = "pager"
url = "webhook+https://pager.example/hook?team=ct"
secret_file = "/etc/triage/secret"
quiet_hours = "22:00 - 06:30"
quiet_hours_except_flagged = true

[[destinations]]
name = "ris"
url = "mllp://ris.example:2575"
patient_data = true
receiving_application = "RIS"
priority_fields = ["OBR-5"]

[[destinations]]
url = "smtp://mail.example:587"
mail_from = "triage@hospital.example"
mail_to = ["stroke@hospital.example"]
user = "triage"
password_file = "/etc/triage/password"
escalate_after_minutes = 10
"""


def test_a_table_of_each_kind_is_read_and_travels_as_json(tmp_path):
    (tmp_path / "node.toml").write_text(TABLE)
    settings = read_settings(tmp_path / "node.toml")
    pager, ris, mail = settings.destinations
    assert (str(pager.quiet), pager.is_told) == ("22:00-06:30", True)
    assert (ris.receiving_application, ris.priority_fields, ris.hl7_version) == ("RIS", ("OBR-5",), "2.5")
    assert (mail.name, mail.escalate_after_minutes) == ("smtp://mail.example:587", 10)
    assert Settings.model_validate_json(settings.model_dump_json()).destinations == settings.destinations


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"url": "webhook+https://h/x"}, "a webhook wants a secret_file"),
        (HOOK | {"url": "webhook+https:///x"}, "is not of the form webhook\\+https://HOST/PATH"),
        (HOOK | {"url": "webhook+https://me:pw@h/x"}, "credentials stand in files"),
        (HOOK | {"url": "webhook+http://h/x", "token_file": "/t"}, "credentials are sent over https:// only"),
        (HOOK | {"url": "webhook+http://h/x", "patient_data": True}, r"sent over webhook\+https:// only"),
        (HOOK | {"mail_to": ["a@b.c"]}, r"webhook\+https:// has no mail_to"),
        (HOOK | {"commitment": True}, "has no commitment"),
        ({"url": "mllp://h:1"}, "an ORU\\^R01 without a patient can be filed under none: set patient_data = true"),
        ({"url": "mllp://h", "patient_data": True}, "is not of the form mllp://HOST:PORT"),
        ({"url": "mllp://h:99999", "patient_data": True}, "is not of the form mllp://HOST:PORT"),
        ({"url": "mllp://h:1/x", "patient_data": True}, "is not of the form mllp://HOST:PORT"),
        ({"url": "mllp://h:1", "patient_data": True, "tls_ca": "/c"}, "mllp:// has no tls_ca"),
        ({"url": "mllp://h:1", "patient_data": True, "procedure_code": "CT"}, "procedure_code: must match"),
        ({"url": "mllp://h:1", "patient_data": True, "sending_facility": "A\rB"}, "sending_facility: must match"),
        ({"url": "smtp://h", "mail_from": "a@b.c"}, "e-mail wants mail_from and mail_to"),
        (MAIL | {"mail_to": ["a@b.c\r\nBcc: x@y.z"]}, "is no mail address"),
        (MAIL | {"mail_from": "Ann <a@b.c>"}, "is no mail address"),
        (MAIL | {"mail_from": "änn@b.c"}, "is no mail address"),
        (MAIL | {"user": "x"}, "user and password_file belong together"),
        (MAIL | {"starttls": False, "user": "x", "password_file": "/p"}, "are sent over TLS only"),
        (MAIL | {"starttls": False, "patient_data": True}, "are sent over TLS only"),
        (MAIL | {"url": "smtps://h", "starttls": False}, "smtps:// has no starttls"),
        (MAIL | {"quiet_hours": "22-6"}, "is not of the form HH:MM-HH:MM"),
        (MAIL | {"quiet_hours": "22:00-24:00"}, "is not of the form HH:MM-HH:MM"),
        (MAIL | {"quiet_hours": "06:00-06:00"}, "is not of the form HH:MM-HH:MM"),
        (MAIL | {"quiet_hours_except_flagged": True}, "wants quiet_hours"),
        (MAIL | {"escalate_after_minutes": 0}, "escalate_after_minutes: must be greater than 0"),
        ({"url": "dicom://A@h:1", "quiet_hours": "22:00-06:00"}, "dicom:// has no quiet_hours"),
        ({"url": "file:///x", "escalate_after_minutes": 5}, "file:// has no escalate_after_minutes"),
    ],
)
def test_a_table_that_cannot_be_used_is_named(table, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read_settings(destinations=[table])


def test_nobody_is_told_of_what_is_not_flagged_unless_the_rules_say_so():
    flagged, uncertain = (
        RoutedResult(decision, frozenset(["any"]), "", "", "") for decision in ("flagged", "uncertain")
    )
    assert Destination(**MAIL).unmet(flagged) == []
    assert Destination(**MAIL).unmet(uncertain) == [["decision"]]
    assert Destination(**MAIL, rules=[{}]).unmet(uncertain) == []
    assert Destination(url="file:///x").unmet(uncertain) == []


@pytest.mark.parametrize(
    ("hours", "quiet", "loud"),
    [
        ("22:00-06:00", ["22:00:00", "23:59:59", "00:00:00", "05:59:59"], ["06:00:00", "12:00:00", "21:59:59"]),
        ("12:00-13:00", ["12:00:00", "12:59:59"], ["11:59:59", "13:00:00", "00:00:00"]),
        ("00:00-06:00", ["00:00:00"], ["23:59:59", "06:00:00"]),
    ],
)
def test_quiet_hours_hold_from_their_begin_until_their_end(hours, quiet, loud):
    parsed = QuietHours.parse(hours)
    assert all(parsed.covers(datetime.fromisoformat(f"2026-03-01T{at}")) for at in quiet)
    assert not any(parsed.covers(datetime.fromisoformat(f"2026-03-01T{at}")) for at in loud)


@pytest.mark.parametrize(
    ("night", "hours"), [((2026, 3, 28), 7), ((2026, 10, 24), 9), ((2026, 6, 1), 8)], ids=["spring", "autumn", "summer"]
)
def test_a_quiet_night_ends_when_the_clock_on_the_wall_says_so(night, hours):
    zone, quiet = ZoneInfo("Europe/Berlin"), QuietHours.parse("22:00-06:00")
    begin = int(datetime(*night, 22, tzinfo=zone).timestamp())
    covered = [
        at for at in range(begin - 3600, begin + 12 * 3600, 60) if quiet.covers(datetime.fromtimestamp(at, zone))
    ]
    assert covered == list(range(begin, begin + hours * 3600, 60))
