"""TLS for both halves of the protocol: its profile, the certificate that is shown, and the stream it is read from."""

from triage_node.dimse.tls.certificate_file import Validity, validities
from triage_node.dimse.tls.chain import chain_end
from triage_node.dimse.tls.profile import (
    TLS_1_2_SUITES,
    ClientContext,
    client_context,
    reason_of,
    server_context,
)
from triage_node.dimse.tls.server_certificate import ServerCertificate
from triage_node.dimse.tls.stream import TlsStream

__all__ = [
    "TLS_1_2_SUITES",
    "ClientContext",
    "ServerCertificate",
    "TlsStream",
    "Validity",
    "chain_end",
    "client_context",
    "reason_of",
    "server_context",
    "validities",
]
