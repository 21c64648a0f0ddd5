"""Replaying a policy in rolling time: what it would have decided knowing only the past, and what that
would have cost beside every baseline and the clairvoyant optimum.

Read in the order of the flow: `market` and `carbon` (prices, emissions), `dispatch` (what serves each
hour), `replay` (what each constant level would have cost so far), `model` (settings, what a decision may
see, results), `baselines` and `planner` (the policies), `run` (the replay itself), `fans` (the forecasts
on the way), `pooling` (several series), `document` (plain data), `report` (one HTML file). `provisioning`
and `frontiers` replay another decision, hour-ahead capacity, beside autoscalers; `ahead` puts a backtest's
series to them.
"""
