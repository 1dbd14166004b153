"""Ports that the node wants to listen on: whether they are free, else who has them."""

import contextlib
import errno
from collections.abc import Iterator

from triage_node.checks.processes import Process, listener_on
from triage_node.checks.result import Result, failed, ok
from triage_node.config import Settings
from triage_node.dimse import listening_socket

LOWEST_OF_USERS = 1024


def check_ports(settings: Settings, node: Process | None, runs: bool) -> Iterator[Result]:
    """Try each port.

    Parameters
    ----------
    node
        The node that runs on the data folder, as far as one can see it.
    runs
        Whether one does.
    """
    for kind, host, port in _ports(settings):
        name = f"{kind.replace('_', ' ')} port"
        if port == 0:
            yield ok(name, "0 takes a free one at each start")
            continue
        try:
            listening_socket(host, port).close()
            yield ok(name, f"{host}:{port} is free")
        except OSError as error:
            yield _taken(name, kind, host, port, error, node, runs)


def _ports(settings: Settings) -> Iterator[tuple[str, str, int]]:
    if settings.dicom_plain_enabled:
        yield "dicom", settings.dicom_host, settings.dicom_port
    if settings.dicom_tls_port is not None:
        yield "dicom_tls", settings.dicom_host, settings.dicom_tls_port
    if settings.web_enabled:
        yield "web", settings.web_host, settings.web_port


def _taken(name: str, kind: str, host: str, port: int, error: OSError, node: Process | None, runs: bool) -> Result:
    setting = "dicom_host" if kind.startswith("dicom") else "web_host"
    if (error.errno or 0) < 0 or error.errno == errno.EADDRNOTAVAIL:  # below 0: the name does not resolve
        return failed(name, f"{host} is no address of this machine: set {setting} to one of `ip address`, or 0.0.0.0.")
    if error.errno in (errno.EACCES, errno.EPERM) and port < LOWEST_OF_USERS:
        way = f"give the service CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities), or set {kind}_port above 1023"
        return failed(name, f"Only root may listen on port {port}: {way}.")
    if error.errno != errno.EADDRINUSE:
        why = str(error.strerror or error).partition(" (while")[0]
        return failed(name, f"{host}:{port} cannot be listened on ({why}): set another {kind}_port.")
    owner = None
    with contextlib.suppress(ValueError):
        owner = listener_on(port)
    if owner is not None and owner == node:
        return ok(name, f"{host}:{port} is the running node's, {owner}")
    if owner is None and runs:
        return ok(name, f"{host}:{port} is in use, by all appearance by the node that runs on the data folder")
    who = f"by {owner}" if owner else "by a process that only root may see (`ss -ltnp`)"
    return failed(name, f"{host}:{port} is in use {who}: stop that, or set another {kind}_port.")
