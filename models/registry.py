"""Which models there are: those shipped with the package, by name, and those in a folder of the operator's."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from triage_node.errors import UnknownModel
from triage_node.models.manifest import Manifest
from triage_node.models.manifest_file import FILE_NAME, parse_manifest

if TYPE_CHECKING:
    from triage_node.findings import Prediction
    from triage_node.imaging import Volume
    from triage_node.models.explanation.picture import Explanation
    from triage_node.models.predictor import Model

SHIPPED = Path(__file__).parent / "weights"
DEFAULT = "default"
DEFAULT_NAME = "lesion-map-lite0"


def _version_key(folder: Path) -> tuple[int, ...]:
    digits = folder.name.rpartition("-")[2].split(".")
    return tuple(int(part) if part.isdigit() else -1 for part in digits)


def shipped_models() -> dict[str, Path]:
    """Return the shipped models by name: ``<name>-<version>``, and the bare name for its newest version."""
    folders = sorted((path.parent for path in SHIPPED.glob(f"*/{FILE_NAME}")), key=_version_key)
    by_name = {folder.name.rpartition("-")[0]: folder for folder in folders}
    return {**by_name, **{folder.name: folder for folder in folders}}


def find_model(name_or_folder: str | Path = DEFAULT) -> Path:
    """Return the folder of a shipped model's name or of a path.

    Raises
    ------
    UnknownModel
        When there is neither such a name nor such a folder.
    """
    shipped = shipped_models()
    name = DEFAULT_NAME if str(name_or_folder) == DEFAULT else str(name_or_folder)
    if name in shipped:
        return shipped[name]
    if Path(name_or_folder).is_dir():
        return Path(name_or_folder)
    raise UnknownModel(
        f"There is no model {str(name_or_folder)!r}: it is neither a folder nor one of the shipped models "
        f"({', '.join(sorted(shipped)) or 'none'})."
    )


def read_manifest(name_or_folder: str | Path = DEFAULT) -> Manifest:
    """Return the manifest of a model without loading Keras.

    Raises
    ------
    ModelError
        When the model is missing, its manifest is wrong or its weights are not the ones it names.
    """
    return parse_manifest(find_model(name_or_folder))


def load_model(name_or_folder: str | Path = DEFAULT) -> "Model":
    """Return a model that predicts; loads Keras and its backend, which takes seconds.

    Raises
    ------
    ModelError
        When the model cannot be loaded.
    """
    manifest = read_manifest(name_or_folder)
    from triage_node.models.predictor import Model

    return Model(manifest)


def explain_with(model: "Model") -> "Callable[[Volume, Prediction], Explanation]":
    """Return a function that draws where a model looked, for quality control."""
    from triage_node.models.explanation.picture import explain

    return lambda volume, prediction: explain(model, volume, prediction)
