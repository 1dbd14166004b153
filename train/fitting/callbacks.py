"""Keras callbacks of the user's own, by name."""

from importlib import import_module

from triage_node.errors import ModelError
from triage_node.models import keras


def load_callback(name: str) -> keras.callbacks.Callback:
    """Return the callback that ``module:attribute`` makes when it is called without arguments.

    Raises
    ------
    ModelError
        When there is no such module or attribute, or it makes something else.
    """
    module, _, attribute = name.partition(":")
    try:
        make = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ModelError(f"There is no callback {name!r} (MODULE:NAME): {error}.") from error
    made = make()
    if not isinstance(made, keras.callbacks.Callback):
        raise ModelError(f"{name} makes a {type(made).__name__}, no Keras callback.")
    return made
