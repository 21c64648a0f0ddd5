"""Karpenter's objects."""
