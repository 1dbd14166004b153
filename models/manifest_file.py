"""The file `manifest.json` of a model's folder: how a `Manifest` is read and written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import pydantic
from pydantic import AfterValidator, ConfigDict

from triage_node.errors import ModelError
from triage_node.findings import LABELS, Label
from triage_node.models.calibration import DecisionRecord, Scaling, Thresholds
from triage_node.models.entry_errors import entry_error
from triage_node.models.manifest import BaseModel, Manifest
from triage_node.models.preprocessing import Geometry
from triage_node.models.series_shape import SeriesShape
from triage_node.models.weights_file import sha256_of
from triage_node.models.windows import Window

FILE_NAME = "manifest.json"

_Number = TypeVar("_Number", int, float)


def _plain_name(name: str) -> str:
    if Path(name).name != name:
        raise ValueError(f"{name!r} is not a plain file name")
    return name


def _our_labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    if labels != LABELS:
        raise ValueError(f"labels {list(labels)} instead of {[str(label) for label in LABELS]}")
    return labels


def _each_label(values: dict[str, _Number]) -> dict[str, _Number]:
    """Return the values of our labels only; a file may have more."""
    if missing := [str(label) for label in LABELS if label not in values]:
        raise ValueError(f"there is no value for {', '.join(missing)}")
    return {str(label): values[label] for label in LABELS}


def _by_label(values: Mapping[str, _Number]) -> dict[Label, _Number]:
    return {label: values[label] for label in LABELS}


Shares = Annotated[dict[str, float], AfterValidator(_each_label)]
Counts = Annotated[dict[str, int], AfterValidator(_each_label)]


class _Entries(pydantic.BaseModel):
    """Entries of the file; those that nobody knows are left alone, since later versions may add some."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _ScalingEntries(_Entries):
    temperature: tuple[float, ...]
    bias: tuple[float, ...]

    @property
    def scaling(self) -> Scaling:
        return Scaling(self.temperature, self.bias)


class _Scalings(_Entries):
    slice: _ScalingEntries
    study: _ScalingEntries


class _Thresholds(_Entries):
    flag: Shares
    uncertain: Shares
    slice: Shares


class _Decision(_Entries):
    method: str
    alpha_negative: float
    alpha_positive: float
    negatives: Counts
    positives: Counts
    source: str

    @property
    def record(self) -> DecisionRecord:
        return DecisionRecord(
            method=self.method,
            alpha_negative=self.alpha_negative,
            alpha_positive=self.alpha_positive,
            negatives=_by_label(self.negatives),
            positives=_by_label(self.positives),
            source=self.source,
        )


class ManifestFile(_Entries):
    """The entries of the file, in the order in which they are written; those with a default may be absent."""

    format: Literal[1]
    name: str
    version: str
    labels: Annotated[tuple[str, ...], AfterValidator(_our_labels)]
    architecture: str
    decoder_filters: int
    geometry: Geometry
    windows: tuple[Window, ...]
    scaling: _Scalings
    thresholds: _Thresholds
    training_data: str
    metrics: dict[str, Any]
    mirrored: bool = False
    minimum_age_years: int
    weights_file: Annotated[str, AfterValidator(_plain_name)]
    weights_sha256: str
    decision: _Decision | None = None
    base: BaseModel | None = None
    recipe: dict[str, Any] | None = None
    familiarity_sha256: str | None = None
    series_sha256: str | None = None
    series: SeriesShape | None = None

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """Return the entries that say what a manifest says; thresholds have six digits."""
        thresholds = manifest.thresholds
        return cls.model_validate(
            {
                "format": 1,
                **{name: getattr(manifest, name) for name in _SAME},
                "labels": tuple(str(label) for label in manifest.labels),
                "scaling": {"slice": vars(manifest.slice_scaling), "study": vars(manifest.study_scaling)},
                "thresholds": {
                    "flag": _rounded(thresholds.flag),
                    "uncertain": _rounded(thresholds.uncertain),
                    "slice": _rounded(manifest.slice_thresholds),
                },
                "metrics": dict(manifest.metrics),
                "decision": manifest.decision and _decision_entries(manifest.decision),
                "recipe": dict(manifest.recipe) if manifest.recipe else None,
                "familiarity_sha256": manifest.features_sha256,
                "series": None if manifest.series == SeriesShape() else manifest.series,
            }
        )

    def manifest(self, folder: Path, sha256: str) -> Manifest:
        """Return what the file says as a manifest.

        Raises
        ------
        ValueError
            When scaling or thresholds contradict themselves.
        """
        return Manifest(
            **{name: getattr(self, name) for name in _SAME},
            sha256=sha256,
            folder=folder,
            slice_scaling=self.scaling.slice.scaling,
            study_scaling=self.scaling.study.scaling,
            thresholds=Thresholds(_by_label(self.thresholds.flag), _by_label(self.thresholds.uncertain)),
            slice_thresholds=_by_label(self.thresholds.slice),
            metrics=self.metrics,
            decision=self.decision.record if self.decision else None,
            features_sha256=self.familiarity_sha256,
            series=self.series or SeriesShape(),
            recipe=self.recipe,
        )


# Entries that file and manifest have under the same name, as the same thing.
_SAME = (
    "name",
    "version",
    "architecture",
    "decoder_filters",
    "geometry",
    "windows",
    "training_data",
    "mirrored",
    "minimum_age_years",
    "weights_file",
    "weights_sha256",
    "base",
    "series_sha256",
)


def _decision_entries(decision: DecisionRecord) -> dict[str, Any]:
    counts = {"negatives": decision.negatives, "positives": decision.positives}
    return {
        **vars(decision),
        **{name: {str(label): count[label] for label in LABELS} for name, count in counts.items()},
    }


def _rounded(values: Mapping[Label, float]) -> dict[str, float]:
    return {str(label): round(float(values[label]), 6) for label in LABELS}


def manifest_json(manifest: Manifest) -> dict[str, Any]:
    """Return a manifest as the JSON content of its file."""
    file = ManifestFile.of(manifest)
    absent = {name for name in ManifestFile.model_fields if getattr(file, name) is None}
    return file.model_dump(mode="json", exclude=absent)


def parse_manifest(folder: Path) -> Manifest:
    """Return the manifest of a model folder, after checking that the weights are the ones it names.

    Raises
    ------
    ModelError
        When the manifest is missing or wrong, or the weights are missing or changed.
    """
    path = folder / FILE_NAME
    try:
        manifest = ManifestFile.model_validate_json(path.read_bytes()).manifest(folder, sha256_of(path))
    except FileNotFoundError as error:
        raise ModelError(f"There is no model in {folder}: {FILE_NAME} is missing.") from error
    except pydantic.ValidationError as error:
        raise ModelError(f"The manifest {path} is wrong: {entry_error(error)}.") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"The manifest {path} is wrong: {error}.") from error
    manifest.check_weights()
    manifest.check_parts()
    return manifest
