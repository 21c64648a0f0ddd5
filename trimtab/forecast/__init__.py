"""Probabilistic forecasts of demand: quantiles per hour, calibrated on the series' own past.

`model` holds the types, `backends` the models behind one interface, `conformal` the calibration, and
`forecaster` chooses, calibrates and measures. Libraries are imported only when a forecast is made.
"""
