"""A caution takes certainty away from an answer, never a finding."""

import numpy as np
import pytest

from triage_node.findings import LABELS, Decision, Label, ModelIdentity, Prediction
from triage_node.reasons import Reason, ReasonCode

CAUTION = Reason.of(ReasonCode.OUT_OF_DISTRIBUTION)


def answer(flagged: tuple[Label, ...] = (), uncertain: tuple[Label, ...] = ()) -> Prediction:
    identity = ModelIdentity("model", "1", "0" * 64)
    scores = dict.fromkeys(LABELS, 0.1)
    return Prediction(identity, scores, np.full((1, 6), 0.1, np.float32), flagged=flagged, uncertain=uncertain)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (answer(), Decision.UNCERTAIN),
        (answer(uncertain=(Label.SUBDURAL, Label.ANY)), Decision.UNCERTAIN),
        (answer(flagged=(Label.ANY,)), Decision.FLAGGED),
    ],
)
def test_a_doubted_answer_is_never_not_flagged(before: Prediction, after: Decision) -> None:
    doubted = before.doubted(CAUTION)
    assert (doubted.decision, doubted.cautions) == (after, (CAUTION,))
    assert set(before.flagged) <= set(doubted.flagged)


def test_an_answer_without_cautions_is_itself() -> None:
    before = answer()
    assert before.doubted() is before
