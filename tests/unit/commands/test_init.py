"""The settings file to begin with, and the settings as they are shown."""

import json
import os
import pty
import re
import stat
import subprocess

import pytest
from programs import need
from typer.testing import CliRunner

from triage_node.cli import app
from triage_node.config import HIDDEN, SUBJECTS, Settings, read_settings, reference_markdown, starter_file
from triage_node.errors import SettingsError


@pytest.fixture
def file(tmp_path):
    return tmp_path / "node.toml"


def triage(*arguments, **more):
    return CliRunner().invoke(app, [*map(str, arguments)], **more)


def test_the_file_names_every_setting_once_with_its_description_and_is_read_back_as_it_was_chosen(file):
    options = [
        "--ae-title",
        'A "B"',
        "--dicom-host",
        "0.0.0.0",
        "--data-dir",
        "/d\x7f ü",
        "--timezone",
        "Europe/Berlin",
    ]
    lists = ["--allow", "CT1@10.0.0.0/24", "--allow", "CT2", "--destination", "PACS@h:104"]
    answer = triage("--config", file, "init", *options, *lists)
    assert answer.exit_code == 0, answer.exception
    text = file.read_text()
    assert sorted(re.findall(r"^#?(\w+) =", text, re.MULTILINE)) == sorted(Settings.model_fields)
    words = " ".join(text.replace("\n# ", " ").split())
    assert all(" ".join(field.description.split()) in words for field in Settings.model_fields.values())
    assert all((subject.__doc__ or "").splitlines()[0].rstrip(".") in words for subject in SUBJECTS)
    chosen = read_settings(
        ae_title='A "B"',
        dicom_host="0.0.0.0",
        data_dir="/d\x7f ü",
        timezone="Europe/Berlin",
        allowed_peers=["CT1@10.0.0.0/24", "CT2"],
        destinations=["PACS@h:104"],
    )
    assert read_settings(file).model_dump() == chosen.model_dump()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_each_default_in_the_file_is_the_default_and_each_example_can_be_read(file):
    text = starter_file({})
    file.write_text(re.sub(r"^#(\w+ = .+)", r"\1", text, flags=re.MULTILINE))
    settings = read_settings(file)
    assert settings.model_dump() == Settings().model_dump()
    assert len(settings.model_fields_set) > 50
    lines = text.splitlines()
    tables = [line.removeprefix("# ") for line in lines[lines.index("# [[destinations]]") :]]
    file.write_text("\n".join(tables).replace("#", ""))
    assert read_settings(file).destinations[0].scheme == "dicoms"


def test_nothing_is_overwritten_and_nothing_wrong_is_written(file, tmp_path):
    file.write_text("mine")
    answer = triage("--config", file, "init")
    assert isinstance(answer.exception, SettingsError)
    assert "is not overwritten" in str(answer.exception)
    assert file.read_text() == "mine"
    file.unlink()
    for options, why in (
        (["--destination", "nobody"], "destinations"),
        (["--dicom-host", "0.0.0.0"], "name who may send"),
        (["--timezone", "Mars"], "timezone"),
    ):
        answer = triage("--config", file, "init", *options)
        assert why in str(answer.exception)
    answer = triage("--config", tmp_path / "none" / "node.toml", "init")
    assert "cannot be written: No such file or directory" in str(answer.exception)
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_it_asks_for_what_was_not_given(file):
    control, terminal = pty.openpty()
    command = [need("triage-node"), "--config", str(file), "init", "--ae-title", "GIVEN"]
    started = subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    os.close(terminal)
    os.write(control, b"0.0.0.0\nCT1, CT2@10.0.0.0/8\n\n\nEurope/Berlin\n")
    printed = started.communicate(timeout=60)[0].decode()
    os.close(control)
    assert started.returncode == 0, printed
    assert "AE title of the node" not in printed
    settings = read_settings(file)
    assert (settings.ae_title, settings.dicom_host, settings.timezone) == ("GIVEN", "0.0.0.0", "Europe/Berlin")
    assert [str(one) for one in settings.allowed_peers] == ["CT1", "CT2@10.0.0.0/8"]
    assert settings.destinations == ()
    assert settings.origin("data_dir") == "default"


def test_the_settings_in_force_are_shown_with_their_origin_and_without_secrets(file, monkeypatch):
    file.write_text(
        'allowed_peers = ["CT1@10.0.0.0/24"]\nopenid_client_secret = "swordfish"\nae_title = "X"\n'
        'openid_issuer = "https://ida:swordfish@h"\nopenid_client_id = "c"\n'
        '[[destinations]]\nurl = "webhook+https://h/x?token=swordfish"\nsecret_file = "/s"\n'
    )
    monkeypatch.setenv("TRIAGE_DATABASE_URL", "postgresql+psycopg://u:swordfish@h/db?password=swordfish")
    monkeypatch.setenv("TRIAGE_LOG_LEVEL", "ERROR")
    arguments = ("--config", file, "settings", "--data-dir", "/d")
    answer = triage(*arguments, "--json")
    assert answer.exit_code == 0, answer.exception
    found = {one["name"]: one for one in json.loads(answer.stdout)}
    assert set(found) == set(Settings.model_fields)
    assert {name for name, one in found.items() if one["origin"] != "default"} == {
        "allowed_peers", "openid_client_secret", "ae_title", "openid_issuer", "openid_client_id", "destinations",
        "database_url", "log_level", "data_dir",
    }  # fmt: skip
    origins = [found[name]["origin"] for name in ("ae_title", "log_level", "data_dir", "dicom_port")]
    assert origins == ["file", "environment", "option", "default"]
    assert found["openid_client_secret"]["value"] == HIDDEN
    assert found["database_url"]["value"] == "postgresql+psycopg://…@h/db"
    assert found["destinations"]["value"][0]["url"] == "webhook+https://h/x?token=…"
    assert found["allowed_peers"]["text"] == "CT1@10.0.0.0/24"
    assert (found["destinations"]["reload"], found["dicom_port"]["reload"]) == (True, False)
    table = triage(*arguments)
    assert "ae_title" in table.stdout
    assert "swordfish" not in answer.stdout + table.stdout


def test_the_reference_is_printed_without_a_settings_file():
    assert triage("settings", "--markdown").stdout == f"{reference_markdown()}\n"
