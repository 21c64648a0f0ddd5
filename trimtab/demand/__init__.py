"""Demand series: how much of a unit a workload wanted at each step, met or not."""
