"""The decision: from forecast, workloads, offers and what is there to a CapacityPlan.

In the order the data flows: `request` (what is asked, with every assumption stated), `present` (what
runs), `histories` and `forecasting` (all pools' demand), `supply` and `sites` (which offers can serve a
pool, and the best site), `allocation` and `holdings` (what is held, and who uses it), `economics` (what a
mix costs, and the commitment level in closed form), `commitment` (candidate rules replayed on the
history), `commitment_cap` and `joint` (limits over all pools), `windows` (sizes), `guardrails` (what holds
them back), `expected` (cost, carbon and shortage to expect), `groups`, `proposals` and `pool` (a pool's
part), `record` (the evidence), `planner` (the document). `approved` reads approvals beside the plan before;
`policy` and `provisioning` are rules that the backtest replays.
"""
