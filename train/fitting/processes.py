"""One fit in several processes, on one host or on several: JAX only, by Keras' distribution.

Every process draws the same batches and computes its own rows of each; gradients are shared, so all keep the same
weights. Only the first writes. Keras' MultiWorkerMirroredStrategy is left out on purpose: with Keras 3 it is an open
failure (keras issue 20585).
"""

from dataclasses import dataclass
from typing import Any

from triage_node.errors import ModelError
from triage_node.models import keras


@dataclass(frozen=True)
class Processes:
    """The processes of a fit.

    Attributes
    ----------
    addresses
        ``HOST:PORT`` of each; the first one is met by the others.
    number
        Which of them this is, from 0.
    """

    addresses: tuple[str, ...]
    number: int

    def __post_init__(self) -> None:
        if not 0 <= self.number < len(self.addresses):
            raise ModelError(f"There is no process {self.number}: {len(self.addresses)} addresses were given.")


def join(processes: Processes) -> None:
    """Meet the other processes; must come before anything is computed.

    Raises
    ------
    ModelError
        When Keras does not run on JAX, or the others cannot be met.
    """
    if keras.backend.backend() != "jax":
        raise ModelError("A fit in several processes needs JAX: set KERAS_BACKEND=jax.")
    try:
        keras.distribution.initialize(",".join(processes.addresses), len(processes.addresses), processes.number)
    except RuntimeError as error:
        raise ModelError(f"The processes {', '.join(processes.addresses)} did not meet: {error}") from error


def place() -> tuple[int, int]:
    """Return which process this is, and how many there are."""
    if keras.backend.backend() != "jax":
        return 0, 1
    import jax

    return jax.process_index(), jax.process_count()


def is_first() -> bool:
    """Say whether this process writes."""
    return place()[0] == 0


def own_rows(batch: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return this process's rows of every array of a batch."""
    number, count = place()
    if count == 1:
        return batch
    rows: tuple[Any, ...] = keras.tree.map_structure(lambda array: array[number::count], batch)
    return rows
