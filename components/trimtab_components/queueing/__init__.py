"""Queues of work in a cluster, with quotas from its plan."""
