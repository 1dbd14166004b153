"""Destinations as texts and as tables, and the rules by which a result goes to one."""

import json

import pytest

from triage_node.config import Settings, read_settings
from triage_node.delivery.notices.registry import CHANNELS
from triage_node.delivery.targets.registry import TARGETS
from triage_node.endpoints import Destination, Peer, ReportStyle, RoutedResult, Rule, TlsFiles
from triage_node.endpoints.destinations import KINDS
from triage_node.errors import SettingsError
from triage_node.outcome import ObjectKind

FLAGGED = RoutedResult("flagged", frozenset(["subdural", "any"]), "CT-ER1", "CT Head w/o contrast", "ER_CT")

TABLE = """
[[destinations]]
name = "pacs"
url = "dicoms://PACS@pacs.example:2762"
tls_ca = "/etc/triage/ca.pem"
tls_certificate = "/etc/triage/node.pem"
tls_key = "/etc/triage/node.key"

[[destinations]]
url = "https://archive.example/dicom-web/studies"
token_file = "/etc/triage/token"
rules = [{ decision = ["flagged"], type = ["epidural", "subdural"] }, { sender = ["ER*"] }]

[[destinations]]
name = "share"
url = "file:///srv/reports%20out"
"""


def test_a_table_and_texts_mean_the_same_kinds(tmp_path):
    (tmp_path / "node.toml").write_text(TABLE)
    pacs, archive, share = read_settings(tmp_path / "node.toml").destinations
    assert pacs.peer.tls == TlsFiles(*(pacs.tls_ca, pacs.tls_certificate, pacs.tls_key))
    assert (pacs.peer.ae_title, pacs.peer.host, pacs.peer.port, str(pacs)) == ("PACS", "pacs.example", 2762, "pacs")
    assert (archive.name, len(archive.rules)) == ("https://archive.example/dicom-web/studies", 2)
    assert str(share.folder) == "/srv/reports out"


def test_texts_and_tables_stand_in_one_list(tmp_path):
    (tmp_path / "node.toml").write_text('destinations = ["PACS@h:104", { url = "file:///srv/out", name = "out" }]')
    assert [str(one) for one in read_settings(tmp_path / "node.toml").destinations] == ["PACS@h:104", "out"]


def test_a_table_may_stand_in_the_environment(monkeypatch):
    tables = ["A@a:1", {"url": "dicom://B@[::1]:2", "rules": [{"decision": ["flagged"]}]}]
    monkeypatch.setenv("TRIAGE_DESTINATIONS", json.dumps(tables))
    first, second = read_settings().destinations
    assert (first.peer, second.peer) == (Peer("A", "a", 1), Peer("B", "::1", 2))
    assert (str(first), str(second)) == ("A@a:1", "B@[::1]:2")


def test_tables_travel_as_json(tmp_path):
    (tmp_path / "node.toml").write_text(TABLE)
    settings = read_settings(tmp_path / "node.toml")
    assert Settings.model_validate_json(settings.model_dump_json()).destinations == settings.destinations


