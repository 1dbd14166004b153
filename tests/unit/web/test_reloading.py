"""Pages after the settings were read anew: other limits and another certificate, and what came of the reading."""

import socket
import ssl

import pytest
from certificates import Authority
from sites import ADMINISTRATOR

from triage_node.errors import SettingsError
from triage_node.web.application import use_settings
from triage_node.web.machinery import Machinery, Reload
from triage_node.web.server import WebServer


def test_the_next_request_goes_by_the_settings_that_were_read_anew(site, make_settings):
    admin = site.signed_in(ADMINISTRATOR)
    use_settings(site.application, make_settings(destinations=["NEW@h:1"], web_requests_per_minute=2))
    assert "NEW@h:1" in admin.get("/admin/settings").text
    assert admin.get("/admin/settings").status_code == 200
    assert admin.get("/admin/settings").status_code == 429


@pytest.mark.parametrize(
    ("reload", "words"),
    [
        (None, "They are those of the node's start."),
        (Reload(1.7e9, ("destinations", "sources")), "destinations, sources changed"),
        (Reload(1.7e9), "nothing changed"),
        (Reload(1.7e9, (), ("dicom_port",)), "dicom_port will be in force after a restart"),
        (Reload(1.7e9, error="dicom_port: must be a whole number."), "dicom_port: must be a whole number."),
    ],
)
def test_the_page_says_what_came_of_the_last_reading(make_site, reload, words):
    machinery = Machinery(worker=lambda: None, jobs=tuple, last_reload=lambda: reload)
    page = make_site({"machinery": machinery}).signed_in(ADMINISTRATOR).get("/admin/settings").text
    assert words in page
    assert reload is None or "2023-11-14 22:13:20 UTC" in page


def shown_at(port, authority):
    """Return the name in the certificate that a server shows, as far as an authority signed it."""
    context = ssl.create_default_context(cafile=str(authority.ca))
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as line,
    ):
        [[(_, name)]] = line.getpeercert()["subject"]
        return name


def test_another_certificate_is_shown_from_the_next_connection_on(site, tmp_path):
    authority = Authority(tmp_path / "ca")
    first, second = authority.issue("first"), authority.issue("second")
    with_tls = [
        site.settings.model_copy(update={"web_tls_certificate": one.certificate, "web_tls_key": key})
        for one, key in ((first, first.key), (second, second.key), (first, second.key))
    ]
    server = WebServer(with_tls[0], site.worklist, site.spool)
    server.start()
    try:
        assert shown_at(server.port, authority) == "first"
        server.prepare(with_tls[1])()
        assert shown_at(server.port, authority) == "second"
        with pytest.raises(SettingsError, match="web_tls_certificate or web_tls_key cannot be used"):
            server.prepare(with_tls[2])
        assert shown_at(server.port, authority) == "second"
    finally:
        server.stop()
