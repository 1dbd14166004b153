"""The ImageNet start of encoders from Keras Applications: from a file, Keras' own folder, or its download."""

from pathlib import Path

from triage_node.errors import ModelError
from triage_node.models import BACKBONES, keras
from triage_node.train.fitting.imagenet import stem_kernel


def _pretrained(architecture: str, path: Path | None) -> keras.Model:
    """Return an encoder of three channels with its ImageNet weights.

    Raises
    ------
    ModelError
        When they are not there, cannot be fetched, or are those of another network.
    """
    backbone = BACKBONES[architecture]
    if path is not None and not path.is_file():
        raise ModelError(
            f"There are no ImageNet weights at {path}: {backbone.weights_file} of Keras Applications is one."
        )
    try:
        return backbone.without_top(weights="imagenet" if path is None else str(path))
    except Exception as error:  # a download of Keras raises Exception itself
        sentence = str(error).rstrip(".")
        if path is not None:
            raise ModelError(f"The file {path} holds no ImageNet weights of {architecture}: {sentence}.") from error
        raise ModelError(
            f"The ImageNet weights of {architecture} could not be fetched: {sentence}. Fetch {backbone.weights_file} "
            "of Keras Applications elsewhere and give it with --imagenet-weights, or start otherwise with --start."
        ) from error


def load_applications_imagenet(network: keras.Model, architecture: str, path: Path | None = None) -> int:
    """Load the ImageNet start into the encoder of a network; return how many arrays were taken.

    Parameters
    ----------
    architecture
        Of the network; not Lite0, whose start comes with a package.
    path
        File with the weights of its encoder without the classifier, as Keras Applications publishes it; None to take it
        from where Keras keeps its downloads, or to download it there.

    Raises
    ------
    ModelError
        As a sentence that says which file is missing.
    """
    arrays = {weight.path: weight.numpy() for weight in _pretrained(architecture, path).weights}
    taken = 0
    for weight in network.weights:
        array = arrays.get(weight.path)
        if array is None:
            continue
        is_stem = array.ndim == 4 and array.shape != tuple(weight.shape)
        weight.assign(stem_kernel(array, weight.shape[2]) if is_stem else array)
        taken += 1
    return taken
