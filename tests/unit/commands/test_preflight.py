"""A node that cannot run says so before it listens; a command in the wrong folder makes nothing there."""

import json
import shutil
import socket
import stat
import subprocess

import pytest
from typer.testing import CliRunner

from triage_node.cli import app
from triage_node.commands.preflight import check_before_listening
from triage_node.errors import AddressUnavailable, SettingsError
from triage_node.identity import Role
from triage_node.models.registry import find_model
from triage_node.worklist import Worklist


@pytest.fixture
def damaged(tmp_path):
    """A copy of the shipped model, to be damaged."""
    return shutil.copytree(find_model(), tmp_path / "model")


def test_a_node_that_can_run_passes(make_settings):
    check_before_listening(make_settings())


def test_a_model_that_is_not_there_is_answered_with_those_there_are(make_settings):
    with pytest.raises(SettingsError, match=r"model: There is no model 'foo'.*lesion-map-lite0"):
        check_before_listening(make_settings(model="foo"))


@pytest.mark.parametrize(
    ("name", "content"),
    [("manifest.json", b"{"), ("manifest.json", None), ("familiarity.npz", b"x"), ("weights.npz", b"x")],
)
def test_a_damaged_model_is_named(make_settings, damaged, name, content):
    path = damaged / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(SettingsError, match="model: "):
        check_before_listening(make_settings(model=str(damaged)))


@pytest.mark.parametrize("kind", ["dicom", "web"])
def test_a_port_in_use_is_named_with_its_setting(make_settings, kind):
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = make_settings(**{f"{kind}_port": other.getsockname()[1]})
        with pytest.raises(AddressUnavailable, match=f"Address already in use.*{kind}_port"):
            check_before_listening(settings)


def test_one_port_for_both_servers_is_found_before_either_listens(make_settings):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    with pytest.raises(AddressUnavailable, match=r"Address already in use.*web_port"):
        check_before_listening(make_settings(dicom_port=port, web_port=port))


def test_an_address_of_another_machine_is_named(make_settings):
    settings = make_settings(dicom_host="203.0.113.7", allowed_calling_ae_titles="*")
    with pytest.raises(AddressUnavailable, match=r"Cannot listen on 203\.0\.113\.7"):
        check_before_listening(settings)


@pytest.fixture
def pem(tmp_path):
    """Certificates and keys that fit and that do not."""

    def make(name: str, *more: str):
        key, certificate = tmp_path / f"{name}.key", tmp_path / f"{name}.pem"
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-subj",
            "/CN=x",
            "-keyout",
            key,
            "-out",
            certificate,
        ]
        subprocess.run([*map(str, command), *(more or ("-nodes",))], check=True, capture_output=True)
        return certificate, key

    return make


def test_certificates_that_cannot_be_used_are_named(make_settings, pem, tmp_path):
    certificate, key = pem("one")
    check_before_listening(make_settings(web_tls_certificate=certificate, web_tls_key=key))
    _, other = pem("two")
    _, locked = pem("three", "-passout", "pass:secret")
    (tmp_path / "bad.pem").write_text("bad")
    for wrong, why in (
        ({"web_tls_key": other}, "the key is not that of the certificate"),
        ({"web_tls_key": locked}, "the key is encrypted"),
        ({"web_tls_certificate": tmp_path / "bad.pem"}, "no PEM files"),
        ({"web_tls_key": tmp_path / "none.pem"}, "web_tls_key: there is no file"),
    ):
        with pytest.raises(SettingsError, match=why):
            check_before_listening(make_settings(**{"web_tls_certificate": certificate, "web_tls_key": key} | wrong))


def test_a_tls_port_is_tried_with_its_certificate(make_settings, pem, tmp_path):
    certificate, key = pem("one")
    tls = {"dicom_tls_port": 0, "dicom_tls_certificate": certificate, "dicom_tls_key": key, "dicom_tls_ca": certificate}
    check_before_listening(make_settings(**tls))
    check_before_listening(make_settings(**tls, dicom_plain_enabled=False))
    for wrong, why in (
        ({"dicom_tls_key": pem("two")[1]}, "dicom_tls_port: .*the key is not that of the certificate"),
        ({"dicom_tls_ca": tmp_path / "none.pem"}, "dicom_tls_port: The authorities in .* cannot be read"),
    ):
        with pytest.raises(SettingsError, match=why):
            check_before_listening(make_settings(**tls | wrong))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    for ports in ({"dicom_port": port}, {"web_port": port}):
        with pytest.raises(AddressUnavailable, match="Address already in use"):
            check_before_listening(make_settings(**tls | {"dicom_tls_port": port} | ports))


def test_a_secret_that_cannot_be_read_is_named(make_settings, tmp_path):
    with pytest.raises(SettingsError, match="openid_client_secret_file"):
        check_before_listening(make_settings(openid_client_secret_file=tmp_path / "none"))


