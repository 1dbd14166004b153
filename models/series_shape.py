"""What kind of series model a manifest can name; readable without Keras."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from triage_node.errors import ModelError

SeriesKind = Literal["gru", "lstm", "transformer"]
SeriesInputs = Literal["features", "scores"]


@dataclass(frozen=True)
class SeriesShape:
    """How a series model is built; the defaults are those of models that do not say.

    Attributes
    ----------
    kind
        A bidirectional GRU or LSTM, or a transformer.
    inputs
        Whether it sees the features of slices beside their scores, or the scores alone: these mean the same in every
        network, features do not.
    differences
        Whether it also sees by how much each slice differs from the one below and the one above.
    """

    __pydantic_config__: ClassVar = {"strict": True, "extra": "forbid"}

    kind: SeriesKind = "gru"
    inputs: SeriesInputs = "features"
    differences: bool = False

    def __post_init__(self) -> None:
        for value, known in ((self.kind, get_args(SeriesKind)), (self.inputs, get_args(SeriesInputs))):
            if value not in known:
                raise ModelError(f"A series model of {value!r} is not one of {', '.join(known)}.")
