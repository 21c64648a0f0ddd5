"""MicroK8s at the edge: its launch configuration and what is run on its machines."""
