"""What a node cannot do without is tried before it listens: nothing is promised that cannot be kept."""

import socket
import ssl
from contextlib import ExitStack
from typing import TYPE_CHECKING

from triage_node.errors import AddressUnavailable, ModelError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage_node.config import Settings
    from triage_node.endpoints import Endpoint


def check_before_listening(settings: "Settings") -> None:
    """Try model, certificates, secrets and ports, as far as the roles of this process need them.

    Raises
    ------
    SettingsError
        A setting names what is not there or cannot be used.
    AddressUnavailable
        A port is in use, or an address is not this machine's.
    """
    if "worker" in settings.roles:
        _check_model(settings)
        _check_engine(settings)
    check_files(settings)
    _check_ports(settings)


def check_files(settings: "Settings") -> None:
    """Try certificates, secrets and templates: what a running node can have anew.

    Raises
    ------
    SettingsError
        A setting names what is not there or cannot be used.
    """
    _check_endpoints("destinations", settings.destinations)
    _check_notices(settings)
    _check_endpoints("sources", settings.sources)
    _check_endpoints("workitem_servers", settings.workitem_servers)
    _check_object_storage(settings)
    if "listener" in settings.roles:
        _check_listener(settings)
    if _serves_pages(settings):
        _check_certificate(settings)
        _check_secret(settings)


def _serves_pages(settings: "Settings") -> bool:
    return settings.web_enabled and "web" in settings.roles


def _check_model(settings: "Settings") -> None:
    from triage_node.models import read_manifest

    try:
        read_manifest(settings.model)
    except ModelError as error:
        raise SettingsError(f"model: {error}") from error


def _check_engine(settings: "Settings") -> None:
    from triage_node.ray_cluster import require_ray

    if settings.worker_engine == "ray":
        try:
            require_ray()
        except SettingsError as error:
            raise SettingsError(f"worker_engine: {error}") from error


def _check_endpoints(setting: str, endpoints: "Sequence[Endpoint]") -> None:
    from triage_node.dimse import client_context

    for endpoint in endpoints:
        try:
            if endpoint.speaks_tls:
                client_context(endpoint.tls)
            for path in (endpoint.token_file, endpoint.password_file):
                if path is not None:
                    path.read_bytes()
        except SettingsError as error:
            raise SettingsError(f"{setting}: {endpoint}: {error}") from error
        except OSError as error:
            raise SettingsError(f"{setting}: {endpoint}: {path} cannot be read: {error.strerror}.") from error


def _check_notices(settings: "Settings") -> None:
    from triage_node.delivery import check_files

    for destination in settings.destinations:
        try:
            check_files(destination)
        except SettingsError as error:
            raise SettingsError(f"destinations: {destination}: {error}") from error


def _check_listener(settings: "Settings") -> None:
    from triage_node.dimse import ServerCertificate

    try:
        ServerCertificate.of(settings)
    except SettingsError as error:
        raise SettingsError(f"dicom_tls_port: {error}") from error


def _check_object_storage(settings: "Settings") -> None:
    """Try the files; a bucket that does not answer now is waited for."""
    from triage_node.storage import Bucket, BucketOptions

    options = BucketOptions.of(settings)
    if options is not None:
        Bucket(options).prepare()


def _check_ports(settings: "Settings") -> None:
    """Take all ports at once, as none may be that of another; then let them go."""
    with ExitStack() as taken:
        listens = "listener" in settings.roles
        if listens and settings.dicom_plain_enabled:
            taken.enter_context(_bound("dicom", settings.dicom_host, settings.dicom_port))
        if listens and settings.dicom_tls_port is not None:
            taken.enter_context(_bound("dicom_tls", settings.dicom_host, settings.dicom_tls_port))
        if _serves_pages(settings):
            taken.enter_context(_bound("web", settings.web_host, settings.web_port))
        if settings.metrics_port is not None:
            taken.enter_context(_bound("metrics", settings.metrics_host, settings.metrics_port))


def _check_certificate(settings: "Settings") -> None:
    certificate, key = settings.web_tls_certificate, settings.web_tls_key
    if certificate is None or key is None:
        return
    for name, path in (("web_tls_certificate", certificate), ("web_tls_key", key)):
        if not path.is_file():
            raise SettingsError(f"{name}: there is no file {path}.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, _no_password)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"web_tls_certificate {certificate} and web_tls_key {key} cannot be used: {_why(error)}."
        ) from error


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    if reason == "KEY_VALUES_MISMATCH":
        return "the key is not that of the certificate"
    return str(reason or error) if isinstance(error, ValueError) and not reason else f"they are no PEM files ({reason})"


def _no_password() -> str:
    raise ValueError("the key is encrypted; the node has nobody to ask for its password")


def _check_secret(settings: "Settings") -> None:
    path = settings.openid_client_secret_file
    if path is None:
        return
    try:
        path.read_bytes()
    except OSError as error:
        raise SettingsError(f"openid_client_secret_file: {path} cannot be read: {error.strerror}.") from error


def _bound(kind: str, host: str, port: int) -> socket.socket:
    from triage_node.dimse import listening_socket

    try:
        return listening_socket(host, port)
    except OSError as error:
        why = str(error.strerror or error).partition(" (while")[0]
        raise AddressUnavailable(
            f"Cannot listen on {host}:{port}: {why}. Is a node running already? Another {kind}_port may be free."
        ) from error
