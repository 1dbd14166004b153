"""Studies written to a folder, as they were received or without the patient."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from triage_node.commands.exported_folder import folder_name, new_folder, write_private
from triage_node.complete_file import storage_errors
from triage_node.deidentification import Deidentification, FaceRemoval, Options, Pseudonyms, deidentified_file
from triage_node.errors import InvalidInstance, StorageError, TriageError
from triage_node.imaging import Instance, names_several_patients
from triage_node.search import StoredInstance
from triage_node.storage import Spool
from triage_node.worklist import Worklist, images_deleted_on


@dataclass(frozen=True)
class Written:
    """What came of a study: how many instances were written, and why others were not."""

    count: int
    refused: Counter[str]


@dataclass
class StudyExport:
    """An export to a folder, which gets one folder a study.

    Attributes
    ----------
    worklist, spool
        What there is, and where it lies.
    out
        The folder.
    options, pseudonyms
        How studies are de-identified; None both where they leave as they were received.
    replaced
        Attribute, original and replaced value of all UIDs and IDs so far.
    """

    worklist: Worklist
    spool: Spool
    out: Path
    options: Options | None = None
    pseudonyms: Pseudonyms | None = None
    replaced: dict[tuple[str, str, str], None] = field(default_factory=dict)

    def received(self, study_instance_uid: str) -> Sequence[StoredInstance]:
        """Return the instances of a study that were received, what the node made of it left out."""
        found = self.worklist.stored_instances.find(study_instance_uid)
        return sorted((one for one in found if not one.result_file), key=lambda one: one.series_instance_uid)

    def write(self, study_instance_uid: str, advance: Callable[[], None] = lambda: None) -> Written:
        """Write the received instances of a study.

        Parameters
        ----------
        advance
            Called for each instance.

        Raises
        ------
        StudyNotFound
            The worklist has no such study.
        StorageError, StorageFull
            The folder is there already, or cannot be written.
        TriageError
            Nothing of the study can be exported; the sentence says why.
        """
        patient = self.worklist.study_details.study(study_instance_uid).patient_id.strip() or study_instance_uid
        received = self.received(study_instance_uid)
        found = [one for one in received if one.deleted_at is None]
        self.spool.stored_files([(one.study_instance_uid, one.sop_instance_uid, "") for one in found])
        content_of = self._contents(found, patient)
        refused = Counter(images_deleted_on(one.deleted_at) for one in received if one.deleted_at is not None)
        names: dict[str, str] = {}
        with new_folder(self.out / folder_name(study_instance_uid, self.pseudonyms)) as folder:
            for one in found:
                advance()
                try:
                    name, content = content_of(one)
                except StorageError:
                    raise
                except TriageError as error:
                    refused[str(error)] += 1
                    continue
                write_private(folder / f"{name}.dcm", content)
                names[one.sop_instance_uid] = name
            if not names:
                _refuse(refused)
        self._note(study_instance_uid, patient, found, names)
        return Written(len(names), refused)

    def _contents(self, found: Sequence[StoredInstance], patient: str) -> Callable[[StoredInstance], tuple[str, bytes]]:
        """Return what gives the name and the content of an instance's file."""
        if self.options is None or self.pseudonyms is None:
            return self._as_received
        paths = [self._path(one) for one in found]
        _refuse_several_patients(paths)
        faces = FaceRemoval(paths) if self.options.face_removed else None
        return partial(self._deidentified, Deidentification(self.pseudonyms, patient, self.options), faces)

    def _as_received(self, one: StoredInstance) -> tuple[str, bytes]:
        with storage_errors("read a received file"):
            return one.sop_instance_uid, self._path(one).read_bytes()

    def _deidentified(self, how: Deidentification, faces: FaceRemoval | None, one: StoredInstance) -> tuple[str, bytes]:
        return deidentified_file(self._path(one), how, faces)

    def _path(self, one: StoredInstance) -> Path:
        return self.spool.layout.instance(one.study_instance_uid, one.sop_instance_uid)

    def _note(self, uid: str, patient: str, found: Sequence[StoredInstance], names: dict[str, str]) -> None:
        if self.pseudonyms is None:
            return
        series = [one.series_instance_uid for one in found if one.sop_instance_uid in names]
        rows = [("PatientID", patient, self.pseudonyms.patient(patient))]
        rows += [("StudyInstanceUID", uid, self.pseudonyms.uid(uid))]
        rows += [("SeriesInstanceUID", one, self.pseudonyms.uid(one)) for one in series]
        rows += [("SOPInstanceUID", original, name) for original, name in names.items()]
        self.replaced.update(dict.fromkeys(rows))


def _refuse(refused: Counter[str]) -> None:
    reasons = " ".join(f"{number} times: {reason}" for reason, number in refused.most_common())
    raise TriageError(f"None of its instances was exported. {reasons}".strip())


def _refuse_several_patients(paths: Sequence[Path]) -> None:
    """Refuse a study of several patients: one pseudonym would stand for all, and their dates be shifted alike."""
    headers = []
    for path in paths:
        try:
            headers.append(Instance.read(path).header)
        except InvalidInstance:
            continue  # it is refused by itself
    if names_several_patients(headers):
        raise TriageError("Its instances name several patients, so no one pseudonym can stand for it.")
