"""Point forecasts of the families, from the states at any origins to any hours ahead."""

import numpy as np

from trimtab.forecast.horizon import Horizon
from trimtab.forecast.model import HOURS_PER_DAY, HOURS_PER_WEEK, Floats
from trimtab.forecast.states import RATES, States

NAMES = ("fast level", "reverting level", "theta", "weekly", "week ago")
REVERSION_HOURS = 12
DAMPING = 0.99
"""Per hour: a trend carried on reaches a hundred hours' worth at most."""
THETA = 0.5
"""The Theta method adds half the slope to a smoothed level (Assimakopoulos & Nikolopoulos 2000)."""


def points(state: States, ahead: Horizon) -> Floats:
    """Point forecasts.

    Args:
        state: at J origins of N series.
        ahead: P hours ahead.

    Returns:
        Shape (N, J, len(NAMES), P), not below zero.
    """
    hours = ahead.ahead
    fast, middle, slow = (state.levels[:, :, RATES.index(rate)] for rate in (0.3, 0.1, 0.03))
    daily = state.daily[:, :, (hours - 1) % HOURS_PER_DAY]
    weekly = state.weekly[:, :, (hours - 1) % HOURS_PER_WEEK]
    reverting = 0.5 ** (hours / REVERSION_HOURS)
    damped = np.cumsum(DAMPING ** np.arange(int(hours[-1])))[hours - 1]
    out = np.empty((*state.last.shape, len(NAMES), len(hours)))
    out[:, :, 0] = fast[..., None]
    out[:, :, 1] = slow[..., None] + (state.last - slow)[..., None] * reverting
    out[:, :, 2] = middle[..., None] + THETA * state.slope[..., None] * damped
    out[:, :, 3] = (slow + state.week)[..., None] / 2 + weekly
    out[:, :, :4] += daily[:, :, None, :]
    ago = state.ago[:, :, (hours - 1) % HOURS_PER_WEEK]
    out[:, :, 4] = np.where(np.isnan(ago), out[:, :, 3], ago)
    return np.maximum(out, 0.0, out=out)
