"""The generated studies as a scanner sends them: to try a PACS, or a node that runs already."""

import tempfile
from pathlib import Path

from triage_node.demo.studies import unpack
from triage_node.dimse import store_files
from triage_node.endpoints import Peer
from triage_node.errors import PeerError

AE_TITLE = "DEMO"
CONNECT_SECONDS = 10.0


def send_studies(peer: Peer) -> int:
    """Send all of them; return how many instances were stored.

    Raises
    ------
    PeerError
        The peer cannot be reached, or refused an instance.
    """
    with tempfile.TemporaryDirectory(prefix="triage-node-demo-") as folder:
        files = [file for study in unpack(Path(folder)) for file in study.files]
        refused = [sent.error for sent in store_files(peer, files, AE_TITLE, CONNECT_SECONDS) if sent.error]
    if refused:
        raise PeerError(f"{peer} took {len(files) - len(refused)} of {len(files)} instances: {refused[0]}")
    return len(files)
