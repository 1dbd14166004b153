"""The report of a study, and the one it replaces."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pydicom.dataset import Dataset

from triage_node import __version__
from triage_node.errors import InvalidInstance, StorageError
from triage_node.findings import FINDING_CODES, Calibration, FindingCode, Label, ModelIdentity, Prediction
from triage_node.imaging import SeriesSelection, SourceSlice, names_several_patients, read_intact, text
from triage_node.logs import origin
from triage_node.pipeline.analysis import Analysis, Picture
from triage_node.pipeline.series_sentences import series_analyzed, series_not_analyzed
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import (
    MANUFACTURER,
    BestSlice,
    ReferencedInstance,
    ReportContent,
    VisualExplanation,
    build_report,
    referenced,
    replaced_instance,
)
from triage_node.search import StoredInstance
from triage_node.storage import StoredResult

log = logging.getLogger(__name__)

NOT_CALIBRATED: Mapping[Label, Calibration] = {}


@dataclass(frozen=True)
class ReportedStudy:
    """What a report says of a study beside its analysis.

    Attributes
    ----------
    created_at
        When the report is made, in the time zone of the node.
    predecessor
        The result whose report it may replace.
    instances
        All that the node has of the study, whether it can be read or not.
    revision
        Which revision was analyzed.
    picture
        What is sent with the report, None where nothing is.
    """

    created_at: datetime
    predecessor: StoredResult | None = None
    instances: Sequence[StoredInstance] = ()
    revision: int | None = None
    picture: Picture | None = None


class Reporter:
    """Make the reports of one node.

    Parameters
    ----------
    station_name
        The node's AE title.
    device_uid
        UID of this installation.
    parameters
        What the answer depends on besides the images and the model.
    finding_codes
        Code of each label.
    calibrations
        How the score of each label is to be read; empty where the model does not say.
    """

    def __init__(
        self,
        station_name: str,
        device_uid: str,
        model: ModelIdentity,
        parameters: Mapping[str, str],
        finding_codes: Mapping[Label, FindingCode] = FINDING_CODES,
        calibrations: Mapping[Label, Calibration] = NOT_CALIBRATED,
    ) -> None:
        self._station_name = station_name
        self._device_uid = device_uid
        self._model = model
        self._parameters = parameters
        self._finding_codes = finding_codes
        self._calibrations = calibrations

    def report(self, analysis: Analysis, selection: SeriesSelection, study: ReportedStudy) -> Dataset | None:
        """Build the report of a study; None when it has no CT image a report could be about.

        A report that says what the latest one said is that one again. Any other replaces it.
        """
        content = self._content(analysis, self._of_others(selection), study)
        latest = stored_report(study.predecessor) if study.predecessor else None
        if content is None or latest is None:
            return build_report(content) if content else None
        again = build_report(replace(content, predecessor=replaced_instance(latest)))
        if again.SOPInstanceUID == latest.SOPInstanceUID:
            return again
        return build_report(replace(content, predecessor=latest))

    def _of_others(self, selection: SeriesSelection) -> SeriesSelection:
        """Return the series without our own reports that a PACS sent back: a report is not about them."""
        own = {"Manufacturer": MANUFACTURER, "DeviceSerialNumber": self._device_uid}
        others = tuple(
            (one, reasons)
            for one, reasons in selection.assessments
            if any(text(one.header, keyword) != value for keyword, value in own.items())
        )
        return replace(selection, assessments=others)

    def _content(self, analysis: Analysis, selection: SeriesSelection, study: ReportedStudy) -> ReportContent | None:
        sources = _sources(analysis, selection)
        if not sources:
            return None
        several_patients = _names_several_patients(analysis, selection, sources)
        return ReportContent(
            sources=sources,
            prediction=analysis.prediction,
            reasons=_reasons(analysis, several_patients),
            best_slices=best_slices(analysis.prediction, analysis.sources),
            model=self._model,
            parameters=self._parameters,
            node_version=__version__,
            device_uid=self._device_uid,
            station_name=self._station_name,
            created_at=study.created_at,
            finding_codes=self._finding_codes,
            received=_received(study.instances),
            several_patients=several_patients,
            calibrations=self._calibrations,
            series_analyzed=series_analyzed(analysis),
            series_not_analyzed=series_not_analyzed(analysis, selection),
            revision=study.revision,
            explanation=explanation_of(study.picture) if study.picture else None,
        )


def stored_report(result: StoredResult) -> Dataset | None:
    """Return the report of a result; None when there is none that can be read."""
    try:
        content = result.report()
        return read_intact(content) if content is not None else None
    except (InvalidInstance, StorageError) as error:
        log.error("report_unreadable folder=%s error=%s", result.name, origin(error))
        return None


def best_slices(prediction: Prediction | None, sources: Sequence[tuple[SourceSlice, ...]]) -> dict[Label, BestSlice]:
    """Return the received slice with the highest score of each label that is flagged or uncertain."""
    if prediction is None:
        return {}
    best = {}
    for label in (*prediction.flagged, *prediction.uncertain):
        slab = sources[prediction.best_slice(label)]
        source = slab[len(slab) // 2]
        best[label] = BestSlice(source.sop_instance_uid, source.sop_class_uid, source.frame_number)
    return best


def explanation_of(picture: Picture) -> VisualExplanation:
    """Return a picture as a report takes it."""
    sources = tuple((source.sop_class_uid, source.sop_instance_uid) for source in picture.sources)
    return VisualExplanation(picture.label, picture.pixels, sources)


def _reasons(analysis: Analysis, several_patients: bool) -> tuple[Reason, ...]:
    """Why there is no answer; a report that names no patient says why, also where the analysis did not come to it."""
    mixed = Reason.of(ReasonCode.MIXED_PATIENT)
    if analysis.prediction is not None or mixed in analysis.reasons or not several_patients:
        return analysis.reasons
    return (*analysis.reasons, mixed)


def _names_several_patients(analysis: Analysis, selection: SeriesSelection, sources: Sequence[Dataset]) -> bool:
    """Tell whether the study names more than one patient; within series that were not judged so far, too."""
    reasons = {reason.code for _, reasons in selection.assessments for reason in reasons}
    return ReasonCode.MIXED_PATIENT in reasons or (analysis.prediction is None and names_several_patients(sources))


def _received(instances: Sequence[StoredInstance]) -> tuple[ReferencedInstance, ...]:
    """Return what was received of others: a series in which the node listed an object of its own is its own."""
    own = {each.series_instance_uid for each in instances if each.result_file}
    return tuple(
        referenced(each.study_instance_uid, each.series_instance_uid, each.sop_instance_uid, each.sop_class_uid)
        for each in instances
        if each.series_instance_uid not in own
    )


def _sources(analysis: Analysis, selection: SeriesSelection) -> tuple[Dataset, ...]:
    if analysis.prediction is not None and analysis.series is not None:
        used = {source.sop_instance_uid for slab in analysis.sources for source in slab}
        return tuple(
            instance.header for instance in analysis.series.instances if str(instance.header.SOPInstanceUID) in used
        )
    series = [analysis.series] if analysis.series else [one for one, _ in selection.assessments if one.modality == "CT"]
    return tuple(instance.header for one in series for instance in one.instances)
