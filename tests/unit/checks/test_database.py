"""The database: unreachable, empty, of an older and of a newer version; looking changes nothing."""

import time

import pytest
from sqlalchemy import create_engine

from triage_node.checks.database import check_database
from triage_node.checks.result import Level


@pytest.fixture
def settings(make_settings, make_worklist):
    settings = make_settings()
    make_worklist(settings, time.time).close()
    return settings


def write(settings, statement):
    engine = create_engine(settings.effective_database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def test_one_of_this_version_says_how_many_studies_it_has(settings):
    result = check_database(settings)
    assert (result.level, result.message) == (Level.OK, "0 studies, sqlite")


def test_one_of_a_newer_version_fails_and_says_which(settings):
    write(settings, "UPDATE alembic_version SET version_num = '9999'")
    result = check_database(settings)
    assert result.level is Level.FAILED
    assert "newer version (9999" in result.message and "install that version again" in result.message


def test_one_of_an_older_version_warns_and_is_not_changed(settings):
    write(settings, "UPDATE alembic_version SET version_num = '0001'")
    for _ in range(2):
        result = check_database(settings)
        assert (result.level, "older version (0001)" in result.message) == (Level.WARNING, True)
        assert "make a backup first" in result.message


def test_one_that_is_not_there_is_not_made(make_settings, tmp_path):
    assert check_database(make_settings()).message == "none yet; the first start makes it"
    assert not (tmp_path / "data").exists()


def test_a_server_that_does_not_answer_says_what_to_look_at(make_settings):
    result = check_database(make_settings(database_url="postgresql+psycopg://u:secret@127.0.0.1:1/n?connect_timeout=2"))
    assert result.level is Level.FAILED
    assert "Is the server running" in result.message
    assert "secret" not in result.message


def test_a_database_without_its_driver_says_what_to_install(make_settings):
    result = check_database(make_settings(database_url="postgresql+nodriver://u@h/n"))
    assert (result.level, "pip install 'triage-node[postgresql]'" in result.message) == (Level.FAILED, True)


def test_a_damaged_file_is_told(settings):
    (settings.data_dir / "worklist.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    result = check_database(settings)
    assert (result.level, "triage-node rebuild" in result.message) == (Level.FAILED, True)
