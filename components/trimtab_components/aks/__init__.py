"""A plan's groups on Azure Kubernetes Service."""
