"""The learning rate over the steps of a fit."""

from triage_node.models import keras

# Share of the peak that the warm-up begins with.
FIRST_SHARE = 0.02


def learning_rate_schedule(
    peak: float, steps: int, warm_up: int, last_share: float
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return a rate that rises in a straight line and falls as a cosine.

    Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts (2017), without the restarts.

    Parameters
    ----------
    peak
        Rate after the warm-up.
    steps
        Steps of the fit, those of the warm-up among them.
    warm_up
        Steps over which the rate rises.
    last_share
        Share of the peak at the last step; 1 lets the rate stay.
    """
    return keras.optimizers.schedules.CosineDecay(
        peak * FIRST_SHARE, max(steps - warm_up, 1), alpha=last_share, warmup_target=peak, warmup_steps=warm_up
    )
