"""Files that hold secrets are the node's, and nobody else's to read."""

import pytest

from triage_node.checks.result import Level
from triage_node.checks.secrets import check_secrets
from triage_node.config import read_settings


@pytest.fixture
def token(tmp_path):
    path = tmp_path / "token"
    path.write_text("swordfish")
    path.chmod(0o640)
    return path


def found(make_settings, tmp_path, token):
    settings = make_settings(destinations=[{"name": "archive", "url": "https://h/studies", "token_file": str(token)}])
    return [(one.name, one.level, one.message) for one in check_secrets(settings, tmp_path / "none.toml")]


def test_a_file_that_its_owner_and_group_read_is_fine(make_settings, tmp_path, token):
    assert found(make_settings, tmp_path, token) == []


def test_a_file_that_everybody_reads_and_one_that_is_gone_are_told(make_settings, tmp_path, token):
    token.chmod(0o644)
    [(name, level, message)] = found(make_settings, tmp_path, token)
    assert (name, level, f"chmod o-rwx {token}" in message) == ("secret of archive", Level.WARNING, True)
    token.unlink()
    [(_, level, message)] = found(make_settings, tmp_path, token)
    assert (level, "cannot be read" in message) == (Level.FAILED, True)


def test_a_settings_file_with_a_secret_is_not_everybodys(tmp_path, monkeypatch):
    file = tmp_path / "node.toml"
    file.write_text('database_url = "postgresql+psycopg://u:swordfish@h/n"')
    file.chmod(0o644)
    [result] = check_secrets(read_settings(file), file)
    assert (result.level, "which holds database_url" in result.message) == (Level.WARNING, True)
    assert "swordfish" not in result.message
    file.chmod(0o600)
    assert not list(check_secrets(read_settings(file), file))
    file.chmod(0o644)
    file.write_text("")
    monkeypatch.setenv("TRIAGE_DATABASE_URL", "postgresql+psycopg://u:swordfish@h/n")
    assert not list(check_secrets(read_settings(file), file)), "it is in the environment"
