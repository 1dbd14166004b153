"""Certificates that come to their end are told in time, each once a level."""

import pytest
from certificates import Authority

from triage_node.endpoints import Destination
from triage_node.maintenance import Certificates, certificate_files
from triage_node.maintenance.certificates import CertificateFile

DAY = 86_400


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


@pytest.fixture
def look(worklist, clock):
    """Look at files; the clock is the real one's time and some days."""
    import time

    def look(*files, days=0.0):
        clock.now = time.time() + days * DAY
        return Certificates(lambda: files, worklist.upkeep_notes.note_once, clock).run()

    return look


def events(worklist):
    return [event.message for event in worklist.study_details.events("certificate_ends")]


def test_thirty_and_seven_days_before_and_then_it_is_told_once_each(look, authority, worklist):
    file = CertificateFile(authority.issue("node", days=100).certificate, "certificate of the web server")
    assert look(file) == look(file, days=69)
    assert (look(file).sentence, look(file).wants_look) == ("1 files, all valid", False)
    for days, words in (
        (71, "ends in 29 days, on"),
        (80, "ends in 20 days"),
        (94, "ends in 6 days"),
        (101, "ended on"),
    ):
        done = look(file, days=days)
        assert done.wants_look
        assert f"the certificate of the web server (node, {file.path}) {words}" in done.sentence
        look(file, days=days)
    levels = sorted(one.partition(": ")[2] for one in events(worklist))
    assert levels == ["", "30 days or less are left", "7 days or less are left"]


def test_the_settings_name_every_file(make_settings, authority, tmp_path):
    issued = authority.issue("client")
    tls = {"tls_certificate": issued.certificate, "tls_key": issued.key, "tls_ca": authority.ca}
    settings = make_settings(
        destinations=[Destination(url="dicoms://PACS@h:2762", name="pacs", **tls)],
        dicom_tls_port=0, dicom_tls_certificate=issued.certificate, dicom_tls_key=issued.key, dicom_tls_ca=authority.ca,
        web_tls_certificate=issued.certificate, web_tls_key=issued.key,
    )  # fmt: skip
    assert [(one.what, one.is_of_authorities) for one in certificate_files(settings)] == [
        ("certificate of the DICOM listener", False),
        ("authority of the listener's senders", True),
        ("certificate of the web server", False),
        ("client certificate for pacs", False),
        ("authority of pacs", True),
    ]


def test_an_authority_that_ended_long_ago_beside_one_that_holds_is_a_leftover(look, authority, tmp_path):
    old, recent = authority.issue("old", days=-8), authority.issue("recent", days=-5)
    good = authority.issue("good", days=400)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"".join(one.certificate.read_bytes() for one in (old, recent, good)))
    sentence = look(CertificateFile(bundle, "authority of pacs", is_of_authorities=True), days=24).sentence
    assert "(recent, " in sentence
    assert "(old, " not in sentence
    alone = look(CertificateFile(old.certificate, "authority of pacs", is_of_authorities=True), days=24)
    assert "(old, " in alone.sentence
    assert "(old, " in look(CertificateFile(bundle, "certificate of the web server"), days=24).sentence


def test_a_file_that_cannot_be_read_wants_a_look(look, tmp_path):
    (tmp_path / "no.pem").write_text("none")
    for name in ("no.pem", "nowhere.pem"):
        done = look(CertificateFile(tmp_path / name, "authority of pacs"))
        assert done.wants_look
        assert f"the authority of pacs: {tmp_path / name} cannot be read" in done.sentence


def test_without_certificates_there_is_nothing_to_tell(look):
    assert look().sentence == "no certificates are set"
