"""What a running node takes up of other settings, and what waits for its restart."""

import json

import pytest

from triage_node.config import RELOADED, Settings, in_force, read_settings
from triage_node.errors import SettingsError


def read(tmp_path, text, **options):
    file = tmp_path / "node.toml"
    file.write_text(text)
    return read_settings(file, **options)


def test_what_can_be_reloaded_are_settings():
    assert set(Settings.model_fields) >= RELOADED


def test_each_setting_is_taken_from_the_right_side_with_its_origin(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_LOG_LEVEL", "ERROR")
    before = read(tmp_path, 'dicom_port = 104\nallowed_peers = ["A"]', web_port=81)
    wanted = read(tmp_path, 'dicom_port = 105\nworker_nice = 1\ndestinations = ["B@h:1"]', web_port=81)
    settings, waiting = in_force(before, wanted)
    assert waiting == ("dicom_port", "worker_nice")
    assert (settings.dicom_port, settings.worker_nice, settings.allowed_peers) == (104, 10, ())
    assert [one.name for one in settings.destinations] == ["B@h:1"]
    names = ("dicom_port", "worker_nice", "allowed_peers", "destinations", "web_port", "log_level")
    origins = [settings.origin(name) for name in names]
    assert origins == ["file", "default", "default", "file", "option", "environment"]
    same, waiting = in_force(before, before)
    assert (same.model_dump(), waiting) == (before.model_dump(), ())
    again = Settings(**json.loads(settings.model_dump_json()))
    assert again.model_dump() == settings.model_dump(), "the worker gets it so"


def test_a_list_that_only_the_next_address_could_do_without_is_not_given_up(tmp_path):
    before = read(tmp_path, 'dicom_host = "0.0.0.0"\nallowed_peers = ["A"]')
    wanted = read(tmp_path, 'dicom_host = "127.0.0.1"')
    with pytest.raises(SettingsError, match=r"without a restart: .*dicom_host 0.0.0.0 can be reached"):
        in_force(before, wanted)


def test_pages_that_get_tls_or_lose_it_want_a_restart(tmp_path):
    plain, tls = read(tmp_path, ""), read(tmp_path, 'web_tls_certificate = "a"\nweb_tls_key = "b"')
    other = read(tmp_path, 'web_tls_certificate = "c"\nweb_tls_key = "b"')
    for before, wanted in ((plain, tls), (tls, plain)):
        settings, waiting = in_force(before, wanted)
        assert waiting == ("web_tls_certificate", "web_tls_key")
        assert settings.web_tls_certificate == before.web_tls_certificate
    settings, waiting = in_force(tls, other)
    assert (settings.web_tls_certificate, waiting) == (other.web_tls_certificate, ())
