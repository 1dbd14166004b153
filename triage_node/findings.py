"""What the node looks for: the six labels in their one order, their codes and their wording."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from triage_node.reasons import Reason


class Label(StrEnum):
    """Hemorrhage types in the order of the RSNA-2019 challenge, which every array of six follows."""

    EPIDURAL = "epidural"
    INTRAPARENCHYMAL = "intraparenchymal"
    INTRAVENTRICULAR = "intraventricular"
    SUBARACHNOID = "subarachnoid"
    SUBDURAL = "subdural"
    ANY = "any"


LABELS: tuple[Label, ...] = tuple(Label)
TYPES: tuple[Label, ...] = LABELS[:-1]
SHORT_FORMS: Mapping[Label, str] = {
    Label.EPIDURAL: "EDH",
    Label.INTRAPARENCHYMAL: "IPH",
    Label.INTRAVENTRICULAR: "IVH",
    Label.SUBARACHNOID: "SAH",
    Label.SUBDURAL: "SDH",
}
"""As radiologists write them; for lists, with the word beside them where there is room."""


class Decision(StrEnum):
    """What a triage device says of a study; there is deliberately no word for *absent*."""

    FLAGGED = "flagged"
    UNCERTAIN = "uncertain"
    NOT_FLAGGED = "not_flagged"


class Trust(StrEnum):
    """How we know that a code means what we say with it."""

    CHECKED = "checked"
    """Found with this meaning in the codes that pydicom and highdicom ship."""
    REMEMBERED = "remembered"
    """Not in those, and written from memory; who has a terminology server should look it up."""
    OWN = "own"
    """Of our own scheme: it means what its words say."""


@dataclass(frozen=True)
class Code:
    """A coded concept (PS3.3 Section 8).

    Attributes
    ----------
    value, scheme, meaning
        Code Value, Coding Scheme Designator and Code Meaning.
    asked_by
        What of the Standard asks for it, a template row as a rule; empty for a code that was read.
    trust
        How we know its meaning.
    """

    value: str
    scheme: str
    meaning: str
    asked_by: str = field(default="", compare=False)
    trust: Trust = field(default=Trust.REMEMBERED, compare=False)

    def __str__(self) -> str:
        return f'({self.value}, {self.scheme}, "{self.meaning}")'


@dataclass(frozen=True)
class FindingCode:
    """The code of a finding, and its site where the finding has to be post-coordinated."""

    finding: Code
    site: Code | None = None

    def __str__(self) -> str:
        return f"{self.finding} at {self.site}" if self.site else str(self.finding)


_FINDING = "TID 1501 rows 3b, 11 and 12"
_SITE = "TID 1501 row 6"
FINDING_CODES: Mapping[Label, FindingCode] = {
    Label.EPIDURAL: FindingCode(Code("82999001", "SCT", "Epidural hemorrhage", _FINDING)),
    Label.INTRAPARENCHYMAL: FindingCode(Code("274100004", "SCT", "Cerebral hemorrhage", _FINDING)),
    Label.INTRAVENTRICULAR: FindingCode(
        Code("50960005", "SCT", "Hemorrhage", _FINDING, Trust.CHECKED),
        site=Code("35764002", "SCT", "Brain ventricle", _SITE, Trust.CHECKED),
    ),
    Label.SUBARACHNOID: FindingCode(Code("21454007", "SCT", "Subarachnoid hemorrhage", _FINDING)),
    Label.SUBDURAL: FindingCode(Code("35486000", "SCT", "Subdural hemorrhage", _FINDING)),
    Label.ANY: FindingCode(Code("1386000", "SCT", "Intracranial hemorrhage", _FINDING, Trust.CHECKED)),
}


@dataclass(frozen=True)
class ModelIdentity:
    """Which weights spoke: name, version and the SHA-256 of the manifest that pins the weights."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Calibration:
    """How the study's score of one label is to be read.

    Attributes
    ----------
    flag
        Score above which the label is flagged, in (0, 1].
    uncertain
        Score from which the label is uncertain, in [0, flag].
    basis
        Where scores and thresholds come from, in sentences.
    """

    flag: float
    uncertain: float
    basis: str = ""


@dataclass(frozen=True)
class ImageDistance:
    """How far the images lie from those the model was fitted on.

    Attributes
    ----------
    value
        Distance in the network's features, without unit.
    limit
        Largest distance of familiar images.
    """

    value: float
    limit: float

    @property
    def familiar(self) -> bool:
        """Tell whether the images are like those the model was fitted on."""
        return self.value <= self.limit


@dataclass(frozen=True)
class Prediction:
    """The answer of a model for one volume.

    Attributes
    ----------
    model
        Who answered.
    probabilities
        Study-level probability of each label, all six, in [0, 1].
    slice_probabilities
        ``(slices, 6) float32`` in the order of the volume's slices and of `LABELS`.
    flagged, uncertain
        Labels at or above their threshold, and labels too close to it to say. ``any`` is flagged whenever a type is.
    distance
        How unlike the training data the images are; None when the model cannot tell.
    cautions
        Why the answer is less certain than the scores say.
    contrast
        What in the pixels shows that contrast was given; empty when nothing does.
    withheld
        Labels whose score would flag them if the images were like the training images; None when the model cannot
        tell. They are never flagged, but say where in the reading order the study belongs.
    """

    model: ModelIdentity
    probabilities: Mapping[Label, float]
    slice_probabilities: np.ndarray
    flagged: tuple[Label, ...] = ()
    uncertain: tuple[Label, ...] = ()
    distance: ImageDistance | None = None
    cautions: tuple[Reason, ...] = ()
    contrast: str = ""
    withheld: tuple[Label, ...] | None = None

    def __post_init__(self) -> None:
        if tuple(self.probabilities) != LABELS:
            raise ValueError(f"probabilities must have the labels {LABELS}, got {tuple(self.probabilities)}")
        if self.slice_probabilities.ndim != 2 or self.slice_probabilities.shape[1] != len(LABELS):
            raise ValueError(f"slice_probabilities must be (slices, 6), got {self.slice_probabilities.shape}")
        values = np.append(self.slice_probabilities, list(self.probabilities.values()))
        if not bool(np.all((values >= 0) & (values <= 1))):
            raise ValueError("a probability lies outside [0, 1] or is not a number")
        if self.flagged and Label.ANY not in self.flagged:
            raise ValueError(f"'any' must be flagged whenever a type is, got {self.flagged}")
        if set(self.flagged) & set(self.uncertain):
            raise ValueError("a label cannot be flagged and uncertain at once")

    @property
    def decision(self) -> Decision:
        """The one word for the study: flagged before uncertain before not flagged."""
        if self.flagged:
            return Decision.FLAGGED
        return Decision.UNCERTAIN if self.uncertain else Decision.NOT_FLAGGED

    def doubted(self, *cautions: Reason) -> "Prediction":
        """Return the same answer, less certain: what is flagged stays flagged, *not flagged* becomes *uncertain*."""
        if not cautions:
            return self
        uncertain = self.uncertain if self.flagged or self.uncertain else (Label.ANY,)
        return replace(self, uncertain=uncertain, cautions=(*self.cautions, *cautions))

    def best_slice(self, label: Label) -> int:
        """Return the index of the slice with the highest probability of a label."""
        return int(np.argmax(self.slice_probabilities[:, LABELS.index(label)]))
