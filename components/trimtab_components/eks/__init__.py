"""Clusters on EKS: network, control plane and node groups."""
