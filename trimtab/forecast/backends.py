"""Backends beside the default: the library that it is measured against.

statsforecast fits one series at a time; it is an optional extra and imported only when it forecasts.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from trimtab.errors import EngineError
from trimtab.forecast.model import HOURS_PER_DAY, HOURS_PER_WEEK, LEVELS, Backend, Floats

MEMORY_HOURS = 8 * HOURS_PER_WEEK
Model = Literal["MSTL", "AutoETS", "DynamicOptimizedTheta", "SeasonalNaive 24", "SeasonalNaive 168"]
MODELS: tuple[Model, ...] = get_args(Model)
INTERVALS = (98, 95, 90, 80, 70, 60, 50, 40, 30, 20, 10)
"""The library's central intervals, in percent: with the mean they are LEVELS, outermost first."""


@dataclass(frozen=True)
class Statsforecast(Backend):
    """A model of statsforecast's, one series at a time.

    Attributes:
        model: which; seasons of which a series doesn't hold two are left out.
    """

    model: Model = "MSTL"

    @property
    def name(self) -> str:
        return f"statsforecast {self.model}"

    def quantiles(self, history: Floats, hours: int) -> Floats:
        library = _models()
        return np.stack([self._one(row[~np.isnan(row)], hours, library) for row in history])

    def _one(self, history: Floats, hours: int, library: Any) -> Floats:
        recent = history[-MEMORY_HOURS:]
        if np.ptp(recent) == 0:  # the library's fits divide by the variance
            return np.full((len(LEVELS), hours), recent[-1])
        result = self._fitted(len(recent), library).forecast(
            y=recent, h=hours, level=list(INTERVALS)
        )
        below = [result[f"lo-{width}"] for width in INTERVALS]
        above = [result[f"hi-{width}"] for width in reversed(INTERVALS)]
        raw = np.array([*below, result["mean"], *above], dtype=np.float64)
        rising: Floats = np.sort(np.maximum(raw, 0.0), axis=0)
        return rising

    def _fitted(self, length: int, library: Any) -> Any:
        seasons = [s for s in (HOURS_PER_DAY, HOURS_PER_WEEK) if length >= 2 * s] or [1]
        match self.model:
            case "MSTL":
                trend = library.AutoETS(model="ZZN")
                return (
                    trend
                    if seasons == [1]
                    else library.MSTL(season_length=seasons, trend_forecaster=trend)
                )
            case "AutoETS":
                return library.AutoETS(season_length=seasons[0])
            case "DynamicOptimizedTheta":
                return library.DynamicOptimizedTheta(season_length=seasons[0])
            case "SeasonalNaive 24":
                return library.SeasonalNaive(season_length=seasons[0])
            case "SeasonalNaive 168":
                whole = length >= HOURS_PER_WEEK  # one week is enough to repeat
                return library.SeasonalNaive(season_length=HOURS_PER_WEEK if whole else seasons[0])


def _models() -> Any:
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
