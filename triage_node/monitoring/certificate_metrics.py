"""When the certificates that the node shows end."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Metric

from triage_node.config import Settings
from triage_node.dimse import chain_end
from triage_node.monitoring.gauges import gauges


def certificate_metrics(settings: Settings) -> Iterator[Metric]:
    """Return the end of each certificate of the settings, and which files cannot be read."""
    ends = {name: chain_end(file) for name, file in _files(settings)}
    what = "When the first certificate of a chain that the node shows ends."
    yield gauges("certificate_end_timestamp_seconds", what, "certificate", ends)
    readable = {name: float(end is not None) for name, end in ends.items()}
    yield gauges("certificate_readable", "Whether its file could be read.", "certificate", readable)


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    if settings.dicom_tls_port is not None and settings.dicom_tls_certificate is not None:
        yield "dicom", settings.dicom_tls_certificate
    if settings.web_tls_certificate is not None:
        yield "web", settings.web_tls_certificate
    for kind, called in (
        ("destination", settings.destinations),
        ("source", settings.sources),
        ("workitems", settings.workitem_servers),
    ):
        for one in called:
            if one.tls_certificate is not None:
                yield f"{kind} {one.name}", one.tls_certificate
