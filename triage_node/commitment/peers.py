"""Where those can be called who ask us for storage commitment."""

from collections.abc import Iterable

from triage_node.config import Settings
from triage_node.endpoints import Peer


class RequestorPeers:
    """Peers by AE title: those of `commitment_peers`, then the DICOM destinations."""

    def __init__(self, peers: Iterable[Peer]) -> None:
        self._by_title = _by_title(peers)

    @classmethod
    def of(cls, settings: Settings) -> "RequestorPeers":
        """Return those of the settings."""
        return cls(_peers_of(settings))

    def use(self, settings: Settings) -> None:
        """Have those of other settings from now on."""
        self._by_title = _by_title(_peers_of(settings))

    def get(self, ae_title: str) -> Peer | None:
        """Return the peer of an AE title, None when nobody knows where it is."""
        return self._by_title.get(ae_title.strip())


def _peers_of(settings: Settings) -> list[Peer]:
    destinations = [one.peer for one in settings.destinations if one.scheme in ("dicom", "dicoms")]
    return [*settings.commitment_peers, *destinations]


def _by_title(peers: Iterable[Peer]) -> dict[str, Peer]:
    found: dict[str, Peer] = {}
    for peer in peers:
        found.setdefault(peer.ae_title.strip(), peer)
    return found
