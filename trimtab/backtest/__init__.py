"""Replaying a policy in rolling time: what it would have decided knowing only the past, and what that
would have cost beside every baseline and the clairvoyant optimum.

Read in the order of the flow: `model` (settings, what a decision may see, results), `replay` (what each
constant level would have cost so far), `baselines` and `planner` (the policies), `dispatch` (what serves
each hour), `run` (the replay itself), `fans` (the forecasts on the way), `document` (plain data).
"""
