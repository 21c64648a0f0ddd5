"""A plan's groups on Google Kubernetes Engine."""
