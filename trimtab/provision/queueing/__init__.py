"""Kueue's objects from a capacity plan: flavors, quotas, queues, cohorts and the clusters behind them."""
