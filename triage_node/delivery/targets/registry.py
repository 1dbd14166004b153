"""The kinds of destinations, by the scheme of their URL."""

from collections.abc import Callable

from triage_node.delivery.targets.dicom import DicomTarget
from triage_node.delivery.targets.folder import FolderTarget
from triage_node.delivery.targets.stow import StowTarget
from triage_node.delivery.targets.target import Target
from triage_node.endpoints import Destination
from triage_node.user_agent import Caller

TARGETS: dict[str, Callable[[Destination, Caller], Target]] = {
    "dicom": DicomTarget,
    "dicoms": DicomTarget,
    "https": StowTarget,
    "http": StowTarget,
    "file": FolderTarget,
}


def target_of(destination: Destination, caller: Caller) -> Target:
    """Return what sends to a destination; nothing is opened yet."""
    return TARGETS[destination.scheme](destination, caller)
