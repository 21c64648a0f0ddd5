"""Telemetry in a cluster, with the plan in it."""
