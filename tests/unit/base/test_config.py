import pytest

from triage_node.config import Settings, read_settings
from triage_node.endpoints import Destination
from triage_node.errors import SettingsError


def test_the_file_then_the_environment_then_the_options(tmp_path, monkeypatch):
    file = tmp_path / "triage-node.toml"
    file.write_text('ae_title = "FILE"\ndicom_port = 1\nworker_nice = 3\ndestinations = ["PACS@10.0.0.5:104"]\n')
    monkeypatch.setenv("TRIAGE_AE_TITLE", "ENV")
    monkeypatch.setenv("TRIAGE_DICOM_PORT", "2")
    settings = read_settings(file, ae_title="OPTION", dicom_port=None)
    assert (settings.ae_title, settings.dicom_port, settings.worker_nice) == ("OPTION", 2, 3)
    assert settings.destinations == (Destination.parse("PACS@10.0.0.5:104"),)


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
        ({"dicom_plain_enabled": False}, "listen nowhere"),
        ({"dicom_tls_port": 2762}, "dicom_tls_port wants dicom_tls_certificate and dicom_tls_key"),
        ({"dicom_tls_port": 2762, "dicom_tls_certificate": "a", "dicom_tls_key": "b"}, "dicom_tls_port wants .*_ca"),
        ({"allowed_peers": ["CT1@10.0.0.5/24"]}, "allowed_peers.*10.0.0.5/24 has host bits set"),
        ({"allowed_peers": ["CT1@ward"]}, "allowed_peers.*'ward' does not appear to be an IPv4 or IPv6 network"),
        ({"allowed_peers": ["@10.0.0.0/24"]}, "allowed_peers.*ae_title: must not be empty"),
        ({"allowed_peers": [{"title": "CT1"}]}, "There is no setting `allowed_peers.0.title`"),
        ({"allowed_peers": ["CT1"], "allowed_calling_ae_titles": ["CT1"]}, "exclude each other"),
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


def test_senders_are_written_as_texts_as_tables_and_as_json(tmp_path, monkeypatch):
    (tmp_path / "node.toml").write_text(
        '[[allowed_peers]]\nae_title = "CT1"\nnetworks = ["10.0.0.0/24", "fd00::/8"]\n'
        '[[allowed_peers]]\nae_title = "PACS"\n'
    )
    of_table = read_settings(tmp_path / "node.toml").allowed_peers
    assert [str(network) for network in of_table[0].networks] == ["10.0.0.0/24", "fd00::/8"]
    assert (of_table[1].ae_title, of_table[1].networks) == ("PACS", ())
    monkeypatch.setenv("TRIAGE_ALLOWED_PEERS", '[{"ae_title": "CT1", "networks": ["10.0.0.0/24", "fd00::/8"]}, "PACS"]')
    assert read_settings().allowed_peers == of_table
    monkeypatch.setenv("TRIAGE_ALLOWED_PEERS", "CT1@10.0.0.0/24, CT1@::ffff:10.0.1.0/120,*@10.0.2.7")
    senders = read_settings().senders
    assert [(one.ae_title, str(one.networks[0])) for one in senders] == [
        ("CT1", "10.0.0.0/24"),
        ("CT1", "10.0.1.0/24"),
        ("*", "10.0.2.7/32"),
    ]


def test_settings_are_frozen_and_travel_as_json():
    settings = read_settings(destinations=["PACS@10.0.0.5:104"], allowed_peers=["CT1@10.0.0.0/24"], data_dir="/tmp/x")
    with pytest.raises(ValueError, match="frozen"):
        settings.ae_title = "OTHER"
    assert Settings.model_validate_json(settings.model_dump_json()).model_dump() == settings.model_dump()


def test_a_zone_that_is_none_is_said(make_settings):
    assert make_settings(timezone="Europe/Berlin").zone.key == "Europe/Berlin"
    for nonsense in ("Europe/Nowhere", "CET+1", "../etc/passwd", "", "a\0b"):
        with pytest.raises(SettingsError, match="as in Europe/Berlin"):
            make_settings(timezone=nonsense)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("dicom_prot = 1", "dicom_port"), ("Web-Port = 1", "web_port"), ('destination = ["A@h:1"]', "destinations")],
)
def test_a_misspelled_setting_of_the_file_is_recognized(tmp_path, written, meant):
    (tmp_path / "node.toml").write_text(written)
    name = written.partition(" ")[0]
    with pytest.raises(SettingsError, match=f"There is no setting `{name}`; did you mean `{meant}`\\?"):
        read_settings(tmp_path / "node.toml")


@pytest.mark.parametrize("variable", ["TRIAGE_DICOM_PROT", "triage_dicom_prot"])
def test_a_misspelled_variable_is_recognized(monkeypatch, variable):
    monkeypatch.setenv(variable, "11112")
    with pytest.raises(SettingsError, match=f"There is no setting `{variable}`; did you mean `TRIAGE_DICOM_PORT`"):
        read_settings()


