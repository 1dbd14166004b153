"""Servers of workitems as tables of the settings."""

import json

import pytest

from triage_node.config import Settings, read_settings
from triage_node.endpoints.workitem_servers import has_code
from triage_node.errors import SettingsError

URL = "https://ris.example/dicomweb/workitems"
TABLE = f"""
[[workitem_servers]]
name = "ris"
url = "{URL}"
token_file = "/etc/triage/token"
performs = true
station = "TRIAGE^99SITE"
priorities = true
reading = "110005^DCM"
poll_seconds = 5
"""


def test_a_table_says_what_the_server_is_used_for(tmp_path):
    (tmp_path / "node.toml").write_text(TABLE)
    settings = read_settings(tmp_path / "node.toml")
    [server] = settings.workitem_servers
    assert (server.name, server.performs, server.priorities, server.creates) == ("ris", True, True, False)
    assert (server.station, server.reading, server.poll_seconds) == ("TRIAGE^99SITE", "110005^DCM", 5)
    assert Settings.model_validate_json(settings.model_dump_json()).workitem_servers == settings.workitem_servers


def test_they_may_stand_in_the_environment(monkeypatch):
    monkeypatch.setenv("TRIAGE_WORKITEM_SERVERS", json.dumps([{"url": URL, "priorities": True}]))
    assert [one.name for one in read_settings().workitem_servers] == [URL]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"url": URL}, "set performs or priorities, or both"),
        ({"url": URL, "performs": True}, "performs wants a station or a procedure"),
        ({"url": URL, "performs": True, "station": "T", "creates": True}, "creates wants priorities = true"),
        ({"url": "https://ris.example/studies", "priorities": True}, "is not of the form https://HOST/PATH/workitems"),
        ({"url": "dicom://RIS@h:104", "priorities": True}, "begins with none of https://, http://"),
        ({"url": "http://ris.example/workitems", "priorities": True, "token_file": "/t"}, "over https:// only"),
        ({"url": URL, "performs": True, "station": "a*"}, r"workitem_servers\.0\.station"),
        ({"url": URL, "priorities": True, "poll_seconds": 0}, r"poll_seconds: must be at least 1"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(table, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read_settings(workitem_servers=[table])


@pytest.mark.parametrize(
    ("wanted", "is_it"),
    [("", True), ("110005", True), ("110005^DCM", True), ("110005^99X", False), ("110004", False)],
)
def test_a_code_is_compared_with_its_scheme_where_one_is_set(wanted, is_it):
    assert has_code(wanted, [("1", "A"), ("110005", "DCM")]) is is_it
