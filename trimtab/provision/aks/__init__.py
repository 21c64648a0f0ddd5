"""AKS node pools."""
