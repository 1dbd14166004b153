"""Sending the DICOM objects of a result: the report, and the picture that goes with it."""

from pydicom.dataset import Dataset

from triage_node.delivery.sender import Sent
from triage_node.delivery.targets import Target
from triage_node.errors import InvalidInstance, PeerError, TriageError
from triage_node.imaging import read_intact
from triage_node.storage import Spool, StoredResult
from triage_node.worklist import Delivery


class ObjectSender:
    """Send the objects of a result to a target that stores them.

    Parameters
    ----------
    target
        What sends there.
    spool
        Where results lie.
    """

    def __init__(self, target: Target, spool: Spool) -> None:
        self._target = target
        self._spool = spool

    def send(self, delivery: Delivery) -> Sent:
        """Send the report in the first class that is taken, and its picture."""
        result = self._spool.result(delivery.study_instance_uid, delivery.folder)
        report = self._target.send(_variants(result))
        picture, words = self._send_picture(result)
        message = "; ".join(filter(None, [f"{report.SOPClassUID.name}, {report.SOPInstanceUID}", words]))
        return Sent(message, [(str(ds.SOPClassUID), str(ds.SOPInstanceUID)) for ds in (report, *picture)])

    def rest(self) -> None:
        """Let go of connections."""
        self._target.rest()

    def _send_picture(self, result: StoredResult) -> tuple[list[Dataset], str]:
        """Send the picture that goes with a report, if there is one; who refuses it has the report all the same.

        Returns
        -------
        stored, words
            The picture when it was stored, and what is to be told of it.

        Raises
        ------
        PeerError
            When trying again helps: report and picture are then sent once more, as the same objects.
        """
        content = result.picture()
        if content is None:
            return [], ""
        try:
            sent = self._target.send([_parsed(content, result)])
            return [sent], f"picture {sent.SOPInstanceUID}"
        except PeerError as error:
            if error.retryable:
                raise
            return [], f"picture not taken: {error}"


def _variants(result: StoredResult) -> list[Dataset]:
    """Return a report in each class that a peer may accept, in the order in which they are offered."""
    reports = result.reports()
    if not reports:
        raise TriageError(f"The report is missing in {result.folder}.")
    return [_parsed(content, result) for content in reports]


def _parsed(content: bytes, result: StoredResult) -> Dataset:
    """Return a stored object; what is damaged stays so, what cannot be opened now may be later."""
    try:
        return read_intact(content)
    except InvalidInstance as error:
        raise TriageError(f"An object in {result.folder} is damaged: {error}") from error
