"""One claimed study from its files to its outcome in the worklist."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime

from pydicom.dataset import Dataset

from triage_node.config import Settings
from triage_node.errors import TriageError
from triage_node.findings import FINDING_CODES, Calibration, Label, Prediction
from triage_node.imaging import Policy, SeriesSelection, Volume, scan, select_series
from triage_node.logs import origin
from triage_node.outcome import Outcome, Status
from triage_node.pipeline.analysis import Analysis, Explain, Model, Picture, analyze_study
from triage_node.pipeline.object_maker import ObjectMaker
from triage_node.pipeline.reporter import NOT_CALIBRATED, ReportedStudy, Reporter, stored_report
from triage_node.pipeline.reporting import outcome_of, picture_file, report_files, slice_scores
from triage_node.reasons import Reason, ReasonCode
from triage_node.storage import ResultContent, ResultObject, Spool, StoredResult, device_uid, hashed
from triage_node.worklist import Claim, Worklist

log = logging.getLogger(__name__)

ROOM_BYTES = 12 << 20
"""A result has its reports, the score of each slice, and perhaps two pictures and a page of some megabytes."""


class Runner:
    """Run what the worklist hands out, one study at a time.

    Parameters
    ----------
    name
        Who claims; shown in the events.
    explain
        Makes the picture that is kept beside a result; None keeps none.
    calibrations
        How the model's scores are to be read.
    latest_settings
        Return the settings as they are now: destinations may have come and gone. By default they never change.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        spool: Spool,
        worklist: Worklist,
        model: Model,
        policy: Policy,
        clock: Callable[[], float] = time.time,
        explain: Explain | None = None,
        calibrations: Mapping[Label, Calibration] = NOT_CALIBRATED,
        latest_settings: Callable[[], Settings] | None = None,
    ) -> None:
        self._name = name
        self._settings = settings
        self._latest_settings = latest_settings or (lambda: settings)
        self._spool = spool
        self._worklist = worklist
        self._model = model
        self._policy = policy
        self._clock = clock
        self._explain = explain
        parameters = {"slab_mm": f"{policy.slab_mm:g}"}
        self._reporter = Reporter(
            settings.ae_title,
            device_uid(settings.data_dir),
            model.identity,
            parameters,
            {**FINDING_CODES, **settings.finding_codes},
            calibrations,
        )
        self._object_maker = _object_maker(settings)

    def claim(self) -> Claim | None:
        """Claim the next study."""
        return self._worklist.claims.claim(self._name)

    def give_back(self) -> None:
        """Return what was claimed to the queue, as if it had not begun: worklist or disk failed, not the study."""
        self._worklist.claims.give_back(self._name, code="worklist_failed")

    def can_keep_results(self) -> bool:
        """Tell whether the disk takes a result now; else each analysis would be for nothing."""
        return self._spool.takes_files(ROOM_BYTES)

    def run(self, claim: Claim) -> bool:
        """Analyze a claimed study and write the outcome; False when it was not taken.

        Whatever goes wrong with the study becomes an outcome with a reason.

        Raises
        ------
        StorageError
            Worklist or disk take nothing, whatever the study: it has to wait.
        """
        start = time.perf_counter()
        self._take_up_settings()
        try:
            outcome = self._given_up(claim) if claim.exhausted else self._analyze(claim)
        except Exception as error:
            if self._spool.refuses_all(error):
                raise
            log.error("analysis_failed study_instance_uid=%s error=%s", claim.study_instance_uid, origin(error))
            detail = str(error) if isinstance(error, TriageError) else type(error).__name__
            reason = Reason.of(ReasonCode.ANALYSIS_FAILED, f"({detail})")
            outcome = self._failed(claim, reason)
        self._take_up_settings()
        destinations = [str(one) for one in self._settings.destinations]
        taken = self._worklist.claims.finish(claim, outcome, destinations, self._results(claim, outcome))
        log.info(
            "study_finished study_instance_uid=%s status=%s decision=%s taken=%s seconds=%.2f",
            claim.study_instance_uid,
            outcome.status,
            outcome.decision,
            taken,
            time.perf_counter() - start,
        )
        return taken

    def _take_up_settings(self) -> None:
        """Go by the latest settings; between two steps, so that the names of destinations and their rules agree."""
        settings = self._latest_settings()
        if settings is not self._settings:
            self._settings = settings
            self._worklist.use(settings)
            self._object_maker = _object_maker(settings)

    def _results(self, claim: Claim, outcome: Outcome) -> list[ResultObject]:
        return self._spool.result(claim.study_instance_uid, outcome.folder).objects() if outcome.folder else []

    def _analyze(self, claim: Claim) -> Outcome:
        paths = self._spool.instances(claim.study_instance_uid)
        parts = self._model, self._policy, self._today, self._picture
        analysis, selection = analyze_study(paths, *parts, received=claim.series_counts)
        for skipped in analysis.skipped:
            log.warning("slice_left_out study_instance_uid=%s file=%s", claim.study_instance_uid, skipped.path.name)
        return self._reported(claim, analysis, selection)

    def _picture(self, volume: Volume, prediction: Prediction) -> Picture | None:
        """Draw where the model looked; a picture that fails must not hold back a finding."""
        try:
            return self._explain(volume, prediction) if self._explain else None
        except Exception as error:
            log.error("explanation_failed error=%s", origin(error))
            return None

    def _with_explanation(self, content: ResultContent, picture: Picture) -> ResultContent:
        try:
            return replace(content, explanation=picture.png())
        except Exception as error:
            log.error("explanation_failed error=%s", origin(error))
            return content

    def _given_up(self, claim: Claim) -> Outcome:
        tries = self._settings.analysis_attempts
        detail = f"(given up after {tries} tries; the last one ended its process)"
        if claim.interrupted:
            detail = "(given up: the node ended again and again while it was analyzed)"
        return self._failed(claim, Reason.of(ReasonCode.ANALYSIS_FAILED, detail))

    def _failed(self, claim: Claim, reason: Reason) -> Outcome:
        analysis = Analysis(Status.FAILED, None, (reason,))
        try:
            paths = self._spool.instances(claim.study_instance_uid)
            return self._reported(claim, analysis, select_series(scan(paths).series, self._policy, self._today))
        except Exception as error:
            if self._spool.refuses_all(error):
                raise
            log.error("no_report study_instance_uid=%s error=%s", claim.study_instance_uid, origin(error))
            return outcome_of(analysis, self._model.identity)

    @property
    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), self._settings.zone)

    @property
    def _today(self) -> date:
        return self._now.date()

    def _reported(self, claim: Claim, analysis: Analysis, selection: SeriesSelection) -> Outcome:
        if not self._wants_report(analysis, claim):
            return outcome_of(analysis, self._model.identity)
        start = time.perf_counter()
        before = claim.predecessor_folder
        predecessor = self._spool.result(claim.study_instance_uid, before) if before else None
        instances = self._worklist.stored_instances.find(claim.study_instance_uid)
        study = ReportedStudy(self._now, predecessor, instances, claim.revision)
        report, picture = self._report_and_picture(analysis, selection, study)
        if report is None:
            return outcome_of(analysis, self._model.identity)
        return self._keep(claim, analysis, report, picture, start)

    def _report_and_picture(
        self, analysis: Analysis, selection: SeriesSelection, study: ReportedStudy
    ) -> tuple[Dataset | None, bytes | None]:
        """Return a report and the picture that it names, or one that names none: a picture must not hold it back."""
        if analysis.explanation is not None and self._settings.explanation == "send":
            try:
                report = self._reporter.report(analysis, selection, replace(study, picture=analysis.explanation))
                return report, picture_file(report, analysis.explanation) if report is not None else None
            except Exception as error:
                log.error("explanation_failed error=%s", origin(error))
        return self._reporter.report(analysis, selection, study), None

    def _wants_report(self, analysis: Analysis, claim: Claim) -> bool:
        if analysis.status is Status.ANALYZED:
            return True
        # A study that is not complete yet is not called unsuitable, so nothing may be said of it.
        certain = claim.closed or analysis.status is Status.FAILED
        return self._settings.report_not_analyzed and certain

    def _missing_reports(self, result: StoredResult, report: Dataset) -> dict[int, bytes]:
        stored = stored_report(result)
        if stored is None:
            return report_files(report)
        # A crash may have come between them.
        return {number: file for number, file in report_files(stored).items() if not result.has_report(number)}

    def _keep(self, claim: Claim, analysis: Analysis, report: Dataset, picture: bytes | None, start: float) -> Outcome:
        # The same result is the same object: what was stored once is what is sent, whenever.
        result = self._spool.result(claim.study_instance_uid, hashed(str(report.SOPInstanceUID)))
        reports = self._missing_reports(result, report)
        seconds = {**analysis.seconds, "report": time.perf_counter() - start}
        outcome = outcome_of(analysis, self._model.identity, report, result.name, seconds)
        noted = outcome.as_dict() | {"revision": claim.revision, "created_at": self._clock()}
        objects = self._object_maker.missing(result, stored_report(result) or report, analysis)
        is_there = result.has_picture
        content = ResultContent(
            noted, reports, slice_scores(analysis), picture=None if is_there else picture, objects=objects
        )
        if analysis.explanation is not None:
            content = self._with_explanation(content, analysis.explanation)
        result.keep(content)
        return outcome


def _object_maker(settings: Settings) -> ObjectMaker:
    return ObjectMaker(settings.made_objects, settings.summary_localization, settings.summary_patient)