def test_an_old_text_with_spaces_in_its_title_keeps_its_name():
    destination = Destination.parse("MY PACS@10.0.0.5:104")
    assert (destination.name, destination.peer) == ("MY PACS@10.0.0.5:104", Peer("MY PACS", "10.0.0.5", 104))


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"url": "ftp://h/x"}, r"destinations\.0: 'ftp://h/x' begins with none of dicom://"),
        ({"url": "dicom://PACS@h"}, "is not of the form dicom://CALLED_AE@HOST:PORT"),
        ({"url": "dicom://PACS@h:104", "token_file": "/t"}, "dicom:// has no token_file"),
        ({"url": "dicom://PACS@h:104", "tls_ca": "/t"}, "dicom:// has no tls_ca"),
        ({"url": "dicoms://PACS@h:104", "tls_key": "/t"}, "tls_certificate and tls_key belong together"),
        ({"url": "https://h/dicom-web"}, "is not of the form https://HOST/PATH/studies"),
        ({"url": "https://me:secret@h/studies"}, "credentials stand in files"),
        ({"url": "https://h/studies", "user": "me"}, "user and password_file belong together"),
        ({"url": "http://h/studies", "token_file": "/t"}, "credentials are sent over https:// only"),
        ({"url": "file://h/x"}, "is not of the form file:///FOLDER"),
        ({"name": "x"}, r"destinations\.0\.url: is missing"),
        ({"url": "file:///x", "nam": "x"}, r"There is no setting `destinations\.0\.nam`\.$"),
        ({"url": "file:///x", "rules": [{"decision": ["maybe"]}]}, r"destinations\.0\.rules\.0\.decision\.0: must be"),
        ({"url": "file:///x", "rules": [{"type": ["bleed"]}]}, r"destinations\.0\.rules\.0\.type\.0"),
    ],
)
def test_a_table_that_cannot_be_used_is_named(table, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read_settings(destinations=[table])


def test_two_destinations_of_one_name_are_refused():
    with pytest.raises(SettingsError, match="two destinations are called 'x'"):
        read_settings(destinations=[{"url": "file:///a", "name": "x"}, {"url": "file:///b", "name": "x"}])


def test_every_kind_that_can_be_set_can_be_sent_to():
    assert set(KINDS) == set(TARGETS) | set(CHANNELS)
    assert not set(TARGETS) & set(CHANNELS)


@pytest.mark.parametrize(
    ("rule", "unmet"),
    [
        ({}, []),
        ({"decision": ["flagged"], "type": ["subdural"]}, []),
        ({"decision": ["uncertain"], "type": ["epidural"]}, ["decision", "type"]),
        ({"station": ["ct-er?"], "description": ["*head*"], "sender": ["X", "er_*"]}, []),
        ({"station": ["ER"], "description": ["head"], "sender": ["CT"]}, ["station", "description", "sender"]),
        ({"decision": ["not_analyzed"]}, ["decision"]),
    ],
)
def test_a_rule_says_which_of_its_conditions_are_not_met(rule, unmet):
    assert Rule(**rule).unmet(FLAGGED) == unmet


def test_a_result_goes_where_one_rule_is_met():
    rules = [{"decision": ["uncertain"]}, {"sender": ["ER_CT"]}]
    both = Destination(url="file:///x", rules=rules)
    assert both.unmet(FLAGGED) == []
    assert Destination(url="file:///x", rules=rules[:1]).unmet(FLAGGED) == [["decision"]]
    assert Destination(url="file:///x").unmet(FLAGGED) == []


def test_a_destination_gets_the_report_unless_its_table_says_what(tmp_path):
    (tmp_path / "node.toml").write_text(
        'destinations = ["PACS@h:104", { url = "file:///srv/out", objects = ["pdf", "report", "pdf"] },\n'
        '{ url = "https://h/studies", objects = ["summary"] }]'
    )
    settings = read_settings(tmp_path / "node.toml", extra_objects="key_objects")
    found = [one.objects for one in settings.destinations]
    assert found == [(ObjectKind.REPORT,), (ObjectKind.REPORT, ObjectKind.PDF), (ObjectKind.SUMMARY,)]
    assert settings.made_objects == set(ObjectKind)
    again = Settings(**settings.model_dump(mode="json"))
    assert again.destinations == settings.destinations
    assert again.made_objects == settings.made_objects


def test_of_a_result_nothing_but_the_report_is_made_unless_somebody_wants_it():
    assert Settings(destinations=["PACS@h:104"]).made_objects == {ObjectKind.REPORT}
    assert Settings().made_objects == set()


@pytest.mark.parametrize("objects", ["[]", '["picture"]', '"report"'])
def test_objects_that_are_none_are_refused(tmp_path, objects):
    (tmp_path / "node.toml").write_text(f'destinations = [{{ url = "file:///srv/out", objects = {objects} }}]')
    with pytest.raises(SettingsError, match="objects"):
        read_settings(tmp_path / "node.toml")


@pytest.mark.parametrize(
    "url", ["dicom://A@a:1", "dicoms://A@a:1", "https://a/studies", "http://127.0.0.1/studies", "file:///srv/out"]
)
def test_reports_are_sent_as_text_unless_a_destination_wants_measurements(url):
    assert Destination(url=url).report_style is ReportStyle.TEXT
    assert Destination(url=url, report_style="measurement").report_style is ReportStyle.MEASUREMENT
    with pytest.raises(ValueError, match="'text' or 'measurement'"):
        Destination(url=url, report_style="picture")
