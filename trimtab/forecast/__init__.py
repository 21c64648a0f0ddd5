"""Probabilistic forecasts of demand: quantiles per hour, calibrated on each series' own past.

`model` holds the types. `fleet` forecasts many series at once and `forecaster` one; `chunk` is the
work on some of them: `states`, `points` and `families` say what each family of models expects,
`combine` weighs them, `tracker` calibrates, `priors` starts what is new. `changepoints` and
`censoring` say what of a history to believe. `backends` holds other models behind the same interface;
their libraries are imported only when they forecast.
"""
