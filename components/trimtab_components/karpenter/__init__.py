"""Karpenter: its controller, and what a plan asks of it."""
