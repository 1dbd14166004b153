"""Who has sent and what was refused: a reason in words, and what is to be done about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from triage_node.worklist.senders.sender_counts import Sender


@dataclass(frozen=True)
class Advice:
    """A reason in words, and what whoever is on the phone can do."""

    words: str
    way_out: str


MAKE_ROOM = "Make room on the disk of the data folder; senders try again by themselves."
AT_THE_SENDER = "Look at the sender: its log says which image it was."
ADVICE = {
    "address": Advice(
        "address not allowed", "Add address or network to allowed_peers and reload, if the sender is one of yours."
    ),
    "calling_ae_title": Advice(
        "AE title not allowed", "Add the AE title to allowed_peers (allowed_calling_ae_titles) and reload."
    ),
    "called_ae_title": Advice(
        "calls another AE title", "Set the sender's destination to this node's AE title; upper and lower case differ."
    ),
    "rate": Advice(
        "too many connections a minute",
        "Have the sender keep its association open, or raise maximum_connections_per_minute_per_address.",
    ),
    "too_many": Advice(
        "too many associations at once",
        "Raise maximum_associations or maximum_associations_per_address, or have the sender open fewer.",
    ),
    "no_thread": Advice("no thread or memory left", "Look at the memory and the limits of this machine."),
    "no_context": Advice(
        "nothing it offers can be used",
        "Have the sender offer storage (C-STORE) of its images; this port is no worklist and no archive to ask.",
    ),
    "protocol": Advice(
        "no DICOM, or a broken association",
        "Look whether the sender is set to the right port: TLS to the TLS port, DICOM to the other one.",
    ),
    "tls": Advice(
        "TLS did not come about", "Compare certificates and authorities on both sides (dicom_tls settings); try check."
    ),
    "disk_full": Advice("disk full", MAKE_ROOM),
    "storage_failed": Advice("could not be written", "Look at the disk of the data folder and its rights."),
    "announced": Advice("not of the announced study or class", AT_THE_SENDER),
    "sop_class": Advice("kind of object not stored", "The sender sends something else than it negotiated."),
    "sop_instance": Advice("no valid SOP Instance UID", AT_THE_SENDER),
    "too_large": Advice("too large", "Raise maximum_instance_mb, if the object is meant to come."),
    "unreadable": Advice("header cannot be read", AT_THE_SENDER),
    "failed": Advice("failed in the node", "Look at this node's log (store_failed)."),
}


def advice_on(reason: str) -> Advice:
    """Return what is said of a reason; that of a newer node is its own word."""
    return ADVICE.get(reason, Advice(reason.replace("_", " "), ""))


def matching(senders: Sequence[Sender], text: str) -> Iterator[Sender]:
    """Yield the senders whose AE title or address has a text in it, whatever its case."""
    wanted = text.strip().casefold()
    for one in senders:
        if wanted in one.ae_title.casefold() or wanted in one.address.casefold():
            yield one
