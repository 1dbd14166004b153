"""How rare types get their say in a fit; readable without loading Keras."""

from enum import StrEnum


class Balance(StrEnum):
    """By drawing them more often, by weighing them more in the loss, or not at all."""

    SAMPLING = "sampling"
    LOSS = "loss"
    NONE = "none"
