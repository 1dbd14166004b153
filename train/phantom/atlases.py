"""The anatomies that generated heads are drawn from."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from triage_node.train.phantom.atlas import Atlas
from triage_node.train.phantom.atlas_cache import AtlasName, load_atlas


class Anatomies(StrEnum):
    """Whose heads: those of both anatomies mixed, or of one."""

    BOTH = "both"
    AVERAGE = "average"
    VOLUNTEER = "volunteer"


# The volunteer's skull, sulci and base are a head's own, so he is drawn more often.
SHARES: dict[Anatomies, dict[AtlasName, float]] = {
    Anatomies.BOTH: {AtlasName.VOLUNTEER: 0.75, AtlasName.AVERAGE: 0.25},
    Anatomies.AVERAGE: {AtlasName.AVERAGE: 1.0},
    Anatomies.VOLUNTEER: {AtlasName.VOLUNTEER: 1.0},
}


@dataclass(frozen=True)
class Atlases:
    """Loaded atlases with the share of the heads that each gives."""

    loaded: tuple[Atlas, ...]
    shares: tuple[float, ...]

    @classmethod
    def of(cls, anatomies: Anatomies = Anatomies.BOTH) -> "Atlases":
        """Load what is mixed."""
        shares = SHARES[anatomies]
        return cls(tuple(load_atlas(name) for name in shares), tuple(shares.values()))

    def draw(self, rng: np.random.Generator) -> Atlas:
        """Return the atlas of the next head."""
        return self.loaded[int(rng.choice(len(self.loaded), p=self.shares))]
