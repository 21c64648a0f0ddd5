"""The models behind the forecaster's one interface.

`Mstl` is the library's (statsforecast: multiple seasonal-trend decomposition, exponential smoothing
of what is left). `SeasonalQuantiles` needs no library and no long history: what the same hours of
the recent days were.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from trimtab.errors import EngineError
from trimtab.forecast.model import HOURS_PER_DAY, HOURS_PER_WEEK, LEVELS, Array, Backend

MEMORY_HOURS = 8 * HOURS_PER_WEEK
"""What a model sees: eight weeks hold every season that capacity plans use, and older levels
mislead more than they teach."""


@dataclass(frozen=True)
class SeasonalQuantiles(Backend):
    """Empirical quantiles of the same hour of the day and its two neighbours over recent days.

    Robust: no parameters are fitted, so it holds for short, constant and intermittent series.
    """

    days: int = 14

    @property
    def name(self) -> str:
        return f"seasonal quantiles, {self.days} d"

    def quantiles(self, history: Array, hours: int) -> Array:
        days = min(self.days, len(history) // HOURS_PER_DAY)
        recent = history[-days * HOURS_PER_DAY :].reshape(days, HOURS_PER_DAY)
        # Column k is the hour of the day that lies k hours after the end of the history.
        around = np.concatenate([np.roll(recent, shift, axis=1) for shift in (-1, 0, 1)])
        by_hour = np.quantile(around, LEVELS, axis=0)
        ahead: Array = by_hour[:, np.arange(hours) % HOURS_PER_DAY]
        return ahead


@dataclass(frozen=True)
class Mstl(Backend):
    """statsforecast's MSTL with an exponential-smoothing trend; Gaussian raw quantiles.

    Attributes:
        seasons: season lengths in hours.
    """

    seasons: tuple[int, ...] = (HOURS_PER_DAY, HOURS_PER_WEEK)

    @property
    def name(self) -> str:
        return f"statsforecast MSTL {'+'.join(map(str, self.seasons))} h"

    def quantiles(self, history: Array, hours: int) -> Array:
        models = statsforecast_models()
        model = models.MSTL(
            season_length=list(self.seasons), trend_forecaster=models.AutoETS(model="ZZN")
        )
        result = model.forecast(y=history[-MEMORY_HOURS:], h=hours, level=[80])
        mean = np.asarray(result["mean"], dtype=np.float64)
        spread = np.asarray(result["hi-80"], dtype=np.float64) - mean
        sigma = spread / NormalDist().inv_cdf(0.9)
        z = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
        raw: Array = np.maximum(mean + z[:, None] * np.maximum(sigma, 0.0), 0.0)
        return raw


def statsforecast_models() -> Any:
    """The library's models; importing them takes seconds, so nothing else does.

    Raises:
        EngineError: the extra is not installed.
    """
    try:
        from statsforecast import models
    except ImportError as error:
        raise EngineError(
            f"the forecasting library is missing ({error.name})",
            mend="install it with: pip install 'trimtab[statsforecast]'",
        ) from None
    return models
