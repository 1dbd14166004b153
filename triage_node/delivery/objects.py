"""Sending the DICOM objects of a result: the report, and what goes with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from triage_node.delivery.sender import Sent
from triage_node.delivery.targets import Target
from triage_node.endpoints import ReportStyle
from triage_node.errors import InvalidInstance, PeerError, TriageError
from triage_node.imaging import read_intact
from triage_node.outcome import ObjectKind
from triage_node.report import as_measurement_report
from triage_node.storage import Spool, StoredResult
from triage_node.worklist import Delivery


@dataclass(frozen=True)
class _Answer:
    """What became of one object: what is to be told, and the object where it was stored, or why it never will be."""

    words: str
    stored: Dataset | None = None
    refusal: TriageError | None = None


class ObjectSender:
    """Send the objects of a result to a target that stores them.

    Parameters
    ----------
    target
        What sends there.
    spool
        Where results lie.
    kinds
        Which objects are sent.
    style
        In which reports are sent.
    """

    def __init__(
        self,
        target: Target,
        spool: Spool,
        kinds: Sequence[ObjectKind] = (ObjectKind.REPORT,),
        style: ReportStyle = ReportStyle.TEXT,
    ) -> None:
        self._target = target
        self._spool = spool
        self._kinds = kinds
        self._style = style

    def send(self, delivery: Delivery) -> Sent:
        """Send the report in the first class that is taken, then what goes with it.

        Who refuses what goes with a report has the report all the same; where no report is wanted, one of the others
        has to be taken. When trying again helps with one, all are sent once more, as the same objects.
        """
        result = self._spool.result(delivery.study_instance_uid, delivery.folder)
        answers = list(self._answers(result))
        stored = [answer.stored for answer in answers if answer.stored is not None]
        refusals = [answer.refusal for answer in answers if answer.refusal is not None]
        if not stored and refusals:
            raise refusals[0]
        return Sent(
            "; ".join(answer.words for answer in answers),
            [(str(ds.SOPClassUID), str(ds.SOPInstanceUID)) for ds in stored],
        )

    def rest(self) -> None:
        """Let go of connections."""
        self._target.rest()

    def _answers(self, result: StoredResult) -> Iterator[_Answer]:
        if ObjectKind.REPORT in self._kinds:
            report = self._target.send(self._styled(_variants(result)))
            yield _Answer(f"{report.SOPClassUID.name}, {report.SOPInstanceUID}", report)
        # Made only where a site has it sent.
        if (picture := result.picture()) is not None:
            yield self._answer("picture", picture, result)
        for kind in self._kinds:
            if kind is not ObjectKind.REPORT:
                content = result.object(kind)
                yield _absent(kind, result) if content is None else self._answer(kind.words, content, result)

    def _styled(self, variants: list[Dataset]) -> list[Dataset]:
        """Return a report, which is stored as text, in the style of the destination."""
        if self._style is ReportStyle.MEASUREMENT:
            return [as_measurement_report(variant) for variant in variants]
        return variants

    def _answer(self, name: str, content: bytes, result: StoredResult) -> _Answer:
        try:
            sent = self._target.send([_parsed(content, result)])
            return _Answer(f"{name} {sent.SOPInstanceUID}", sent)
        except TriageError as error:
            if error.retryable:
                raise
            verb = "taken" if isinstance(error, PeerError) else "sent"
            return _Answer(f"{name} not {verb}: {error}", refusal=error)


def _absent(kind: ObjectKind, result: StoredResult) -> _Answer:
    """Say that there is no such object; without anything else to send, that is a fault of what should be there."""
    words = f"no {kind.words}"
    if kind is ObjectKind.KEY_OBJECTS:  # nothing is flagged or uncertain
        return _Answer(words)
    return _Answer(words, refusal=TriageError(f"The {kind.words} is missing in {result.folder}."))


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
