"""The certificate of the TLS port: replaced while it is in use, and warned about in time."""

import re
import shutil
import ssl
from datetime import UTC, datetime, timedelta

import pytest

from triage_node.dimse import ServerCertificate
from triage_node.errors import SettingsError


@pytest.fixture
def files(authority, tmp_path):
    """Put a certificate of so many days, its key and the authorities where the node looks for them."""

    def put(days=90.0, name="one"):
        issued = authority.issue(f"{name}-{tmp_path.name}", days=days)
        shutil.copy(issued.certificate, tmp_path / "node.pem")
        shutil.copy(issued.key, tmp_path / "node.key")
        shutil.copy(authority.ca, tmp_path / "ca.pem")
        (tmp_path / "node.key").chmod(0o640)
        return tmp_path / "node.pem", tmp_path / "node.key", tmp_path / "ca.pem"

    return put


def test_files_that_change_are_taken_up_and_others_are_left(files, caplog):
    caplog.set_level("INFO")
    certificate = ServerCertificate(*files(90))
    before = certificate.context
    certificate.follow()
    assert certificate.context is before
    files(300, "two")
    certificate.follow()
    assert certificate.context is not before
    assert certificate.context.verify_mode is ssl.CERT_REQUIRED
    assert f"valid until {(datetime.now(UTC) + timedelta(days=300)).date()}" == certificate.state().message
    assert "certificate_reloaded" in caplog.text


def test_a_new_pair_that_cannot_be_used_leaves_the_old_one_and_is_told_once(files, caplog):
    certificate = ServerCertificate(*files())
    pem, key, _ = files(90, "two")
    files(90, "one")
    before = certificate.context
    key.write_text("no key at all")
    for _ in range(3):
        certificate.follow()
    assert certificate.context is before
    state = certificate.state()
    assert not state.is_well
    assert "the old one is still shown, until" in state.message
    assert "it is no PEM file" in state.message
    assert len([record for record in caplog.records if "certificate_not_reloaded" in record.message]) == 1
    pem.unlink()
    certificate.follow()
    assert "No such file" in certificate.state().message
    files(90, "three")
    certificate.follow()
    assert certificate.state().is_well
    assert certificate.context is not before


def test_a_certificate_whose_key_comes_later_is_taken_up_with_it(files):
    certificate = ServerCertificate(*files())
    old_key = (files()[1]).read_bytes()
    _, key, _ = files(300, "two")
    new_key = key.read_bytes()
    key.write_bytes(old_key)
    certificate.follow()
    assert "the key is not that of the certificate" in certificate.state().message
    key.write_bytes(new_key)
    certificate.follow()
    assert certificate.state().is_well


@pytest.mark.parametrize(
    ("days", "is_well", "words"),
    [(31.5, True, "valid until"), (29.5, False, "it ends in 29 days, on"), (-1, False, "it ended on .*no sender")],
)
def test_its_end_is_told_in_time(files, days, is_well, words):
    state = ServerCertificate(*files(days)).state()
    assert state.is_well is is_well
    assert re.match(words, state.message)


def test_one_that_has_not_begun_is_told(files):
    state = ServerCertificate(*files()).state(datetime.now(UTC) - timedelta(days=20))
    assert (state.is_well, "it begins only on" in state.message) == (False, True)


def test_a_key_that_everybody_can_read_is_told(files, caplog):
    _, key, _ = paths = files()
    assert ServerCertificate(*paths).state().is_well
    key.chmod(0o644)
    state = ServerCertificate(*paths).state()
    assert not state.is_well
    assert "can read the key" in state.message
    ServerCertificate(*paths).warn()
    assert "certificate_wants_a_look" in caplog.text


def test_one_that_cannot_be_used_at_the_start_is_refused(files, tmp_path):
    pem, key, ca = files()
    with pytest.raises(SettingsError, match="No such file"):
        ServerCertificate(tmp_path / "gone.pem", key, ca)
    ca.write_text("none")
    with pytest.raises(SettingsError, match=r"authorities in .* cannot be read"):
        ServerCertificate(pem, key, ca)
