"""TLS files: unreadable, not fitting, ended or not begun, anybody's to read, for other names."""

from datetime import UTC, datetime, timedelta

import pytest
from certificates import Authority

from triage_node.checks.certificates import check_certificates
from triage_node.checks.names import covers
from triage_node.checks.result import Level


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def issued(authority, request):
    issued = authority.issue(request.node.name[:60], "node.example.org", days=90)
    issued.key.chmod(0o600)
    return issued


@pytest.fixture
def found(make_settings, issued, authority):
    """Return what is said of the listener's and the pages' files, with some of them changed."""

    def found(now=None, public_url=None, **changed):
        names = {"certificate": issued.certificate, "key": issued.key, "ca": authority.ca} | changed
        tls = {f"dicom_tls_{name}": path for name, path in names.items()} | {"dicom_tls_port": 0}
        web = {f"web_tls_{name}": names[name] for name in ("certificate", "key")}
        results = check_certificates(make_settings(**tls, **web, public_url=public_url), now)
        return [(one.name, one.level, one.message) for one in results]

    return found


def test_files_that_fit_are_fine(found):
    assert [(name, level) for name, level, _ in found()] == [("dicom TLS", Level.OK), ("web TLS", Level.OK)]


def test_nothing_is_said_where_no_tls_is_wanted(make_settings):
    assert not list(check_certificates(make_settings()))


@pytest.mark.parametrize(
    ("days", "level", "words"),
    [
        (89, Level.WARNING, "ends in 0 days"),
        (91, Level.FAILED, "ended on"),
        (-30, Level.FAILED, "begins only on"),
        (70, Level.WARNING, "ends in 19 days"),
    ],
)
def test_the_time_of_a_certificate_is_looked_at(found, issued, days, level, words):
    results = found(now=datetime.now(UTC) + timedelta(days=days))
    [message] = [(level, message) for name, level, message in results if name == "web TLS"]
    assert message[0] is level
    assert f"{issued.certificate} {words}" in message[1]


def test_an_authority_that_has_ended_is_told(found, authority):
    results = found(now=datetime.now(UTC) + timedelta(days=2))
    assert ("dicom TLS", Level.FAILED) in [
        (name, level) for name, level, message in results if str(authority.ca) in message
    ]


def test_a_key_of_another_certificate_an_encrypted_one_and_none_are_told_apart(found, authority, tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

    other = authority.issue("other").key
    other.chmod(0o600)
    locked, text = tmp_path / "locked", tmp_path / "text"
    key = ec.generate_private_key(ec.SECP256R1())
    locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")))
    text.write_text("key")
    for path in (locked, text):
        path.chmod(0o600)
    for path, words in (
        (other, "is not that of"),
        (locked, "is encrypted"),
        (text, "no private key in PEM"),
        (tmp_path / "none", "cannot be read: No such file"),
    ):
        results = found(key=path)
        assert {level for _, level, _ in results} == {Level.FAILED}
        assert all(words in message and str(path) in message for _, _, message in results)


def test_a_key_that_everybody_can_read_is_told_with_the_command_that_mends_it(found, issued):
    issued.key.chmod(0o644)
    for _, level, message in found():
        assert (level, f"chmod o-rwx {issued.key}" in message) == (Level.WARNING, True)


def test_a_file_that_is_no_certificate_and_an_authority_that_is_none_are_told(found, issued, tmp_path):
    (tmp_path / "bad").write_text("bad")
    assert "is no certificate in PEM" in found(certificate=tmp_path / "bad")[0][2]
    name, level, message = found(ca=issued.certificate)[0]
    assert (name, level, "no authority's certificate" in message) == ("dicom TLS", Level.WARNING, True)


def test_the_name_that_people_call_must_be_in_the_certificate(found):
    assert {level for _, level, _ in found(public_url="https://node.example.org/x")} == {Level.OK}
    [complaint] = [message for name, _, message in found(public_url="https://triage.example.org") if name == "web TLS"]
    assert "is not for triage.example.org" in complaint


@pytest.mark.parametrize(
    ("name", "host", "expected"),
    [
        ("*.example.org", "a.example.org", True),
        ("*.example.org", "a.b.example.org", False),
        ("*.example.org", "example.org", False),
        ("A.Example.org", "a.example.ORG.", True),
        ("10.0.0.1", "10.0.0.1", True),
        ("fd00::1", "fd00:0::1", True),
    ],
)
def test_a_wildcard_stands_for_one_label(authority, name, host, expected):
    from cryptography import x509

    issued = authority.issue("wild", name)
    assert covers(x509.load_pem_x509_certificate(issued.certificate.read_bytes()), host) is expected


def test_a_destinations_files_are_looked_at_under_its_name(make_settings, tmp_path):
    table = {"name": "archive", "url": "https://h/studies", "tls_ca": str(tmp_path / "none")}
    [result] = check_certificates(make_settings(destinations=[table]))
    assert (result.name, result.level) == ("TLS of archive", Level.FAILED)