def test_a_variable_like_no_setting_is_named_too(monkeypatch):
    monkeypatch.setenv("TRIAGE_XYZZY", "1")
    with pytest.raises(SettingsError, match=r"There is no setting `TRIAGE_XYZZY`\.$"):
        read_settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRIAGE_TEST_SEED", "1"),
        ("TRIAGE_REQUIRE_PEERS", "1"),
        ("TRIAGE_SERVICE_HOST", "10.0.0.1"),
        ("TRIAGE_SERVICE_PORT_DICOM", "11112"),
        ("TRIAGE_PORT", "tcp://10.0.0.1:11112"),
        ("TRIAGE_PORT_11112_TCP_ADDR", "10.0.0.1"),
        ("TRIAGE_dicom_port", "11113"),
    ],
)
def test_variables_of_the_tests_and_of_kubernetes_are_no_misspellings(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert read_settings().ae_title == "TRIAGE"


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ('dicom_port = "x"', "dicom_port: must be a whole number .got 'x'."),
        ("dicom_port = 1.5", "dicom_port: must be a whole number .got 1.5."),
        ("dicom_port = -1", "dicom_port: must be at least 0 .got -1."),
        ('series_quiet_seconds = "soon"', "series_quiet_seconds: must be a number .got 'soon'."),
        ("series_quiet_seconds = 0", "series_quiet_seconds: must be greater than 0 .got 0."),
        ('web_enabled = "maybe"', "web_enabled: must be true or false .got 'maybe'."),
        ("ae_title = 4", "ae_title: must be a text, in quotes .got 4."),
        ("data_dir = 3", "data_dir: must be a path, in quotes .got 3."),
        ("destinations = 7", "destinations: must be a list of texts .got 7."),
        ('log_level = "LOUD"', "log_level: must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR' .got 'LOUD'."),
    ],
)
def test_what_a_value_must_be_is_said_in_words(tmp_path, written, sentence):
    (tmp_path / "node.toml").write_text(written)
    with pytest.raises(SettingsError, match=sentence):
        read_settings(tmp_path / "node.toml")


def test_a_secret_is_not_repeated(tmp_path):
    (tmp_path / "node.toml").write_text("openid_client_secret = 271828")
    with pytest.raises(SettingsError) as refused:
        read_settings(tmp_path / "node.toml")
    assert "271828" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("series_quiet_seconds", float("inf")),
        ("association_idle_seconds", 1e300),
        ("retry_give_up_hours", float("nan")),
        ("maximum_instance_mb", 10**22),
        ("maximum_associations", 10**9),
        ("analysis_attempts", 2**63),
        ("prior_study_days", 2**63),
    ],
)
def test_a_number_that_no_part_of_the_node_could_use_is_refused_and_named(name, value):
    with pytest.raises(SettingsError, match=f"^{name}: must be "):
        read_settings(**{name: value})


def test_a_settings_file_that_is_none_is_not_overlooked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "triage-node.toml").mkdir()
    with pytest.raises(SettingsError, match=r"triage-node\.toml is no file"):
        read_settings()
    (tmp_path / "triage-node.toml").rmdir()
    (tmp_path / "triage-node.toml").symlink_to("moved.toml")
    with pytest.raises(SettingsError, match=r"triage-node\.toml does not exist"):
        read_settings()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_a_settings_file_in_another_encoding_is_named(tmp_path, encoding):
    file = tmp_path / "node.toml"
    file.write_bytes('log_level = "INFO" # \u00fc'.encode(encoding))
    with pytest.raises(SettingsError, match=r"node\.toml cannot be read: .*It is TOML in UTF-8"):
        read_settings(file)


def test_lists_in_the_environment_may_be_json(monkeypatch):
    monkeypatch.setenv("TRIAGE_ALLOWED_CALLING_AE_TITLES", '["CT1", "PACS"]')
    monkeypatch.setenv("TRIAGE_WEB_ALLOWED_HOSTS", "triage.example, node.example")
    settings = read_settings()
    assert settings.allowed_calling_ae_titles == ("CT1", "PACS")
    assert settings.web_allowed_hosts == ("triage.example", "node.example")


def test_a_destination_that_is_named_twice_gets_each_report_once():
    assert len(read_settings(destinations=["A@a:1", "B@a:1", "A@a:1"]).destinations) == 2


@pytest.mark.parametrize("proxy", ["300.1.1.1", "proxy.example", "10.0.0.0/33", "10.0.0.1/8"])
def test_a_proxy_that_is_no_address_is_named(proxy):
    with pytest.raises(SettingsError, match="web_trusted_proxies"):
        read_settings(web_trusted_proxies=[proxy])


def test_the_databases_url_may_stand_in_a_file_of_its_own(tmp_path):
    secret = tmp_path / "database-url"
    secret.write_text("postgresql+psycopg://node:PW@db/triage\n")
    settings = read_settings(database_url_file=str(secret))
    assert settings.effective_database_url == "postgresql+psycopg://node:PW@db/triage"
    assert Settings(**settings.model_dump(mode="json")).database_url == settings.database_url
    assert read_settings(database_url_file=secret, database_url="sqlite://").database_url == "sqlite://"
    secret.write_text("\n")
    with pytest.raises(SettingsError, match="database-url is empty"):
        read_settings(database_url_file=secret)
    with pytest.raises(SettingsError, match=r"database_url_file: .*none cannot be read"):
        read_settings(database_url_file=tmp_path / "none")
