import pytest

from triage_node.config import Destination, Settings, read_settings
from triage_node.errors import SettingsError


def test_the_file_then_the_environment_then_the_options(tmp_path, monkeypatch):
    file = tmp_path / "triage-node.toml"
    file.write_text('ae_title = "FILE"\ndicom_port = 1\nworker_nice = 3\ndestinations = ["PACS@10.0.0.5:104"]\n')
    monkeypatch.setenv("TRIAGE_AE_TITLE", "ENV")
    monkeypatch.setenv("TRIAGE_DICOM_PORT", "2")
    settings = read_settings(file, ae_title="OPTION", dicom_port=None)
    assert (settings.ae_title, settings.dicom_port, settings.worker_nice) == ("OPTION", 2, 3)
    assert settings.destinations == (Destination(ae_title="PACS", host="10.0.0.5", port=104),)


def test_the_file_in_the_working_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "triage-node.toml").write_text('ae_title = "HERE"')
    assert read_settings().ae_title == "HERE"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"ae_title": "seventeen letters"}, "ae_title: .*16"),
        ({"ae_title": "   "}, "ae_title"),
        ({"dicom_port": 70000}, "dicom_port: .*65535.*70000"),
        ({"destinations": ["PACS@host"]}, "destinations: 'PACS@host' is not of the form AET@HOST:PORT"),
        ({"dicom_host": "0.0.0.0"}, "allowed_calling_ae_titles"),
        ({"seris_quiet_seconds": 3}, "seris_quiet_seconds"),
        ({"series_quiet_seconds": -1}, "series_quiet_seconds"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(options, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read_settings(**options)


def test_a_file_that_is_no_toml_or_not_there(tmp_path):
    (tmp_path / "bad.toml").write_text("ae_title =")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path / "bad.toml")
    with pytest.raises(SettingsError, match="does not exist"):
        read_settings(tmp_path / "none.toml")


def test_lists_in_the_environment_are_split_at_commas(monkeypatch):
    monkeypatch.setenv("TRIAGE_DESTINATIONS", "A@a:1,B@[::1]:2")
    monkeypatch.setenv("TRIAGE_ALLOWED_CALLING_AE_TITLES", "CT1,PACS")
    settings = read_settings()
    assert [str(one) for one in settings.destinations] == ["A@a:1", "B@[::1]:2"]
    assert settings.allowed_calling_ae_titles == ("CT1", "PACS")


@pytest.mark.parametrize(
    ("allowed", "caller", "expected"),
    [((), "ANY", True), (("PACS",), "PACS  ", True), (("PACS",), "pacs", False), (("*",), "ANY", True)],
)
def test_who_may_send(allowed, caller, expected):
    assert Settings(allowed_calling_ae_titles=allowed).allows(caller) is expected


def test_settings_are_frozen_and_travel_as_json():
    settings = read_settings(destinations=["PACS@10.0.0.5:104"], data_dir="/tmp/x")
    with pytest.raises(ValueError, match="frozen"):
        settings.ae_title = "OTHER"
    assert Settings.model_validate_json(settings.model_dump_json()).model_dump() == settings.model_dump()


def test_a_zone_that_is_none_is_said(make_settings):
    assert make_settings(timezone="Europe/Berlin").zone.key == "Europe/Berlin"
    for nonsense in ("Europe/Nowhere", "CET+1", "../etc/passwd", "", "a\0b"):
        with pytest.raises(SettingsError, match="as in Europe/Berlin"):
            make_settings(timezone=nonsense)
