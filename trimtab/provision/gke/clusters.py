"""What every GKE cluster that Trimtab makes has alike.

Pure. Source: GKE documentation, "Use least privilege IAM service accounts" and "VPC-native clusters",
2026-11.
"""

DEFAULT_CIDR = "10.0.0.0/20"
"""Of nodes, where the network is made for the cluster."""
DEFAULT_PODS_CIDR = "10.64.0.0/12"
DEFAULT_SERVICES_CIDR = "10.80.0.0/20"
PODS_RANGE, SERVICES_RANGE = "pods", "services"
"""Names of the subnetwork's secondary ranges."""
NODE_ROLES = ("roles/container.defaultNodeServiceAccount", "roles/artifactregistry.reader")
"""What a node needs: to send its logs and metrics, and to pull images."""
MAX_ACCOUNT_ID = 30
"""Letters of a service account's id."""
