"""How long to wait before a delivery is tried again."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential back-off with a cap, and an age after which a delivery is given up."""

    first_seconds: float
    longest_seconds: float
    give_up_seconds: float

    def pause_seconds(self, attempts: int) -> float:
        """Return the pause after that many attempts, spread by a tenth so that nodes do not call in step."""
        pause = min(self.first_seconds * 2.0 ** min(attempts - 1, 30), self.longest_seconds)
        return pause * random.uniform(0.9, 1.1)

    def gives_up(self, age_seconds: float) -> bool:
        """Tell whether a delivery that old is left to a person."""
        return age_seconds >= self.give_up_seconds
