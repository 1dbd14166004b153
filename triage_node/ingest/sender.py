"""Who sends."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sender:
    """Who sends; ``urgent`` when the request came with high priority."""

    calling_ae_title: str
    address: str
    urgent: bool = False
