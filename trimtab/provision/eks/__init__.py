"""EKS node groups."""