@pytest.mark.parametrize(
    "command",
    [
        ["user", "add", "bob"], ["user", "list"], ["user", "unlock", "bob"], ["token", "add", "x"], ["token", "list"],
        ["check"], ["worklist"], ["show", "1.2"], ["requeue", "1.2"],
    ],
)  # fmt: skip
def test_a_command_in_the_wrong_folder_makes_nothing_and_says_where_to_run_it(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(app, command, input="correct horse battery\n")
    assert isinstance(answer.exception, SettingsError)
    for words in ("There is no worklist in triage-data", str(tmp_path), "--data-dir", "--config", "TRIAGE_DATA_DIR"):
        assert words in str(answer.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_named_by_mistake_is_not_made(tmp_path):
    answer = CliRunner().invoke(app, ["user", "add", "bob", "--data-dir", str(tmp_path / "none")], input="x\n")
    assert "--create" in str(answer.exception)
    CliRunner().invoke(app, ["check", "--data-dir", str(tmp_path / "none")])
    assert list(tmp_path.iterdir()) == []


def test_check_makes_nothing_in_a_folder_where_no_node_ran(tmp_path, monkeypatch):
    for port in ("TRIAGE_DICOM_PORT", "TRIAGE_WEB_PORT"):
        monkeypatch.setenv(port, "0")
    (tmp_path / "letter.txt").write_text("mine")
    answer = CliRunner().invoke(app, ["check", "--data-dir", str(tmp_path)])
    assert answer.exit_code == 0
    assert "database: none yet; the first start makes it" in answer.output
    assert [one.name for one in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("name", ["file", "file/data"])
def test_check_names_a_data_folder_that_the_first_start_could_not_make(tmp_path, name):
    (tmp_path / "file").touch()
    answer = CliRunner().invoke(app, ["check", "--data-dir", str(tmp_path / name)])
    assert answer.exit_code == 1
    assert f"FAIL disk: The data folder {tmp_path / name} cannot be used: {tmp_path / 'file'} is no" in answer.output


def test_a_person_may_be_added_before_the_first_start(tmp_path):
    arguments = ["user", "add", "bob", "--data-dir", str(tmp_path / "data"), "--create"]
    answer = CliRunner().invoke(app, arguments, input="correct horse battery\n")
    assert answer.exit_code == 0, answer.exception
    assert "bob may sign in as reader" in answer.output


@pytest.fixture
def worklist(make_settings, make_worklist, clock):
    opened = make_worklist(make_settings(), clock)
    yield opened
    opened.close()


def test_the_one_time_password_lies_where_only_its_owner_reads_it_until_it_is_changed(worklist: Worklist):
    accounts = worklist.accounts
    password = accounts.add_first_administrator()
    file = accounts.first_password.keep(password)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == f"{password}\n"
    again = accounts.add_first_administrator()
    assert again not in (None, password), "nobody has used the first one"
    assert accounts.first_password.keep(again).read_text() == f"{again}\n"
    assert accounts.check("admin", again, "127.0.0.1").must_change_password
    accounts.add("ray", Role.READER, "correct horse battery")
    assert accounts.add_first_administrator() is None
    assert file.exists(), "the password opens yet"
    accounts.set_password("admin", "another horse battery")
    assert not file.exists()


def test_the_one_time_password_goes_with_its_account(worklist: Worklist):
    accounts = worklist.accounts
    file = accounts.first_password.keep(accounts.add_first_administrator())
    accounts.remove("admin")
    assert not file.exists()


def test_a_destination_whose_files_cannot_be_used_is_named(make_settings, tmp_path):
    (tmp_path / "none.pem").write_text("nothing")
    stow = {"name": "archive", "url": "https://h/studies"}
    for table, words in (
        (stow | {"token_file": str(tmp_path / "gone")}, "archive: .*gone cannot be read: No such file"),
        (stow | {"tls_ca": str(tmp_path / "none.pem")}, "archive: .*none.pem cannot be read: it is no PEM file"),
    ):
        with pytest.raises(SettingsError, match=f"destinations: {words}"):
            check_before_listening(make_settings(destinations=[table]))


def test_a_template_or_a_secret_of_a_notice_is_tried_before_the_node_listens(make_settings, tmp_path):
    (tmp_path / "text").write_text("$patient")
    mail = {"url": "smtps://h", "mail_from": "a@b.c", "mail_to": ["d@e.f"], "template": str(tmp_path / "text")}
    with pytest.raises(SettingsError, match=r"destinations: smtps://h: The template .* has \$patient; there are"):
        check_before_listening(make_settings(destinations=[mail]))
    (tmp_path / "secret").write_text("swordfish")
    hook = {"url": "webhook+https://h/x", "name": "hook", "secret_file": str(tmp_path / "secret")}
    with pytest.raises(SettingsError, match=r"destinations: hook: The secret file .* must hold whsec_"):
        check_before_listening(make_settings(destinations=[hook]))
    failed = CliRunner().invoke(app, ["--config", str(_config(tmp_path, mail)), "check"])
    assert failed.exit_code == 1
    assert "FAIL destination smtps://h: The template" in failed.output


def _config(folder, mail):
    table = "\n".join(f"{key} = {json.dumps(value)}" for key, value in mail.items())
    (folder / "node.toml").write_text(f'data_dir = "{folder}/data"\n[[destinations]]\n{table}\n')
    return folder / "node.toml"
