"""Karpenter: what a plan asks of it."""
