"""The decision: from forecast, workloads and offers to a CapacityPlan.

In the order the data flows: `request` (what is asked, with every assumption stated), `supply` (which
offers can serve a pool, and the best at each site), `economics` (what a mix costs, and the commitment
level in closed form), `commitment` (candidate rules replayed on the history), `windows` (sizes),
`expected` (cost, carbon and shortage to expect), `pool` (a pool's groups), `planner` (the document).
"""
