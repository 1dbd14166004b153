"""One C-STORE over an association of its own."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from triage_node.dimse import StoreUser
from triage_node.endpoints import Peer


def store_once(peer: Peer, variants: Sequence[Dataset], *how: object) -> Dataset:
    """Store the first of several renderings that the peer takes; the rest is what `StoreUser` wants."""
    with StoreUser(peer, *how) as user:
        return user.store_first_accepted(variants)
