"""Composes whole clusters: what stands around the node groups that the capacity function sizes."""
