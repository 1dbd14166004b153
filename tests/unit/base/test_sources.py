"""Query sources as texts and as tables."""

import json

import pytest

from triage_node.commands.preflight import check_before_listening
from triage_node.config import Settings, read_settings
from triage_node.endpoints import Peer, TlsFiles
from triage_node.endpoints.sources import KINDS
from triage_node.errors import SettingsError
from triage_node.query_retrieve.registry import SOURCES

TABLES = """
[[sources]]
name = "pacs"
url = "dicoms://PACS@pacs.example:2762"
tls_ca = "/etc/triage/ca.pem"
method = "get"
retrieve = true

[[sources]]
url = "https://archive.example/dicom-web/studies"
token_file = "/etc/triage/token"
interval_seconds = 10
"""


def test_a_text_is_a_peer_that_is_only_asked(tmp_path):
    (tmp_path / "node.toml").write_text('sources = ["PACS@10.0.0.5:104"]')
    [source] = read_settings(tmp_path / "node.toml").sources
    assert (source.name, source.peer) == ("PACS@10.0.0.5:104", Peer("PACS", "10.0.0.5", 104))
    assert (source.retrieve, source.method, source.interval_seconds) == (False, "move", 30.0)


def test_tables_say_more(tmp_path):
    (tmp_path / "node.toml").write_text(TABLES)
    settings = read_settings(tmp_path / "node.toml")
    pacs, archive = settings.sources
    assert (pacs.peer.tls, pacs.retrieve, pacs.method) == (TlsFiles(pacs.tls_ca), True, "get")
    assert (archive.name, archive.interval_seconds) == ("https://archive.example/dicom-web/studies", 10)
    assert Settings.model_validate_json(settings.model_dump_json()).sources == settings.sources


def test_they_may_stand_in_the_environment(monkeypatch):
    monkeypatch.setenv("TRIAGE_SOURCES", json.dumps(["A@a:1", {"url": "http://127.0.0.1:8042/dicom-web/studies"}]))
    assert [one.scheme for one in read_settings().sources] == ["dicom", "http"]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            {"url": "file:///srv"},
            r"sources\.0: 'file:///srv' begins with none of dicom://, dicoms://, https://, http://",
        ),
        ({"url": "https://h/studies", "method": "get"}, "https:// has no method"),
        ({"url": "dicom://PACS@h:104", "rules": []}, r"There is no setting `sources\.0\.rules`"),
        ({"url": "dicom://PACS@h:104", "method": "push"}, r"sources\.0\.method: must be 'move' or 'get'"),
        ({"url": "dicom://PACS@h:104", "interval_seconds": 0}, r"sources\.0\.interval_seconds: must be at least 1"),
        ({"url": "http://h/studies", "token_file": "/t"}, "credentials are sent over https:// only"),
    ],
)
def test_a_table_that_cannot_be_used_is_named(table, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read_settings(sources=[table])


def test_two_sources_of_one_name_are_refused():
    tables = [{"url": f"dicom://P@{host}:1", "name": "x"} for host in "ab"]
    with pytest.raises(SettingsError, match="two sources are called 'x'"):
        read_settings(sources=tables)


def test_every_kind_that_can_be_set_can_be_asked():
    assert set(KINDS) == set(SOURCES)


def test_a_file_of_a_source_that_is_not_there_keeps_the_node_from_starting(tmp_path):
    source = {"url": "https://h/studies", "name": "x", "token_file": str(tmp_path / "none")}
    settings = read_settings(data_dir=tmp_path, dicom_port=0, sources=[source])
    with pytest.raises(SettingsError, match=r"sources: x: .*none cannot be read"):
        check_before_listening(settings)
