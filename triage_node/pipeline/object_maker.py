"""The objects that go with a report, made for those who want them."""

import logging
from collections.abc import Mapping, Set

from pydicom.dataset import Dataset

from triage_node.logs import origin
from triage_node.outcome import ObjectKind
from triage_node.pipeline.analysis import Analysis
from triage_node.pipeline.reporting import encoded
from triage_node.report import SourceNames, build_key_objects, build_pdf, build_summary
from triage_node.storage import StoredResult

log = logging.getLogger(__name__)


class ObjectMaker:
    """Make what goes with a report.

    Parameters
    ----------
    kinds
        What is wanted by anybody.
    localization
        Whether the summary shows where the model looked, if it was asked.
    patient
        Whether the summary names the patient.
    """

    def __init__(self, kinds: Set[ObjectKind], localization: bool = False, patient: bool = False) -> None:
        self._kinds: list[ObjectKind] = [kind for kind in ObjectKind if kind in kinds and kind is not ObjectKind.REPORT]
        self._localization = localization
        self._patient = patient

    def missing(self, result: StoredResult, report: Dataset, analysis: Analysis) -> Mapping[ObjectKind, bytes]:
        """Return the files of what is wanted and not there; what cannot be made must not hold back the report."""
        made: dict[ObjectKind, bytes] = {}
        for kind in self._kinds:
            try:
                ds = None if result.has_object(kind) else self._object(kind, report, analysis)
                if ds is not None:
                    made[kind] = encoded(ds)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # a panic in a library in Rust is no Exception
                log.error("object_failed kind=%s folder=%s error=%s", kind, result.name, origin(error))
        return made

    def _object(self, kind: ObjectKind, report: Dataset, analysis: Analysis) -> Dataset | None:
        match kind:
            case ObjectKind.SUMMARY:
                looked = analysis.explanation if self._localization else None
                pixels = None if looked is None else looked.pixels
                return build_summary(report, analysis.shown, pixels, self._patient)
            case ObjectKind.KEY_OBJECTS:
                return build_key_objects(report)
            case ObjectKind.PDF:
                headers = analysis.series.instances if analysis.series else ()
                return build_pdf(report, SourceNames.of(one.header for one in headers))
            case _:
                return None
