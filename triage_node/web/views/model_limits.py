"""The thresholds of *any* for the rows of a list, which hold scores only: those of the model in force, if it scored."""

import logging
from functools import cached_property
from typing import TYPE_CHECKING

from triage_node.errors import ModelError
from triage_node.findings import Calibration, Label
from triage_node.logs import origin
from triage_node.worklist import StudySummary

if TYPE_CHECKING:
    from triage_node.models import Manifest

log = logging.getLogger(__name__)


class ModelLimits:
    """Say how a row's score is to be read.

    Parameters
    ----------
    model
        As the settings name it; it is read when the first row asks.
    """

    def __init__(self, model: str) -> None:
        self._model = model

    def words(self, study: StudySummary) -> str:
        """Return the score of *any* with its thresholds, where they are those that it was read by."""
        from triage_node.report import percentages

        if study.probabilities is None:
            return ""
        limits = self._limits(study)
        score, uncertain, flag = percentages(study.probabilities[Label.ANY], limits)
        return f"any hemorrhage {score}" + (f": uncertain from {uncertain}, flagged above {flag}" if limits else "")

    def _limits(self, study: StudySummary) -> Calibration | None:
        manifest = self._manifest
        if manifest is None or (study.model or {}).get("sha256") != manifest.sha256:
            return None
        return Calibration(manifest.thresholds.flag[Label.ANY], manifest.thresholds.uncertain[Label.ANY])

    @cached_property
    def _manifest(self) -> "Manifest | None":
        from triage_node.models import read_manifest

        try:
            return read_manifest(self._model)
        except ModelError as error:
            # A node without its model shows what was said before all the same.
            log.error("model_unreadable error=%s", origin(error))
            return None
