"""What one process of a scan does: fetch a study, analyze it as the node would, and say so in rows."""

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any

from triage_node.archive.archive import Archive, LocalFiles
from triage_node.archive.result_rows import StudyRows, row_without_series, series_rows
from triage_node.archive.study_list import ListedStudy
from triage_node.errors import PeerUnreachable, TriageError
from triage_node.imaging import Policy, Scan, Skipped, damaged_instances, scan
from triage_node.logs import native_messages_silenced
from triage_node.models import load_model
from triage_node.pipeline import Model, analyze_found
from triage_node.reasons import Reason, ReasonCode

CHANGED = "The file belongs to another study than when it was listed."
VANISHED = "None of its files can be read any more."


@dataclass(frozen=True)
class Task:
    """A study to be analyzed.

    Attributes
    ----------
    damaged
        Damaged files of the archive that may have been of it: name and why.
    is_suspect
        Whether it was in a process that ended; it is given to one that has nothing else.
    """

    study: ListedStudy
    damaged: tuple[tuple[str, str], ...] = ()
    is_suspect: bool = False

    def suspected(self) -> "Task":
        """Return the same study, to be analyzed alone."""
        return replace(self, is_suspect=True)


@dataclass(frozen=True)
class AnalyzerOptions:
    """What analyzers of a scan share.

    Attributes
    ----------
    model
        Name or folder of the model.
    with_patient
        Whether rows say who the patient is.
    """

    archive: Archive
    model: str
    with_patient: bool = False


class StudyAnalyzer:
    """Answer for one study after another.

    While one is analyzed another may be fetched, by another thread.
    """

    def __init__(self, options: AnalyzerOptions, model: Model, policy: Policy) -> None:
        self._options = options
        self._model = model
        self._policy = policy
        self._analyzing = Lock()

    def analyze(self, task: Task) -> StudyRows:
        """Return the rows of a study; whatever goes wrong with it is a row with a reason.

        Raises
        ------
        PeerUnreachable
            The archive does not answer: nothing is said of the study.
        """
        start = time.perf_counter()
        study = task.study
        with tempfile.TemporaryDirectory(prefix="triage-scan-") as folder:
            try:
                names = [os.fsdecode(name) for name in study.names]
                files = self._options.archive.fetch(study.study_instance_uid, names, Path(folder))
                fetched = time.perf_counter()
                with self._analyzing:
                    rows = self._rows(task, files, fetched - start)
            except PeerUnreachable:
                raise
            except Exception as error:  # the border of a study: it must not end the scan
                detail = str(error) if isinstance(error, TriageError) else type(error).__name__
                rows = self._failed(study, Reason.of(ReasonCode.ANALYSIS_FAILED, f"({detail})"))
        return replace(rows, seconds=time.perf_counter() - start)

    def _rows(self, task: Task, files: LocalFiles, fetch_seconds: float) -> StudyRows:
        study, found = task.study, scan(files.paths)
        ours = [one for one in found.series if one.study_instance_uid == study.study_instance_uid]
        changed = [
            Skipped(instance.path, CHANGED) for one in found.series if one not in ours for instance in one.instances
        ]
        left_out = Scan(tuple(ours), (*found.skipped, *changed))
        skipped = [self._skipped(study, one, files) for one in left_out.skipped]
        if not ours:
            return replace(self._failed(study, Reason.of(ReasonCode.ANALYSIS_FAILED, VANISHED)), skipped=skipped)
        analysis, selection = analyze_found(
            left_out,
            self._model,
            self._policy,
            date.today(),
            received=files.received or study.received,
            damaged_elsewhere=tuple(Skipped(Path(name), why) for name, why in task.damaged),
        )
        names = {str(path): shown(name) for path, name in files.names.items()}
        with_patient = self._options.with_patient
        series = list(series_rows(study.number, analysis, selection, self._model.identity, with_patient, names))
        for row in series:
            row["fetch_seconds"] = fetch_seconds
        return StudyRows(study.number, series, skipped)

    def _skipped(self, study: ListedStudy, one: Skipped, files: LocalFiles) -> dict[str, Any]:
        return {
            "study_number": study.number,
            "study_instance_uid": study.study_instance_uid,
            "path": shown(files.names.get(one.path, one.path.name)),
            "why": one.why,
            "is_damaged": bool(damaged_instances([one])),
        }

    def _failed(self, study: ListedStudy, why: Reason) -> StudyRows:
        row = row_without_series(study.number, study.study_instance_uid, why, self._model.identity)
        return StudyRows(study.number, [row])


class LoadedAnalyzer(StudyAnalyzer):
    """One with the model that is asked for; it takes seconds to make.

    Raises
    ------
    ModelError
        The model cannot be loaded.
    """

    def __init__(self, options: AnalyzerOptions) -> None:
        with native_messages_silenced():
            model = load_model(options.model)
            model.warm_up()
        # The limits of `triage-node analyze`: in an archive every study is old.
        super().__init__(options, model, Policy(minimum_age_years=model.manifest.minimum_age_years))

    def ready(self) -> bool:
        """Answer once it is made."""
        return True


def shown(name: str) -> str:
    """Return the name of a file as text; bytes that are none are spelled out."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def folder_of(name: str) -> str:
    """Return the folder of a file, as text."""
    return shown(name).rpartition("/")[0]


def damaged_beside(study: ListedStudy, damaged: dict[str, Sequence[tuple[str, str]]]) -> tuple[tuple[str, str], ...]:
    """Return the damaged files in the folders of a study, by folder; what they belonged to nobody can tell."""
    folders = dict.fromkeys(folder_of(os.fsdecode(name)) for name in study.names) if damaged else ()
    return tuple(one for folder in folders for one in damaged.get(folder, ()))
