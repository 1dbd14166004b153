"""Networks, their preprocessing and weights: from a volume to a prediction.

Importing this package is light; Keras and its backend are loaded by `load_model`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triage_node.models.aggregation import study_logits
    from triage_node.models.architecture import Architecture, build_network
    from triage_node.models.architecture_constants import ARCHITECTURES, LESION_MAP_LITE0, MAP_STRIDE
    from triage_node.models.backbones import BACKBONES
    from triage_node.models.calibration import DecisionRecord, Scaling, Thresholds
    from triage_node.models.device import gpu_memory, prepare_device
    from triage_node.models.entry_errors import entry_error
    from triage_node.models.keras_setup import keras, ops
    from triage_node.models.manifest import (
        FEATURES_NAME,
        SERIES_NAME,
        BaseModel,
        Manifest,
    )
    from triage_node.models.manifest_file import FILE_NAME, manifest_json, parse_manifest
    from triage_node.models.networks import restore_network
    from triage_node.models.out_of_distribution import (
        FEWEST_STUDIES,
        FeatureDistribution,
        fit_feature_distribution,
        fit_features,
        write_feature_distribution,
    )
    from triage_node.models.predictor import SMALLEST_SLICE_CM2, Model
    from triage_node.models.preprocessing import Geometry, StrippedHead, near_brain, strip_head
    from triage_node.models.registry import explain_with, load_model, read_manifest, shipped_models
    from triage_node.models.series import build_series_network, table
    from triage_node.models.series_shape import SeriesInputs, SeriesKind, SeriesShape
    from triage_node.models.skull_stripping.head_axis import HeadAxis, straighten
    from triage_node.models.slices import average_slabs
    from triage_node.models.weights_file import assign_weights, read_weights, sha256_of, write_arrays, write_weights
    from triage_node.models.windows import DENSEST_BLOOD_HU, Window, channel_count, channels

__all__ = [
    "ARCHITECTURES",
    "BACKBONES",
    "DENSEST_BLOOD_HU",
    "FEATURES_NAME",
    "FEWEST_STUDIES",
    "FILE_NAME",
    "LESION_MAP_LITE0",
    "MAP_STRIDE",
    "SERIES_NAME",
    "SMALLEST_SLICE_CM2",
    "Architecture",
    "BaseModel",
    "DecisionRecord",
    "FeatureDistribution",
    "Geometry",
    "HeadAxis",
    "Manifest",
    "Model",
    "Scaling",
    "SeriesInputs",
    "SeriesKind",
    "SeriesShape",
    "StrippedHead",
    "Thresholds",
    "Window",
    "assign_weights",
    "average_slabs",
    "build_network",
    "build_series_network",
    "channel_count",
    "channels",
    "entry_error",
    "explain_with",
    "fit_feature_distribution",
    "fit_features",
    "gpu_memory",
    "keras",
    "load_model",
    "manifest_json",
    "near_brain",
    "ops",
    "parse_manifest",
    "prepare_device",
    "read_manifest",
    "read_weights",
    "restore_network",
    "sha256_of",
    "shipped_models",
    "straighten",
    "strip_head",
    "study_logits",
    "table",
    "write_arrays",
    "write_feature_distribution",
    "write_weights",
]

_HOMES = {
    "ARCHITECTURES": "architecture_constants",
    "Architecture": "architecture",
    "BACKBONES": "backbones",
    "BaseModel": "manifest",
    "DecisionRecord": "calibration",
    "FEATURES_NAME": "manifest",
    "FEWEST_STUDIES": "out_of_distribution",
    "FILE_NAME": "manifest_file",
    "FeatureDistribution": "out_of_distribution",
    "Geometry": "preprocessing",
    "HeadAxis": "skull_stripping.head_axis",
    "LESION_MAP_LITE0": "architecture_constants",
    "MAP_STRIDE": "architecture_constants",
    "Manifest": "manifest",
    "Model": "predictor",
    "SERIES_NAME": "manifest",
    "SMALLEST_SLICE_CM2": "predictor",
    "Scaling": "calibration",
    "SeriesInputs": "series_shape",
    "SeriesKind": "series_shape",
    "SeriesShape": "series_shape",
    "StrippedHead": "preprocessing",
    "Thresholds": "calibration",
    "DENSEST_BLOOD_HU": "windows",
    "Window": "windows",
    "assign_weights": "weights_file",
    "average_slabs": "slices",
    "build_network": "architecture",
    "build_series_network": "series",
    "channel_count": "windows",
    "channels": "windows",
    "entry_error": "entry_errors",
    "explain_with": "registry",
    "fit_feature_distribution": "out_of_distribution",
    "fit_features": "out_of_distribution",
    "keras": "keras_setup",
    "gpu_memory": "device",
    "load_model": "registry",
    "manifest_json": "manifest_file",
    "near_brain": "preprocessing",
    "ops": "keras_setup",
    "parse_manifest": "manifest_file",
    "prepare_device": "device",
    "read_manifest": "registry",
    "read_weights": "weights_file",
    "restore_network": "networks",
    "sha256_of": "weights_file",
    "shipped_models": "registry",
    "straighten": "skull_stripping.head_axis",
    "strip_head": "preprocessing",
    "study_logits": "aggregation",
    "table": "series",
    "write_feature_distribution": "out_of_distribution",
    "write_arrays": "weights_file",
    "write_weights": "weights_file",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, with what it needs, and no more."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
